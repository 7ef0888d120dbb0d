// The activation functions that a configuration may name, built from GGML's operations in F32.
#pragma once

#include "base/error.h"
#include "ggml.h"

namespace clvp {

/// Applies an activation to each number of a contiguous tensor. May reuse the tensor's memory.
using Activation = ggml_tensor * (*)(ggml_context * ctx, ggml_tensor * x);

/// Finds an activation by its name in transformers. Throws unsupported with the list of known names.
Activation find_activation(const std::string & name);

} // namespace clvp
