#include "gguf/finite.h"

#include "base/error.h"

#include <cstring>

namespace clvp {

namespace {

/// Offsets of the half-precision scales in a quantized block. If the scales are finite, so are the block's weights.
struct Scales {
    ggml_type type;
    size_t at, n;
};
constexpr Scales scales[] = { { GGML_TYPE_Q8_0, 0, 1 },   { GGML_TYPE_Q4_0, 0, 1 }, { GGML_TYPE_Q5_0, 0, 1 }, { GGML_TYPE_IQ4_NL, 0, 1 },
                              { GGML_TYPE_Q6_K, 208, 1 }, { GGML_TYPE_Q5_K, 0, 2 }, { GGML_TYPE_Q4_K, 0, 2 } };

/// Checks the floating-point number at every `step` bytes. NaN and infinity have all exponent bits set.
template <typename Bits> bool all_below(Bits exponent, const uint8_t * data, size_t n, size_t step) {
    Bits found = 0;
    for (size_t i = 0; i < n; i++) {
        Bits bits;
        memcpy(&bits, data + i * step, sizeof bits);
        found |= Bits((bits & exponent) == exponent);
    }
    return found == 0;
}

} // namespace

bool all_finite(ggml_type type, const uint8_t * data, size_t n_bytes) {
    switch (type) {
    case GGML_TYPE_F32: return all_below<uint32_t>(0x7f800000, data, n_bytes / 4, 4);
    case GGML_TYPE_F16: return all_below<uint16_t>(0x7c00, data, n_bytes / 2, 2);
    case GGML_TYPE_BF16: return all_below<uint16_t>(0x7f80, data, n_bytes / 2, 2);
    default: break;
    }
    const size_t size = ggml_type_size(type);
    for (const Scales & each : scales) {
        if (each.type == type) {
            return all_below<uint16_t>(0x7c00, data + each.at, n_bytes / size, size) &&
                   (each.n == 1 || all_below<uint16_t>(0x7c00, data + each.at + 2, n_bytes / size, size));
        }
    }
    fail(Code::unsupported, "weights of type %s are not supported", ggml_type_name(type));
}

} // namespace clvp
