// Gaussian noise that depends on nothing but a seed, what it is for, and a place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clvp {

/// What noise is for: each purpose has numbers of its own.
enum class Noise : uint64_t { start = 1, step = 2, vocoder = 3, decoder_voice = 4, diffusion_voice = 5 };

/// Normal numbers first .. first+n-1 of this seed, purpose and step (below 2^24), by Philox and the method of Box and Muller.
std::vector<float> gaussian(uint64_t seed, Noise purpose, uint32_t step, uint64_t first, size_t n);

} // namespace clvp
