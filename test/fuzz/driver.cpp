// A fuzzer for any compiler: changes the seeds at random, a given number of times, always the same for the same number.
//
//     PROGRAM [-runs=10000] [-seed=1]
//
// The input at hand lies in crash-input while it runs, and is left there if the process dies.
#include "base/random.h"
#include "target.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace {

struct Dice {
    uint64_t seed, n = 0;

    uint64_t below(uint64_t bound) { return static_cast<uint64_t>(clvp::uniform(seed, n++) * static_cast<double>(bound)); }
};

/// Numbers that readers stumble over, little-endian.
const uint64_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 50, INT64_MAX, 1ull << 63, UINT64_MAX };

void change(std::string & bytes, Dice & dice) {
    const size_t at = dice.below(bytes.size() + 1), left = bytes.size() - at;
    switch (dice.below(7)) {
    case 0: bytes.resize(at); break; // cut
    case 1:                          // a bit
        if (left) {
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.below(8)));
        }
        break;
    case 2: // a byte
        if (left) {
            bytes[at] = static_cast<char>(dice.below(256));
        }
        break;
    case 3: { // an odd number over what is there
        const uint64_t value = odd[dice.below(sizeof odd / sizeof *odd)];
        const size_t width = size_t{ 1 } << dice.below(4);
        if (left >= width) {
            memcpy(bytes.data() + at, &value, width);
        }
        break;
    }
    case 4: bytes.erase(at, dice.below(32)); break;
    case 5: bytes.insert(at, bytes.substr(dice.below(bytes.size() + 1), dice.below(64))); break; // a piece twice
    case 6: {                                                                                    // a piece over another
        const std::string piece = bytes.substr(dice.below(bytes.size() + 1), dice.below(64));
        bytes.replace(at, piece.size(), piece);
        break;
    }
    }
}

} // namespace

int main(int argc, char ** argv) {
    uint64_t n_runs = 10000, seed = 1;
    for (int i = 1; i < argc; i++) {
        sscanf(argv[i], "-runs=%llu", reinterpret_cast<unsigned long long *>(&n_runs));
        sscanf(argv[i], "-seed=%llu", reinterpret_cast<unsigned long long *>(&seed));
    }
    const std::vector<std::string> seeds = fuzz::seeds();
    for (const std::string & each : seeds) {
        fuzz::run(reinterpret_cast<const uint8_t *>(each.data()), each.size());
    }
    for (uint64_t i = 0; i < n_runs; i++) {
        Dice dice{ seed + i };
        std::string bytes = seeds[dice.below(seeds.size())];
        for (uint64_t n = 1 + dice.below(8); n > 0; n--) {
            change(bytes, dice);
        }
        std::ofstream("crash-input", std::ios::binary) << bytes;
        const std::vector<uint8_t> exact(bytes.begin(), bytes.end()); // AddressSanitizer sees a read past the end
        fuzz::run(exact.data(), exact.size());
    }
    remove("crash-input");
    printf("%llu inputs, all survived\n", static_cast<unsigned long long>(n_runs));
}
