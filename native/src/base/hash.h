// XXH64, the 64-bit hash of Yann Collet's xxHash specification: detects damage at memory speed. It does not protect against
// deliberate changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace clvp {

class Hash {
public:
    void update(const void * data, size_t n);
    uint64_t value() const;
    /// The value as 16 lower-case hexadecimal digits.
    std::string text() const;

private:
    static constexpr size_t stripe = 32;

    uint64_t lanes_[4] = { 0x60ea27eeadc0b5d6, 0xc2b2ae3d27d4eb4f, 0, 0x61c8864e7a143579 }; // of seed 0
    uint64_t n_bytes_ = 0;
    unsigned char pending_[stripe] = {}; // the last n_bytes_ % stripe bytes
};

} // namespace clvp
