// How many threads compute, on a machine that other programs may want too.
#pragma once

#include <cstdint>

namespace clvp {

/// CPU time of the calling thread, in milliseconds; negative where the system does not tell.
double thread_cpu_ms();

/// GGML's threads wait for each other after every operation, so one thread whose core another program uses slows all of them. Where the
/// computing thread runs for much less time than passes, fewer threads are faster: measured beside as many busy processes as cores, one
/// thread of two took 0.65 to 0.75 of the time (docs/performance.md). The results do not depend on the number of threads.
class ThreadCount {
public:
    explicit ThreadCount(uint32_t most) : most_(most), now_(most) {}

    uint32_t most() const { return most_; }
    uint32_t now() const { return now_; }
    /// Counts a computation that took `wall_ms`, of which the thread that began it ran for `cpu_ms`.
    void count(double wall_ms, double cpu_ms);
    /// Stays at n threads for a while: no more could be started.
    void keep(uint32_t n);

private:
    const uint32_t most_;
    uint32_t now_;
    double wall_ms_ = 0, cpu_ms_ = 0; // since the last judgement
    uint32_t n_busy_ = 0;             // judgements in a row that found a busy machine
    uint32_t n_calm_ = 0;             // judgements in a row that found an idle machine
    uint32_t patience_ = 1;           // so many of them make the number grow; doubled each time that this fails
};

} // namespace clvp
