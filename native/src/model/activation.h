// The activations that a configuration may name, in F32 and of GGML's plain operations.
#pragma once

#include "base/error.h"
#include "ggml.h"

namespace clvp {

/// Applies an activation to each number of a contiguous tensor, whose memory it may take.
using Activation = ggml_tensor * (*)(ggml_context * ctx, ggml_tensor * x);

/// By transformers' name. Throws unsupported, naming those that are known.
Activation find_activation(const std::string & name);

} // namespace clvp
