// GGML's CPU kernels: built in, or libraries beside the program of which the best that the machine runs is loaded.
#pragma once

#include "clvp.h"

namespace clvp {

/// Throws unsupported where no kernels are loaded yet: all that computes comes by here first.
void require_kernels();

} // namespace clvp
