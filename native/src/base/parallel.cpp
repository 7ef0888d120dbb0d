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
        // Pieces are taken in order: whichever fails first, those below it have been taken and will be waited for.
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
        // No more threads are to be had, or no memory for one: the work takes longer.
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
