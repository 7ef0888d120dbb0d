// GGML's CPU kernels: built in, or libraries beside the program of which the best that the machine runs is loaded.
#pragma once

#include "clvp/types.h"

namespace clvp {

/// Throws unsupported where no kernels are loaded yet: all that computes comes by here first.
void require_kernels();

// What clvp.h calls load_kernels(), load_backend() and kernels().

void load_cpu_library(const std::string & folder, const std::string & variant);
void load_backend_library(const std::string & path);
Kernels cpu_library();

} // namespace clvp
