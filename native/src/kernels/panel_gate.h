// UnivNet's convolution with kernels that change from frame to frame, its gate and its residual, as one operation.
#pragma once

#include "ggml.h"

namespace clvp {

/// Kernels of a convolution of width 3 that has one for each frame of `hop` places, and their biases.
struct LocalKernels {
    ggml_tensor * kernel; // F32 [3*n, 2*n, n_frames], rows of 3*n numbers side by side
    ggml_tensor * bias;   // F32 [2*n, n_frames], rows side by side
};

/// Whether this CPU has the kernel for panel_gate().
bool has_panel_gate();
/// x + sigmoid(a) * tanh(b), where y [n, hop*n_frames] convolved gives [a, b]. x and the result are like y. For graphs on the CPU.
ggml_tensor * panel_gate(ggml_context * ctx, const LocalKernels & kernels, ggml_tensor * y, ggml_tensor * x);

} // namespace clvp
