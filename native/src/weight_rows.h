// Weights on their way into a file: rows of floats out of a caller's bytes, and whether a type can hold them.
#pragma once

#include "gguf_file.h"

namespace clvp {

/// A matrix in memory, at any address.
struct WeightRows {
    const char * data = nullptr;
    ggml_type type = GGML_TYPE_F32; // or F16, BF16
    uint64_t n_rows = 0, n_cols = 0;
    bool transposed = false; // stored as [n_cols, n_rows]

    /// Rows [first, first + n) as floats [n, n_cols].
    void load(uint64_t first, uint64_t n, float * to) const;
};

/// Throws model_format, naming the tensor, if one of the weights is NaN, infinite or beyond the tensor's type.
void check_weights(const std::vector<float> & weights, const GgufTensor & tensor);

} // namespace clvp
