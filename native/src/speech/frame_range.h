// Frames at one level of a network, and the part of a tensor that holds them.
#pragma once

#include "model/convolution.h"

#include <algorithm>

namespace clvp {

struct FrameRange {
    int64_t from, to;

    int64_t size() const { return to - from; }
    /// n frames more at each side, of n_all.
    FrameRange wider(int64_t n, int64_t n_all) const { return { std::max<int64_t>(from - n, 0), std::min(to + n, n_all) }; }
};

/// The frames of `wanted` out of x, which holds those of `has`; each frame is `rate` columns.
inline ggml_tensor * crop(ggml_context * ctx, ggml_tensor * x, const FrameRange & has, const FrameRange & wanted, int64_t rate = 1) {
    return wanted.from == has.from && wanted.to == has.to ? x : frames_of(ctx, x, (wanted.from - has.from) * rate, wanted.size() * rate);
}

} // namespace clvp
