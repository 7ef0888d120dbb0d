// Devices, CPU kernels and backend libraries of this machine.
#include "clvp.h"

#include "runtime/backend.h"
#include "runtime/cpu_library.h"

namespace clvp {

std::vector<Device> devices() { return guarded(list_devices); }

void load_kernels(const std::string & folder, const std::string & variant) { load_cpu_library(folder, variant); }

void load_backend(const std::string & path) { load_backend_library(path); }

Kernels kernels() { return cpu_library(); }

} // namespace clvp
