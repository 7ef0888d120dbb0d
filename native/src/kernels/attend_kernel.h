// The interface of the attention kernels. A query attends to the keys and values of its prefix and of its own row, which lie in
// separate pages.
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

/// The query of one head of one row.
struct Query {
    const float * q;    // [d_head]
    const Span * spans; // the prefix, then the row's own pages
    int n_spans;
    float * scores; // scratch space for all positions
    float * out;    // [d_head]
};

constexpr int max_queries = 4;

/// out = softmax(q . keys * scale) values, over the positions of all spans, for 1 to max_queries queries with the same prefix.
using AttendKernel = void (*)(const Query * queries, int n, int64_t d_head, float scale);

/// Converts n numbers to a cache's type. For Q8_0, n is a multiple of the block size.
using StoreKernel = void (*)(const float * x, int64_t n, void * out);

inline float to_float(float x) { return x; }
inline float to_float(int8_t x) { return static_cast<float>(x); }
inline float to_float(ggml_fp16_t x) { return ggml_fp16_to_fp32(x); }

} // namespace clvp
