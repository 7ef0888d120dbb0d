#include "base/random.h"

namespace clvp {

uint64_t philox(uint64_t key, uint64_t counter) {
    uint32_t x0 = static_cast<uint32_t>(counter), x1 = static_cast<uint32_t>(counter >> 32), x2 = 0, x3 = 0;
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = 0xD2511F53ull * x0, p1 = 0xCD9E8D57ull * x2;
        x0 = static_cast<uint32_t>(p1 >> 32) ^ x1 ^ k0;
        x2 = static_cast<uint32_t>(p0 >> 32) ^ x3 ^ k1;
        x1 = static_cast<uint32_t>(p1);
        x3 = static_cast<uint32_t>(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (static_cast<uint64_t>(x1) << 32) | x0;
}

double uniform(uint64_t key, uint64_t counter) { return static_cast<double>(philox(key, counter) >> 11) * 0x1.0p-53; }

uint64_t candidate_seed(uint64_t seed, uint32_t k) {
    constexpr uint64_t stream = 1ull << 63; // above all counters of draws
    return k == 0 ? seed : philox(seed, stream | k) >> 11;
}

} // namespace clvp
