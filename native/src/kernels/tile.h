// Products of quantized matrices by kernels of our own, where this CPU has one.
//
// A tile is 16 rows of a matrix. Their blocks of 32 columns lie side by side, so that one vector holds 4 columns of each of the
// 16 rows, and a step of the kernel multiplies all of them with 4 values of x. GGML's kernels take a row at a time, and pay for
// sums across a vector in every block. The bytes are the same, in another order; so is the arithmetic: x is rounded to
// 8 bits in blocks of 32, whole numbers are summed exactly, and blocks in F32 (docs/performance.md has what that gains).
#pragma once

#include "kernels/layers.h"
#include "kernels/tile_kernel.h"

#include <string>

namespace clvp {

/// Decides that the matrix lies in tiles, if this CPU has a kernel for its type. Before its memory is allocated.
void choose_tiles(ggml_tensor * matrix);
bool is_tiled(const ggml_tensor * matrix);

/// Bytes of the matrix in memory: a last tile that is not full takes as much as a full one.
size_t tiled_bytes(const ggml_tensor * matrix);
/// Lays rows of the file's format, from row `first` on, which is the first of a tile, into the matrix's memory.
void store_tiles(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows);

// Columns are what a product takes: x [32 * n, ...] in the form of tile_kernel.h's Columns, I8 [bytes, ...].

ggml_tensor * tile_round(ggml_context * ctx, ggml_tensor * x);
/// Of the normalised x. The norm must live until the graph has run.
ggml_tensor * tile_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x);

/// Columns of [n_in, ...] -> F32 [n_out, ...], with the layer's bias, and residual [n_out, ...] or null.
ggml_tensor * tile_product(ggml_context * ctx, const Linear & layer, ggml_tensor * columns, ggml_tensor * residual = nullptr);

/// The activation's kernel, or null where there is none: static.
const ActivationKernel * tile_activation(const std::string & name);
/// Columns of [n_in, ...] -> columns of act(up(x)) [n_ff, ...]; with twice as many rows than n_ff in `up`, values * act(gates).
ggml_tensor * tile_feed(ggml_context * ctx, const Linear & up, const ActivationKernel & act, int64_t n_ff, ggml_tensor * columns);

/// Does the node multiply a matrix in tiles, its first source, with columns, its second?
bool is_tile_product(const ggml_tensor * node);
/// What a row of columns stands for.
void expand(const uint8_t * column, int64_t n_in, float * out);

} // namespace clvp
