#include "weight_rows.h"

#include "check.h"

#include <cfloat>
#include <cmath>
#include <cstring>

namespace clvp {

namespace {

// n elements in a row. They are copied first: GGML's conversions want them aligned.
void to_floats(const WeightRows & source, uint64_t first, uint64_t n, float * to, std::vector<char> & aligned) {
    const size_t size = ggml_type_size(source.type);
    aligned.resize(n * size);
    memcpy(aligned.data(), source.data + first * size, n * size);
    if (source.type == GGML_TYPE_F32) {
        memcpy(to, aligned.data(), n * size);
    } else if (source.type == GGML_TYPE_F16) {
        ggml_fp16_to_fp32_row(reinterpret_cast<const ggml_fp16_t *>(aligned.data()), to, int64_t(n));
    } else {
        ggml_bf16_to_fp32_row(reinterpret_cast<const ggml_bf16_t *>(aligned.data()), to, int64_t(n));
    }
}

// Quantised blocks keep their scales in half precision.
float largest_weight(ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return FLT_MAX;
    case GGML_TYPE_BF16: return 0x1.fep127f;
    default: return 65504.0f;
    }
}

} // namespace

void WeightRows::load(uint64_t first, uint64_t n, float * to) const {
    std::vector<char> aligned;
    if (!transposed) {
        to_floats(*this, first * n_cols, n * n_cols, to, aligned);
        return;
    }
    std::vector<float> column(n);
    for (uint64_t c = 0; c < n_cols; c++) {
        to_floats(*this, c * n_rows + first, n, column.data(), aligned);
        for (uint64_t r = 0; r < n; r++) {
            to[r * n_cols + c] = column[r];
        }
    }
}

void check_weights(const std::vector<float> & weights, const GgufTensor & tensor) {
    const float largest = largest_weight(tensor.type);
    for (const float weight : weights) {
        if (!(std::abs(weight) <= largest)) { // so written, a NaN fails it
            fail(Code::model_format, "tensor '%s' holds a weight of %g, which %s cannot", tensor.name.c_str(), double(weight), type_to_name(tensor.type));
        }
    }
}

} // namespace clvp
