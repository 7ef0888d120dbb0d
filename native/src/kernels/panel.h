// Matrices of F32 and F16 in panels, for CPUs that have our kernels: convolutions over frames that copy no windows, and attention with a bias by
// distance that stores no table of all pairs.
//
// A panel is 16 rows of a matrix, transposed: one vector holds a column of each of the 16 rows. The products are the same sums as GGML's in
// another order, in F32 with weights of either type.
#pragma once

#include "kernels/layers.h"

namespace clvp {

/// Marks a matrix of F32 or F16 as stored in panels if this CPU has the kernel. Call before its memory is allocated.
void choose_panels(ggml_tensor * matrix);
bool is_panelled(const ggml_tensor * matrix);

/// Bytes of the matrix in memory. A partial last panel takes as much as a full one.
size_t panelled_bytes(const ggml_tensor * matrix);
/// Stores rows of its type into the matrix's memory, starting at row `first`.
void store_panels(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows);

/// How a convolution looks at frames: `width` of them, `dilation` apart, with `padding` frames of zeros beyond both ends; at every stride-th
/// place.
struct Window {
    int width = 1, dilation = 1, padding = 0, stride = 1;

    /// How often it fits.
    int64_t count(int64_t n_frames) const { return (n_frames + 2 * int64_t(padding) - int64_t(dilation) * (width - 1) - 1) / stride + 1; }
};

/// The windows of x [n_in, n_frames, n_batch] as rows, [width*n_in, count, n_batch]. For graphs on the CPU.
ggml_tensor * copy_windows(ggml_context * ctx, ggml_tensor * x, const Window & window);

/// x [n_in, n_frames, n_batch], weight [width*n_in, n_out] in panels -> [n_out, count, n_batch] with the bias, and with `residual` of that shape
/// added if it is not null. Stride 1 only.
ggml_tensor * panel_convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual = nullptr);

/// Kernels of a convolution of width 3 that has one for each frame of `hop` places, and their biases.
struct LocalKernels {
    ggml_tensor * kernel; // F32 [3*n, 2*n, n_frames], rows of 3*n numbers side by side
    ggml_tensor * bias;   // F32 [2*n, n_frames], rows side by side
};

/// Whether this CPU has the kernel for panel_gate().
bool has_panel_gate();
/// x + sigmoid(a) * tanh(b), where y [n, hop*n_frames] convolved gives [a, b]. x and the result are like y. For graphs on the CPU.
ggml_tensor * panel_gate(ggml_context * ctx, const LocalKernels & kernels, ggml_tensor * y, ggml_tensor * x);

/// Whether this CPU has the kernel for panel_attend().
bool has_panel_attention();
/// softmax(k^T q / sqrt(d_head) + bias) v. qkv is [3*n_embd, n_tokens, n_batch]; bias F32 [2*n_tokens - 1, n_head] holds the bias of each
/// head by distance, from keys n_tokens-1 before the query to those after it. -> [n_embd, n_tokens, n_batch]
ggml_tensor * panel_attend(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head, ggml_tensor * bias);

} // namespace clvp
