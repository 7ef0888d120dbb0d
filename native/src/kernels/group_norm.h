// Group norms over frames as one operation. GGML's needs the channels outermost: two copies, and one operation for each step behind it.
#pragma once

#include "kernels/layers.h"

namespace clvp {

/// What happens to a norm's result y.
struct Modulation {
    ggml_tensor * change = nullptr; // F32 [2*n]: y * (1 + the first n) + the others; or null
    bool silu = false;              // then SiLU
};

/// Whether this CPU has the kernel, and room for so many channels in a group.
bool has_group_norm(int64_t n_channels);
/// x [n_channels, n_frames, n_batch] -> the same shape. Channels c of a group are contiguous. For graphs on the CPU.
ggml_tensor * fused_group_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, int64_t n_group, const Modulation & modulation);

} // namespace clvp
