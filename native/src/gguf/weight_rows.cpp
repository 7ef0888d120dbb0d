#include "gguf/weight_rows.h"

#include "base/error.h"

#include <cfloat>
#include <cmath>
#include <cstring>

namespace clvp {

namespace {

// Quantized blocks store their scales in half precision.
float largest_weight(ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return FLT_MAX;
    case GGML_TYPE_BF16: return 0x1.fep127f;
    default: return 65504.0f;
    }
}

} // namespace

// Copies the blocks first: GGML's conversions need aligned memory.
void to_floats(ggml_type type, const char * data, uint64_t n, float * to) {
    const size_t size = ggml_row_size(type, int64_t(n));
    if (type == GGML_TYPE_F32) {
        memcpy(to, data, size);
        return;
    }
    thread_local std::vector<char> aligned;
    aligned.assign(data, data + size);
    ggml_get_type_traits(type)->to_float(aligned.data(), to, int64_t(n));
}

void WeightRows::load(uint64_t first, uint64_t n, float * to) const {
    if (!transposed) {
        to_floats(type, data + first * row_size(), n * n_cols, to);
        return;
    }
    std::vector<float> column(n);
    for (uint64_t c = 0; c < n_cols; c++) {
        to_floats(type, data + (c * n_rows + first) * ggml_type_size(type), n, column.data());
        for (uint64_t r = 0; r < n; r++) {
            to[r * n_cols + c] = column[r];
        }
    }
}

void check_weights(const std::vector<float> & weights, const GgufTensor & tensor, ggml_type from) {
    const float largest = from == tensor.type ? FLT_MAX : largest_weight(tensor.type);
    for (const float weight : weights) {
        if (!(std::abs(weight) <= largest)) { // negated, so that NaN fails too
            fail(Code::model_format, "tensor '%s' holds a weight of %g, which %s cannot represent", tensor.name.c_str(), double(weight),
                 type_to_name(tensor.type));
        }
    }
}

} // namespace clvp
