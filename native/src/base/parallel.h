// Runs pieces of work on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace clvp {

/// Runs work(0) to work(n - 1), each once, on this thread and up to n_threads - 1 others, or fewer if the system allows no more. The
/// pieces must be independent. If pieces fail, skips the remaining ones and throws the error of the failed piece with the lowest index,
/// so the error does not depend on the number of threads.
void parallel(uint32_t n_threads, size_t n, const std::function<void(size_t)> & work);

} // namespace clvp
