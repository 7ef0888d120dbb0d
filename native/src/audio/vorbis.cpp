// Decodes Ogg Vorbis with stb_vorbis, which trusts its input: in version 1.22 a comment length of -1 writes out of bounds
// (CVE-2023-45675 to -45682), and a codebook whose entries times dimensions overflow an int writes past its buffer.
// So every value that sizes an allocation is read and bounded here first, and stb_vorbis gets one fixed arena of memory.
// Format: the Vorbis I specification, sections 3.2.1 (codebooks) and 5.2.1 (comments).
#include "audio/audio_sink.h"

#define STB_VORBIS_HEADER_ONLY
#define STB_VORBIS_NO_PUSHDATA_API
#define STB_VORBIS_NO_STDIO
#define STB_VORBIS_NO_INTEGER_CONVERSION
#include "stb_vorbis.c"
#undef L
#undef C
#undef R

#include <algorithm>

namespace clvp {

// --- headers --------------------------------------------------------------------------------------------------

/// Bits of a Vorbis packet, least significant first.
struct BitReader {
    const std::vector<uint8_t> & bytes;
    uint64_t at = 0; // bit position

    void skip(uint64_t n) {
        at += n;
        if (at > uint64_t(bytes.size()) * 8) {
            broken_ogg("its codebooks end too early");
        }
    }
    uint32_t get(uint32_t n) {
        skip(n);
        uint32_t value = 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t bit = at - n + i;
            value |= uint32_t(bytes[bit / 8] >> (bit % 8) & 1) << i;
        }
        return value;
    }
};

/// Checks the packet's comments: a vendor string, a count, and that many strings.
static void check_comments(const std::vector<uint8_t> & packet) {
    if (packet.size() > 32 << 20) {
        broken_ogg("its comments take more than 32 MB");
    }
    size_t at = 7; // after the type and "vorbis"
    auto get32 = [&]() {
        if (packet.size() < at + 4) {
            broken_ogg("its comments end too early");
        }
        at += 4;
        return size_t(read_le(packet.data() + at - 4, 4));
    };
    auto skip_string = [&]() {
        const size_t length = get32();
        if (length > packet.size() - at) {
            broken_ogg("a comment is longer than its packet");
        }
        at += length;
    };
    skip_string();
    for (size_t left = get32(); left > 0; left--) {
        skip_string(); // consumes at least 4 bytes, so the packet bounds the count
    }
}

static uint32_t n_bits(uint32_t value) {
    uint32_t n = 0;
    for (; value > 0; value >>= 1) {
        n++;
    }
    return n;
}

/// The largest r with r^n_dims <= n_entries: the number of values in a lattice codebook.
static uint64_t lattice_values(uint64_t n_entries, uint32_t n_dims) {
    for (uint64_t r = 1;; r++) {
        uint64_t power = 1;
        for (uint32_t i = 0; i < n_dims && power <= n_entries; i++) {
            power *= r + 1;
        }
        if (power > n_entries) {
            return r;
        }
        if (n_dims > 24) { // 2^25 exceeds any n_entries, so only r = 1 is possible
            return r;
        }
    }
}

static void skip_code_lengths(BitReader & bits, uint32_t n_entries) {
    if (bits.get(1)) { // ordered: the number of entries of each length
        bits.skip(5);
        for (uint32_t i = 0, step = 0; i < n_entries; step++) {
            i += bits.get(n_bits(n_entries - i));
            if (i > n_entries || step > 32) {
                broken_ogg("a codebook has more codes than entries");
            }
        }
        return;
    }
    const bool is_sparse = bits.get(1);
    for (uint32_t i = 0; i < n_entries; i++) {
        if (!is_sparse || bits.get(1)) {
            bits.skip(5);
        }
    }
}

/// Checks the codebooks, which come first in the setup packet. Real encoders stay far below the bounds.
static void check_codebooks(const std::vector<uint8_t> & packet) {
    BitReader bits{ packet };
    bits.skip(7 * 8);
    uint64_t n_values = 0; // of all codebooks
    for (uint32_t left = bits.get(8) + 1; left > 0; left--) {
        if (bits.get(24) != 0x564342) {
            broken_ogg("a codebook does not begin with 'BCV'");
        }
        const uint32_t n_dims = bits.get(16), n_entries = bits.get(24);
        n_values += uint64_t(n_entries) * n_dims;
        if (n_dims == 0 || n_entries == 0 || n_values > 1 << 20) {
            broken_ogg("its codebooks have impossible sizes");
        }
        skip_code_lengths(bits, n_entries);
        const uint32_t lookup = bits.get(4);
        if (lookup > 2) {
            broken_ogg("a codebook has an unknown type");
        }
        if (lookup > 0) {
            bits.skip(32 + 32);
            const uint32_t value_bits = bits.get(4) + 1;
            bits.skip(1 + value_bits * (lookup == 1 ? lattice_values(n_entries, n_dims) : uint64_t(n_entries) * n_dims));
        }
    }
}

Audio decode_vorbis(const uint8_t * data, size_t n_bytes, AudioSink & sink) {
    if (n_bytes > INT32_MAX) {
        fail(Code::audio, "the Ogg Vorbis file is larger than 2 GB: cut it first");
    }
    if (n_bytes < 28 + 30) {
        broken_ogg("it is cut off in its first page");
    }
    const uint8_t * id = data + 28; // identification header: "\1vorbis", version, channels, rate
    if (id[11] > 2) {
        // stb_vorbis decodes 5.1 wrongly (github.com/nothings/stb/issues/879 and 1594): an error is better than noise.
        fail(Code::audio, "Ogg Vorbis with %u channels is not supported: mix it down, e.g. with ffmpeg -i in.ogg -ac 1 out.wav", id[11]);
    }
    sink.open(uint32_t(read_le(id + 12, 4)), id[11], 0);
    const OggStream stream = read_ogg(data, n_bytes, sink.n_wanted());
    check_comments(stream.headers[1]);
    check_codebooks(stream.headers[2]);

    // A comment takes 16 bytes for at least 4 bytes of the packet. The rest limits the memory for the other headers.
    const size_t n_arena = (size_t(24) << 20) + 6 * stream.headers[1].size();
    const std::unique_ptr<char[]> arena(new char[n_arena]);
    const stb_vorbis_alloc alloc = { arena.get(), int(n_arena) };
    int error = 0;
    stb_vorbis * vorbis = stb_vorbis_open_memory(data, int(stream.n_bytes), &error, &alloc); // allocates everything in the arena
    if (!vorbis) {
        fail(Code::audio, "the Ogg Vorbis file is damaged or has an unknown format (stb_vorbis error %d); convert it to WAV, e.g. with ffmpeg", error);
    }
    for (bool more = true; more;) {
        float ** planes = nullptr;
        int n_channels = 0;
        const int n_frames = stb_vorbis_get_frame_float(vorbis, &n_channels, &planes);
        more = n_frames > 0 && sink.push(planes, uint64_t(n_frames));
    }
    return sink.finish(0);
}

} // namespace clvp
