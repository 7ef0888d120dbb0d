// Noise to multiply, and the distance of products from sums in double precision.
#pragma once

#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace test {

/// Numbers between -1 and 1.
inline std::vector<float> noise(int64_t n, uint64_t seed) {
    std::vector<float> values(static_cast<size_t>(n));
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<float>(clvp::uniform(seed, i)) * 2.0f - 1.0f;
    }
    return values;
}

inline double largest_difference(const std::vector<float> & found, const std::vector<double> & expected) {
    double most = found.size() == expected.size() ? 0 : 1e9;
    for (size_t i = 0; i < found.size() && i < expected.size(); i++) {
        most = std::max(most, std::fabs(static_cast<double>(found[i]) - expected[i]));
    }
    return most;
}

} // namespace test
