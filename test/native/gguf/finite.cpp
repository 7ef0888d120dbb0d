// NaN and infinite weights are found in every type, at any place in a block.
#include "gguf/finite.h"

#include "base/random.h"
#include "gguf/weight_rows.h"
#include "test.h"

#include <cstring>

using namespace clvp;

namespace {

constexpr uint64_t n_weights = 1024; // whole blocks of any type

std::vector<uint8_t> quantized(ggml_type type) {
    std::vector<float> weights(n_weights), importance(n_weights, 1.0f);
    for (uint64_t i = 0; i < n_weights; i++) {
        weights[i] = static_cast<float>(2 * uniform(7, i) - 1);
    }
    std::vector<uint8_t> bytes(ggml_row_size(type, n_weights));
    if (type == GGML_TYPE_F32) {
        memcpy(bytes.data(), weights.data(), bytes.size());
    } else {
        ggml_quantize_chunk(type, weights.data(), bytes.data(), 0, 1, n_weights, importance.data());
    }
    return bytes;
}

/// Checks the converted numbers.
bool are_finite(ggml_type type, const std::vector<uint8_t> & bytes) {
    std::vector<float> weights(n_weights);
    to_floats(type, reinterpret_cast<const char *>(bytes.data()), n_weights, weights.data());
    for (const float each : weights) {
        if (!std::isfinite(each)) {
            return false;
        }
    }
    return true;
}

} // namespace

TEST(weights_that_are_no_numbers_are_seen) {
    const ggml_type types[] = { GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q6_K,
                                GGML_TYPE_Q5_K, GGML_TYPE_Q5_0, GGML_TYPE_Q4_K, GGML_TYPE_Q4_0, GGML_TYPE_IQ4_NL };
    const uint16_t patterns[] = { 0x7c00, 0xfc01, 0x7f80, 0xff81, 0x7bff, 0x7f7f, 0xffff, 0 };
    for (const ggml_type type : types) {
        std::vector<uint8_t> bytes = quantized(type);
        CHECK(all_finite(type, bytes.data(), bytes.size()));
        bool equal = true;
        size_t n_bad = 0;
        for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
            for (const uint16_t pattern : patterns) {
                uint16_t kept;
                memcpy(&kept, bytes.data() + at, 2);
                memcpy(bytes.data() + at, &pattern, 2);
                const bool finite = are_finite(type, bytes);
                equal = equal && finite == all_finite(type, bytes.data(), bytes.size());
                n_bad += finite ? 0 : 1;
                memcpy(bytes.data() + at, &kept, 2);
            }
        }
        CHECK(equal);
        CHECK(n_bad > 0);
    }
}
