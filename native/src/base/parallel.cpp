#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace clvp {

void parallel(uint32_t n_threads, size_t n, const std::function<void(size_t)> & work) {
    std::atomic<size_t> next{ 0 };
    std::mutex mutex;
    std::exception_ptr error;
    size_t failed = n;
    const auto run = [&] {
        // Threads take pieces in order: when a piece fails, all lower ones have been taken, and they run to their end.
        for (size_t i = next++; i < n; i = next++) {
            try {
                work(i);
            } catch (...) {
                std::lock_guard<std::mutex> lock(mutex);
                if (i < failed) {
                    failed = i;
                    error = std::current_exception();
                }
                next = n;
            }
        }
    };
    const size_t n_others = std::max<size_t>(1, std::min<size_t>(n_threads, n)) - 1;
    std::vector<std::thread> threads;
    threads.reserve(n_others);
    try {
        for (size_t i = 0; i < n_others; i++) {
            threads.emplace_back(run);
        }
    } catch (const std::exception &) {
        // The system starts no more threads, or memory is short: the work takes longer.
    }
    run();
    for (std::thread & thread : threads) {
        thread.join();
    }
    if (error) {
        std::rethrow_exception(error);
    }
}

} // namespace clvp
