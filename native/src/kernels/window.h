// How convolutions look at frames.
#pragma once

#include "ggml.h"

namespace clvp {

/// How a convolution looks at frames: `width` of them, `dilation` apart, with `padding` frames of zeros beyond both ends; at every stride-th
/// place.
struct Window {
    int width = 1, dilation = 1, padding = 0, stride = 1;

    /// How often it fits.
    int64_t count(int64_t n_frames) const { return (n_frames + 2 * int64_t(padding) - int64_t(dilation) * (width - 1) - 1) / stride + 1; }
    /// The frame that a tap of window i sees; beyond either end there are zeros.
    int64_t frame(int64_t i, int tap) const { return i * stride + int64_t(tap) * dilation - padding; }
};

/// The windows of x [n_in, n_frames, n_batch] as rows, [width*n_in, count, n_batch]. For graphs on the CPU.
ggml_tensor * copy_windows(ggml_context * ctx, ggml_tensor * x, const Window & window);

/// A window as the pointer that GGML keeps for an operation: the loader bounds widths by 255 and dilations by 4,096. An operation whose stride is
/// 1 may keep another number up to 255 in its place.
void * pack_window(const Window & window, int stride);
Window unpack_window(const void * packed);

} // namespace clvp
