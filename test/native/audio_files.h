// Audio files for the tests of decode_audio(): WAV built in memory, and the files of test/fixtures/audio (see
// scripts/fixtures/audio.sh).
#pragma once

#include "test.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace test {

using Bytes = std::vector<uint8_t>;

inline void put(Bytes & bytes, uint64_t value, int n_bytes, bool big = false) {
    for (int i = 0; i < n_bytes; i++) {
        bytes.push_back(uint8_t(value >> 8 * (big ? n_bytes - 1 - i : i)));
    }
}

inline void put(Bytes & bytes, const char * text) { bytes.insert(bytes.end(), text, text + strlen(text)); }

struct Wav {
    uint16_t tag = 1, n_channels = 1, bits = 16;
    uint32_t rate = 22050;
    bool extensible = false, big = false, rf64 = false;
    Bytes data;

    Bytes file(int64_t declared = -1) const {
        const uint64_t size = declared < 0 ? data.size() : uint64_t(declared);
        Bytes out;
        put(out, rf64 ? "RF64" : big ? "RIFX" : "RIFF");
        put(out, rf64 ? 0xFFFFFFFF : uint32_t(36 + size), 4, big);
        put(out, "WAVE");
        if (rf64) {
            put(out, "ds64");
            put(out, 28, 4);
            put(out, 80 + size, 8);
            put(out, size, 8);
            put(out, 0, 8);
            put(out, 0, 4);
        }
        put(out, "fmt ");
        put(out, extensible ? 40 : 16, 4, big);
        put(out, extensible ? 0xFFFE : tag, 2, big);
        put(out, n_channels, 2, big);
        put(out, rate, 4, big);
        put(out, uint64_t(rate) * n_channels * bits / 8, 4, big);
        put(out, n_channels * bits / 8, 2, big);
        put(out, bits, 2, big);
        if (extensible) {
            put(out, 22, 2);
            put(out, bits, 2);
            put(out, 3, 4);
            put(out, tag, 2);
            const uint8_t guid[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 };
            out.insert(out.end(), guid, guid + 14);
        }
        put(out, "LIST"); // a chunk to skip
        put(out, 6, 4, big);
        put(out, "INFOab");
        put(out, "data");
        put(out, rf64 ? 0xFFFFFFFF : uint32_t(size), 4, big);
        out.insert(out.end(), data.begin(), data.end());
        return out;
    }
};

/// A copy of the exact size, so that AddressSanitizer sees a read past the end.
inline clvp::Audio decode(const Bytes & bytes, double max_seconds = 0) {
    const std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), copy.get());
    return clvp::decode_audio(copy.get(), bytes.size(), max_seconds);
}

inline std::string message(const Bytes & bytes) {
    try {
        decode(bytes);
    } catch (const clvp::Error & error) {
        return error.code == clvp::Code::audio ? error.what() : "another code";
    }
    return "";
}

inline bool contains(const std::string & text, const char * part) { return text.find(part) != std::string::npos; }

inline Bytes fixture(const char * name) {
    const auto path = std::filesystem::path(__FILE__).parent_path().parent_path() / "fixtures" / "audio" / name;
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline Wav s16(const std::vector<int16_t> & values) {
    Wav wav;
    for (const int16_t value : values) {
        put(wav.data, uint16_t(value), 2);
    }
    return wav;
}

template <typename T> uint64_t bits_of(T value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    return bits;
}

} // namespace test
