// Work in pieces on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace clvp {

/// Runs work(0) to work(n - 1), each once, on this thread and up to n_threads - 1 others; the pieces must not depend on each
/// other. Fewer threads do if the system gives no more. When pieces fail, the rest is left out and the error of the lowest
/// one is thrown, so that it does not depend on the number of threads.
void parallel(uint32_t n_threads, size_t n, const std::function<void(size_t)> & work);

} // namespace clvp
