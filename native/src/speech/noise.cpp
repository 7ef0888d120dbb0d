#include "speech/noise.h"

#include "base/random.h"

#include <cmath>

namespace clvp {

std::vector<float> gaussian(uint64_t seed, Noise purpose, uint32_t step, uint64_t first, size_t n) {
    constexpr double two_pi = 6.283185307179586;
    const uint64_t stream = (uint64_t(1) << 62) | (static_cast<uint64_t>(purpose) << 58) | (static_cast<uint64_t>(step) << 34); // above all counters of draws
    std::vector<float> numbers(n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = philox(seed, stream | (first + i));
        const double u = (static_cast<double>(bits >> 32) + 1) * 0x1.0p-32, angle = static_cast<double>(bits & 0xffffffff) * 0x1.0p-32; // u is not 0
        numbers[i] = static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(two_pi * angle));
    }
    return numbers;
}

} // namespace clvp
