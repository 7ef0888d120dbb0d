// Reads and writes the keys of a GGUF header, by a bounded reader of little-endian values.
#pragma once

#include "gguf/gguf_reader.h"

#include <memory>
#include <type_traits>

namespace clvp {

/// Reads consecutive values through a buffer. It never reads past the end and never allocates more than gguf_max_memory bytes.
class GgufReader {
public:
    GgufReader(const ByteSource & source, uint64_t n_bytes);

    uint64_t position() const { return position_; }

    void read(void * data, size_t n);

    template <typename T> T number() {
        // GGUF is little-endian, and so is every supported machine.
        T value;
        read(&value, sizeof value);
        return value;
    }

    std::string string(uint64_t max_size, const char * what);

    /// A string that is safe in messages and as a GGML name: printable ASCII.
    std::string name(uint64_t max_size, const char * what);

    /// Throws model_format if fewer than n bytes are left. Call before allocating n bytes.
    void need(uint64_t n) const;

    /// Counts the memory that a value will take. Throws model_format above the limit.
    void charge(uint64_t n);

private:
    void fill();

    const ByteSource & source_;
    const uint64_t end_;
    std::unique_ptr<char[]> buffer_;
    uint64_t position_ = 0; // of the next byte
    uint64_t start_ = 0;    // of the buffer
    uint64_t memory_ = 0;
    size_t filled_ = 0;
};

/// Reads n keys with their values.
Values read_values(GgufReader & reader, uint64_t n);

/// Appends a number's bytes.
template <typename T> void put(std::string & out, T value) {
    static_assert(std::is_arithmetic_v<T>);
    out.append(reinterpret_cast<const char *>(&value), sizeof value);
}

/// Copies values one by one. libstdc++'s own copy of such a variant, if it throws, destroys an object that was never constructed.
Values copied(const Values & values);

/// Appends keys with their values in the format of read_values(), sorted by key: equal values give equal bytes.
void put_values(std::string & out, const Values & values);

} // namespace clvp
