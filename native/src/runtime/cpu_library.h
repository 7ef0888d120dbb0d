// GGML's CPU kernels: built in, or the best CPU library that the machine can run.
#pragma once

#include "clvp/model.h"

namespace clvp {

/// Throws unsupported if no kernels are loaded yet. Every computation calls this first.
void require_kernels();

// Implementations of load_kernels(), load_backend() and kernels() of clvp.h.

void load_cpu_library(const std::string & folder, const std::string & variant);
void load_backend_library(const std::string & path);
Kernels cpu_library();

} // namespace clvp
