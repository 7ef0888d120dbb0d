// Convolutions over frames whose weights lie in panels. They copy no windows. The sums are GGML's in another order, in F32.
#pragma once

#include "kernels/layers.h"
#include "kernels/window.h"

namespace clvp {

/// The end of a transposed convolution with two taps of `rate` frames. taps [2*rate*n_out, n_frames] holds for each frame its part of the `rate`
/// frames that begin at it, then its part of the next ones. -> their sums and the bias, [n_out, rate*n_frames], without the first (rate + 1) / 2
/// frames. For graphs on the CPU.
ggml_tensor * fold_taps(ggml_context * ctx, ggml_tensor * taps, ggml_tensor * bias, int64_t rate);

/// What happens to the sums of a convolution.
struct Epilogue {
    ggml_tensor * residual = nullptr; // added if not null; of the result's shape
    float slope = 1.0f;               // then a leaky ReLU: at most 2.55, in hundredths
    ggml_type type = GGML_TYPE_F32;   // of the result
};

/// x [n_in, n_frames, n_batch], weight [width*n_in, n_out] in panels -> [n_out, count, n_batch] with the bias. Stride 1 only. x is F32, or
/// panel_input() of the weight.
ggml_tensor * panel_convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, const Epilogue & epilogue = {});

/// The type in which a convolution takes x without converting it: BF16 for weights of BF16 on CPUs that multiply them, else F32.
ggml_type panel_input(const ggml_tensor * matrix);
/// A leaky ReLU of x, as F32 or rounded to BF16. Needs our kernels. GGML's own makes NaN 0.
ggml_tensor * panel_leaky(ggml_context * ctx, ggml_tensor * x, float slope, ggml_type type);

} // namespace clvp
