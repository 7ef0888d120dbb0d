// Products of quantized matrices by kernels of our own, where this CPU has one.
//
// A tile is 16 rows of a matrix. Their blocks of 32 columns lie side by side, so that one vector holds 4 columns of each of the
// 16 rows, and a step of the kernel multiplies all of them with 4 values of x. GGML's kernels take a row at a time, and pay for
// sums across a vector in every block. The bytes are the same, in another order; so is the arithmetic: x is rounded to
// 8 bits in blocks of 32, whole numbers are summed exactly, and blocks in F32 (docs/performance.md has what that gains).
#pragma once

#include "check.h"
#include "ggml-cpp.h"

namespace clvp {

/// Decides that the matrix lies in tiles, if this CPU has a kernel for its type. Before its memory is allocated.
void choose_tiles(ggml_tensor * matrix);
bool is_tiled(const ggml_tensor * matrix);

/// Bytes of the matrix in memory: a last tile that is not full takes as much as a full one.
size_t tiled_bytes(const ggml_tensor * matrix);
/// Lays rows of the file's format, from row `first` on, which is the first of a tile, into the matrix's memory.
void store_tiles(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows);

/// x [n_in, ...] -> [n_out, ...], with bias F32 [n_out] or null, for a matrix in tiles.
ggml_tensor * tile_product(ggml_context * ctx, ggml_tensor * matrix, ggml_tensor * bias, ggml_tensor * x);
/// The tiled matrix that node brings its first source into the form for; null for any other node.
const ggml_tensor * tiles_entered(const ggml_tensor * node);

} // namespace clvp
