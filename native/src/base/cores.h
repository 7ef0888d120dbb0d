// The default number of threads of a computation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace clvp {

/// Number of physical cores that this process may run on, limited by the CPU quota of its control groups; at least 1.
uint32_t default_threads();

/// Returns the text of a file; empty if there is no such file.
using ReadText = std::function<std::string(const std::string & path)>;

/// CPU quota of this process's control groups on Linux, in CPUs: the minimum over the group and its ancestors, in both versions of
/// control groups. Infinity if there is no limit.
double cpu_quota(const ReadText & read);

/// The number of cores, limited by the quota rounded up to whole CPUs.
uint32_t threads_for(uint32_t n_cores, double quota);

} // namespace clvp
