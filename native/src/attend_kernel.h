// One query against the keys and values of its prefix and its own row, which lie in several places: what the attention kernels agree on, and their one
// algorithm, written for vectors of any width.
#pragma once

#include "ggml.h"

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace clvp {

/// A block of GGML's Q8_0.
struct Q8Block {
    ggml_fp16_t scale;
    int8_t quants[32];
};

/// Keys and values of one head at n positions, both [d_head, n], F16, F32 or Q8_0.
struct Span {
    const void * keys;
    const void * values;
    int64_t n;
};

/// out [d_head] = softmax(q . keys * scale) values, over the positions of all spans. `scores` has room for all positions.
using AttendKernel = void (*)(const float * q, int64_t d_head, const Span * spans, int n_spans, float scale, float * scores, float * out);

inline float to_float(float x) { return x; }
inline float to_float(int8_t x) { return static_cast<float>(x); }
inline float to_float(ggml_fp16_t x) { return ggml_fp16_to_fp32(x); }

} // namespace clvp
