// How many threads a computation takes by default.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace clvp {

/// The physical cores that this process may run on, but no more than its control groups grant it time for; at least 1.
uint32_t default_threads();

/// A file's text; empty where there is none.
using ReadText = std::function<std::string(const std::string & path)>;

/// The CPU time that this process's control groups on Linux grant it, in CPUs: the least of the group and all above it, in both
/// versions of control groups. Infinity where nothing limits it.
double cpu_quota(const ReadText & read);

/// As many threads as have a core, and time to run: a part of a CPU's time counts as a whole one.
uint32_t threads_for(uint32_t n_cores, double quota);

} // namespace clvp
