// Products of quantized matrices by our own kernels, on CPUs that have one.
//
// A tile is 16 rows of a matrix. Their blocks of 32 columns lie side by side, so that one vector holds 4 columns of each of the
// 16 rows, and a step of the kernel multiplies all of them with 4 values of x. GGML's kernels take one row at a time, and need
// a sum across the vector in every block. A tile has the same bytes in another order, and the arithmetic is the same: x is rounded to
// 8 bits in blocks of 32, integers are summed exactly, and blocks are summed in F32 (docs/performance.md has the speedup).
#pragma once

#include "kernels/layers.h"
#include "kernels/tile_kernel.h"
#include "kernels/window.h"

#include <string>

namespace clvp {

/// Marks the matrix as tiled if this CPU has a kernel for its type. Call before its memory is allocated.
void choose_tiles(ggml_tensor * matrix);
bool is_tiled(const ggml_tensor * matrix);

/// Bytes of the matrix in memory. A partial last tile takes as much as a full one.
size_t tiled_bytes(const ggml_tensor * matrix);
/// Stores rows in the file's format into the matrix's memory, starting at row `first`, which is the first row of a tile.
void store_tiles(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows);

// Columns are the input of a product: x [32 * n, ...] in the form of tile_kernel.h's Columns, I8 [bytes, ...].

ggml_tensor * tile_round(ggml_context * ctx, ggml_tensor * x);
/// Columns of the windows of x [32 * n, n_frames, n_batch]: [width * 32 * n, count, n_batch].
ggml_tensor * tile_windows(ggml_context * ctx, ggml_tensor * x, const Window & window);
/// Columns of the normalised x. The norm must live until the graph has run.
ggml_tensor * tile_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x);

/// Columns of [n_in, ...] -> F32 [n_out, ...], with the layer's bias, and residual [n_out, ...] or null.
ggml_tensor * tile_product(ggml_context * ctx, const Linear & layer, ggml_tensor * columns, ggml_tensor * residual = nullptr);

/// The activation's kernel, a static object, or null if there is none.
const ActivationKernel * tile_activation(const std::string & name);
/// Columns of [n_in, ...] -> columns of act(up(x)) [n_ff, ...]; if `up` has 2 * n_ff rows, values * act(gates).
ggml_tensor * tile_feed(ggml_context * ctx, const Linear & up, const ActivationKernel & act, int64_t n_ff, ggml_tensor * columns);

/// True if the node multiplies a tiled matrix, its first source, with columns, its second.
bool is_tile_product(const ggml_tensor * node);
/// Converts one row of columns back to floats.
void expand(const uint8_t * column, int64_t n_in, float * out);

} // namespace clvp
