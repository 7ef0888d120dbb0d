// The parts of a layer that kernels work on.
#pragma once

#include "ggml.h"

namespace clvp {

struct Linear {
    ggml_tensor * weight = nullptr; // [n_in, n_out]
    ggml_tensor * bias = nullptr;   // F32 [n_out], or null
};

struct Norm {
    ggml_tensor * weight = nullptr; // F32 [n_embd]
    ggml_tensor * bias = nullptr;   // F32 [n_embd], or null for an RMS norm
    float eps = 1e-5f;              // torch's default
};

} // namespace clvp
