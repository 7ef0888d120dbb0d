// GGUF files built by hand, so that they can be invalid in ways that the writer refuses.
#pragma once

#include "gguf/gguf_reader.h"

#include <cstring>

struct Bytes {
    std::string text;

    template <typename T> Bytes & put(T value) {
        text.append(reinterpret_cast<const char *>(&value), sizeof value);
        return *this;
    }
    Bytes & string(const std::string & value) {
        put<uint64_t>(value.size());
        text += value;
        return *this;
    }
    Bytes & preamble(uint64_t n_tensors, uint64_t n_keys, uint32_t version = 3, const char * magic = "GGUF") {
        text += magic;
        return put<uint32_t>(version).put<uint64_t>(n_tensors).put<uint64_t>(n_keys);
    }
    Bytes & key(const std::string & name, uint32_t type) { return string(name).put<uint32_t>(type); }
    Bytes & array(const std::string & name, uint32_t type, uint64_t n) { return key(name, clvp::gguf_array).put<uint32_t>(type).put<uint64_t>(n); }
    Bytes & tensor(const std::string & name, const std::vector<int64_t> & dims, uint64_t offset, uint32_t type = GGML_TYPE_F32) {
        string(name).put<uint32_t>(uint32_t(dims.size()));
        for (const int64_t n : dims) {
            put<int64_t>(n);
        }
        return put<uint32_t>(type).put<uint64_t>(offset);
    }
    Bytes & data(size_t n) {
        text.resize((text.size() + 31) / 32 * 32 + n);
        return *this;
    }
};

inline clvp::GgufHeader parse(const std::string & text) {
    // A copy of the exact size, so that AddressSanitizer sees a read past the end.
    const std::vector<char> bytes(text.begin(), text.end());
    return clvp::parse_gguf([&](uint64_t offset, void * data, size_t n) { memcpy(data, bytes.data() + offset, n); }, bytes.size());
}

/// A valid file with two tensors.
inline Bytes small_file() {
    Bytes b;
    b.preamble(2, 5);
    b.key("a.text", clvp::gguf_string).string("hello");
    b.key("a.number", clvp::gguf_u32).put<uint32_t>(7);
    b.key("a.switch", clvp::gguf_bool).put<uint8_t>(1);
    b.array("a.list", clvp::gguf_string, 2).string("x").string("");
    b.array("a.floats", clvp::gguf_f32, 2).put(1.5f).put(-2.0f);
    b.tensor("one", { 3, 2 }, 0).tensor("two", { 32 }, 32, GGML_TYPE_Q8_0);
    return b.data(32 + 34);
}
