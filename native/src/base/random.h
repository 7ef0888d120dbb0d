// A counter-based random number generator: computes any draw independently of the others, on any thread, in any order.
#pragma once

#include <cstdint>

namespace clvp {

/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): 64 random bits from a key and a counter.
uint64_t philox(uint64_t key, uint64_t counter);

/// A number in [0, 1) with 53 random bits.
double uniform(uint64_t key, uint64_t counter);

/// The seed of candidate k of a call with `seed`. Candidate 0 has the call's own seed, so a call with candidate k's seed reproduces that
/// candidate alone. Below 2^53, so that JavaScript numbers can represent it.
uint64_t candidate_seed(uint64_t seed, uint32_t k);

} // namespace clvp
