#include "base/hash.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace clvp {

namespace {

constexpr uint64_t prime1 = 0x9e3779b185ebca87, prime2 = 0xc2b2ae3d27d4eb4f, prime3 = 0x165667b19e3779f9;
constexpr uint64_t prime4 = 0x85ebca77c2b2ae63, prime5 = 0x27d4eb2f165667c5;

uint64_t rotated(uint64_t x, int n) { return (x << n) | (x >> (64 - n)); }

// Little-endian, as are all supported machines.
template <typename T> uint64_t word(const unsigned char * from) {
    T value;
    memcpy(&value, from, sizeof value);
    return value;
}

uint64_t mixed(uint64_t lane, uint64_t input) { return rotated(lane + input * prime2, 31) * prime1; }

} // namespace

void Hash::update(const void * data, size_t n) {
    const unsigned char * from = static_cast<const unsigned char *>(data);
    while (n > 0) {
        const size_t held = size_t(n_bytes_ % stripe);
        if (held > 0 || n < stripe) {
            const size_t some = std::min(n, stripe - held);
            memcpy(pending_ + held, from, some);
            from += some;
            n -= some;
            n_bytes_ += some;
            if (held + some == stripe) {
                for (int i = 0; i < 4; i++) {
                    lanes_[i] = mixed(lanes_[i], word<uint64_t>(pending_ + 8 * i));
                }
            }
            continue;
        }
        const size_t whole = n / stripe * stripe;
        uint64_t a = lanes_[0], b = lanes_[1], c = lanes_[2], d = lanes_[3]; // local copies stay in registers
        for (const unsigned char * end = from + whole; from != end; from += stripe) {
            a = mixed(a, word<uint64_t>(from));
            b = mixed(b, word<uint64_t>(from + 8));
            c = mixed(c, word<uint64_t>(from + 16));
            d = mixed(d, word<uint64_t>(from + 24));
        }
        lanes_[0] = a, lanes_[1] = b, lanes_[2] = c, lanes_[3] = d;
        n -= whole;
        n_bytes_ += whole;
    }
}

uint64_t Hash::value() const {
    uint64_t h = prime5;
    if (n_bytes_ >= stripe) {
        h = rotated(lanes_[0], 1) + rotated(lanes_[1], 7) + rotated(lanes_[2], 12) + rotated(lanes_[3], 18);
        for (const uint64_t lane : lanes_) {
            h = (h ^ mixed(0, lane)) * prime1 + prime4;
        }
    }
    h += n_bytes_;
    const unsigned char * from = pending_;
    const unsigned char * end = pending_ + n_bytes_ % stripe;
    for (; end - from >= 8; from += 8) {
        h = rotated(h ^ mixed(0, word<uint64_t>(from)), 27) * prime1 + prime4;
    }
    if (end - from >= 4) {
        h = rotated(h ^ (word<uint32_t>(from) * prime1), 23) * prime2 + prime3;
        from += 4;
    }
    for (; from != end; from++) {
        h = rotated(h ^ (*from * prime5), 11) * prime1;
    }
    h = (h ^ (h >> 33)) * prime2;
    h = (h ^ (h >> 29)) * prime3;
    return h ^ (h >> 32);
}

std::string Hash::text() const {
    char text[17];
    snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value()));
    return text;
}

} // namespace clvp
