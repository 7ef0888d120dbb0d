/*
 * Included before GGML's ggml-cpu.c (CMakeLists.txt). GGML's threads wait for each other after each operation, hundreds of times in
 * a graph, and spin meanwhile. On a busy machine the awaited thread may not be running, and the spinning thread then takes its time
 * slices. So a thread spins only as long as a wait takes on an idle machine, then sleeps in short naps. The awaited thread or other
 * programs get that time. docs/performance.md has the figures.
 */
#if defined(__GNUC__) && !defined(_WIN32)
#ifndef CLVP_BARRIER_H
#define CLVP_BARRIER_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

/*
 * ggml_barrier() has a local variable of this name that counts the barriers passed so far. Outside it the name refers to this
 * constant, and -1 means: no naps. A thread that polls for its next graph spins briefly (threadpool params, poll), then sleeps.
 */
#pragma GCC diagnostic ignored "-Wshadow"
static const int n_passed = -1;

static inline int64_t clvp_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return INT64_C(1000000000) * now.tv_sec + now.tv_nsec;
}

/* Called repeatedly while a thread waits at a barrier. */
static inline void clvp_wait(int barrier) {
    static const int64_t longest_spin_ns = 200000;
    static const struct timespec nap = { 0, 50000 };
    static __thread int64_t began_ns;
    static __thread unsigned n_spins;
    static __thread int last = -1;
    if (barrier != last) {
        last = barrier;
        n_spins = 0;
    }
    if (++n_spins % 64 != 0) { /* most waits are too short to be worth reading the clock */
        return;
    }
    if (n_spins % 1024 == 0) { /* some microseconds: JavaScript's own thread may want the core */
        sched_yield();
    }
    if (barrier == -1) {
        return;
    }
    if (n_spins == 64) {
        began_ns = clvp_now_ns();
    } else if (clvp_now_ns() - began_ns > longest_spin_ns) {
        nanosleep(&nap, NULL);
        n_spins = 127; /* the next call naps again */
    }
}

/* Renames GGML's definition of ggml_thread_cpu_relax(void) to clvp_relax_void(void). Each call becomes a call of that, then of our wait. */
#define ggml_thread_cpu_relax(parameters) clvp_relax_##parameters(parameters)
#define clvp_relax_(none) (clvp_relax_void(), clvp_wait(n_passed))

#endif
#endif
