// A counter-based generator: any draw can be had without the ones before it, on any thread, in any order.
#pragma once

#include <cstdint>

namespace clvp {

/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): 64 random bits of a key and a counter.
uint64_t philox(uint64_t key, uint64_t counter);

/// A number in [0, 1) with 53 random bits.
double uniform(uint64_t key, uint64_t counter);

/// The seed of candidate k of a call with `seed`: candidate 0 has the call's own, so that any candidate can be drawn again
/// alone. Below 2^53, for JavaScript's sake.
uint64_t candidate_seed(uint64_t seed, uint32_t k);

} // namespace clvp
