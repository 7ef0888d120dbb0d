// Converts a caller's bytes to rows of floats for the writer, and checks that a type can represent them.
#pragma once

#include "gguf/gguf_reader.h"

namespace clvp {

/// A matrix in memory, at any alignment.
struct WeightRows {
    const char * data = nullptr;
    ggml_type type = GGML_TYPE_F32; // a block type only if not transposed
    uint64_t n_rows = 0, n_cols = 0;
    bool transposed = false; // stored as [n_cols, n_rows]

    /// Rows [first, first + n) as floats [n, n_cols].
    void load(uint64_t first, uint64_t n, float * to) const;
    /// The size of a row that is not transposed.
    size_t row_size() const { return ggml_row_size(type, int64_t(n_cols)); }
};

/// Converts whole blocks of any weight type, at any alignment, to floats.
void to_floats(ggml_type type, const char * data, uint64_t n, float * to);

/// Throws model_format, naming the tensor, if a weight is NaN, infinite or beyond the range of the tensor's type. Data that already has
/// this type need only be finite.
void check_weights(const std::vector<float> & weights, const GgufTensor & tensor, ggml_type from);

} // namespace clvp
