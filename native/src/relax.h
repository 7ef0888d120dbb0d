/*
 * Included before GGML's CPU backend (CMakeLists.txt). GGML's threads wait for each other by spinning, hundreds of times a
 * graph. When other programs want the cores too, a thread that spins for one that is not running burns the very time slice
 * that the other needs: a step of 60 ms took 1,700 ms on a busy machine of two cores. So after some microseconds of
 * spinning the core is given away. docs/performance.md has the figures.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(_WIN32)
#ifndef CLVP_RELAX_H
#define CLVP_RELAX_H

#include <immintrin.h>
#include <sched.h>

static inline void clvp_relax(void) {
    static __thread unsigned n_spins;
    _mm_pause();
    if ((++n_spins & 1023) == 0) {
        sched_yield();
    }
}
#define _mm_pause clvp_relax

#endif
#endif
