// Group norms of rows of frames.
#pragma once

#include "kernels/group_norm.h"
#include "model/ops.h"

namespace clvp {

/// Normalises groups of channels over all frames of each sequence: x [n_channels, n_frames, n_batch], in group_count() groups.
ggml_tensor * group_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, const Modulation & modulation = {});

} // namespace clvp
