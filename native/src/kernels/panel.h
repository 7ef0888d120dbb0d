// Matrices of F32, F16 and BF16 in panels, for CPUs that have our kernels.
//
// A panel is 16 rows of a matrix, transposed: one vector holds a column of each of the 16 rows. In a panel of BF16 columns lie in pairs: two
// numbers of a row side by side. An incomplete last panel is filled with zeros.
#pragma once

#include "kernels/layers.h"

namespace clvp {

/// Marks a matrix as stored in panels if this CPU has the kernel for its type. Call before its memory is allocated.
void choose_panels(ggml_tensor * matrix);
bool is_panelled(const ggml_tensor * matrix);

int64_t n_panels(const ggml_tensor * matrix);
/// Bytes of the matrix in memory.
size_t panelled_bytes(const ggml_tensor * matrix);
/// Stores rows of its type into the matrix's memory, starting at row `first`.
void store_panels(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows);

} // namespace clvp
