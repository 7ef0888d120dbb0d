// Convolutions over frames [n_channels, n_frames, n_batch]: each frame's channels are contiguous.
#pragma once

#include "kernels/convolve.h"
#include "model/ops.h"

namespace clvp {

/// A window that keeps the number of frames.
constexpr Window same_window(int width, int dilation = 1, int stride = 1) { return { width, dilation, dilation * (width - 1) / 2, stride }; }

/// The windows of x [n_in, n_frames, n_batch] as rows, [width*n_in, count, n_batch].
ggml_tensor * windows(ggml_context * ctx, ggml_tensor * x, const Window & window, bool on_cpu);
/// Operations of a convolution, at most: one for each tap and each step of joining them on other devices than the CPU.
constexpr size_t convolution_nodes(int width) { return 2 * static_cast<size_t>(width) + 8; }
/// x [n_in, n_frames, n_batch] -> [n_out, count, n_batch]
ggml_tensor * convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window);
/// residual + convolve(x)
ggml_tensor * convolve_add(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual);
/// A leaky ReLU of x for the convolution `next`: in the type that its kernel takes, so that no operation has to convert it.
ggml_tensor * leaky(ggml_context * ctx, ggml_tensor * x, float slope, const Linear & next);
/// leaky(convolve(x)), as one operation where the layer has a kernel of ours. For `next`, or in F32 if it is null.
ggml_tensor * convolve_leaky(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, float slope, const Linear * next = nullptr);
/// Transposed convolution with a kernel of 2*rate and rate / 2, rounded up, frames cut at both ends: each frame becomes `rate` frames.
/// x [n_in, n_frames] -> [n_out, rate*n_frames]
ggml_tensor * upsample(ggml_context * ctx, const Linear & layer, ggml_tensor * x, int64_t rate);
/// `n` mirrored frames at both ends, as torch's padding_mode 'reflect'. x has more than n frames.
ggml_tensor * reflect(ggml_context * ctx, ggml_tensor * x, int64_t n);
/// Frames from .. from+n-1, as a view.
ggml_tensor * frames_of(ggml_context * ctx, ggml_tensor * x, int64_t from, int64_t n);

} // namespace clvp
