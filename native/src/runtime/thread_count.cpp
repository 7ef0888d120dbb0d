#include "runtime/thread_count.h"

#include <algorithm>

#ifndef _WIN32
#include <ctime>
#endif

namespace clvp {

namespace {

constexpr double window_ms = 40; // of one judgement: several time slices
/// Shares of the time in which the thread runs. With all threads on two cores it ran for 0.47 to 0.49 of the time beside one busy process,
/// for 0.22 to 0.5 beside two, and for 0.65 and more beside this process's own JavaScript: that comes and goes, and costs less than a
/// thread does.
constexpr double busy = 0.6, calm = 0.93;
constexpr uint32_t enough = 2;         // busy judgements in a row: this process's JavaScript causes one now and then
constexpr uint32_t most_patience = 64; // some seconds

} // namespace

double thread_cpu_ms() {
#ifdef _WIN32
    return -1; // its clock of threads ticks too slowly
#else
    timespec now;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0 ? 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec) : -1;
#endif
}

void ThreadCount::count(double wall_ms, double cpu_ms) {
    wall_ms_ += wall_ms;
    cpu_ms_ += cpu_ms;
    if (most_ == 1 || wall_ms_ < window_ms) {
        return;
    }
    const double share = cpu_ms_ / wall_ms_;
    wall_ms_ = cpu_ms_ = 0;
    const uint32_t step = std::max(1u, now_ / 4);
    n_busy_ = share < busy ? n_busy_ + 1 : 0;
    if (share < busy) {
        n_calm_ = 0;
        if (now_ > 1 && n_busy_ >= enough) {
            now_ -= std::min(step, now_ - 1);
            patience_ = std::min(2 * patience_, most_patience);
        }
    } else if (share < calm) {
        n_calm_ = 0;
    } else if (++n_calm_ >= patience_) {
        n_calm_ = 0;
        patience_ = now_ == most_ ? 1 : patience_;
        now_ = std::min(now_ + step, most_);
    }
}

void ThreadCount::keep(uint32_t n) {
    now_ = n;
    n_calm_ = 0;
    patience_ = most_patience;
}

} // namespace clvp
