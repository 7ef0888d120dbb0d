/*
 * Included before GGML's ggml-cpu.c (CMakeLists.txt). GGML's threads wait for each other behind each operation, hundreds of times a
 * graph, and spin meanwhile. On a busy machine the awaited thread may not be running, and then each turn of the spinning thread
 * takes a turn from it. So a thread spins for no longer than a wait on a quiet machine takes, and then sleeps in short naps, whose
 * time other programs or the awaited thread get. docs/performance.md has the figures.
 */
#if defined(__GNUC__) && !defined(_WIN32)
#ifndef CLVP_BARRIER_H
#define CLVP_BARRIER_H

#include <stdint.h>
#include <time.h>

/*
 * ggml_barrier() counts the barriers that were passed before in a variable of this name. Elsewhere the name means this one: a thread
 * that polls for its next graph goes on spinning. It does so for a short time only (threadpool params, poll), and then sleeps anyway.
 */
#pragma GCC diagnostic ignored "-Wshadow"
static const int n_passed = -1;

static inline int64_t clvp_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return INT64_C(1000000000) * now.tv_sec + now.tv_nsec;
}

/* Called again and again while a thread waits at a barrier. */
static inline void clvp_wait(int barrier) {
    static const int64_t longest_spin_ns = 200000;
    static const struct timespec nap = { 0, 50000 };
    static __thread int64_t began_ns;
    static __thread unsigned n_spins;
    static __thread int last = -1;
    if (barrier == -1) {
        return;
    }
    if (barrier != last) {
        last = barrier;
        n_spins = 0;
    }
    if (++n_spins % 64 != 0) { /* most waits are too short to look at the clock */
        return;
    }
    if (n_spins == 64) {
        began_ns = clvp_now_ns();
    } else if (clvp_now_ns() - began_ns > longest_spin_ns) {
        nanosleep(&nap, NULL);
        n_spins = 127; /* if that was not enough, the next nap follows at once */
    }
}

/* Where GGML defines ggml_thread_cpu_relax(void), it defines clvp_relax_void(void); where it calls it, that and our wait follow. */
#define ggml_thread_cpu_relax(parameters) clvp_relax_##parameters(parameters)
#define clvp_relax_(none) (clvp_relax_void(), clvp_wait(n_passed))

#endif
#endif
