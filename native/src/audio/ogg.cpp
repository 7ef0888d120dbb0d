// Checks the pages of an Ogg file (RFC 3533) before the decoder sees them. Damaged, missing and truncated pages are errors
// here; stb_vorbis would skip them silently.
#include "audio/audio_sink.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace clvp {

void broken_ogg(const char * what) { fail(Code::audio, "the Ogg file is damaged: %s; fetch it again, or convert the intact part with ffmpeg", what); }

/// Ogg's checksum: CRC-32 with polynomial 0x04C11DB7, not reflected, from 0.
static std::array<uint32_t, 256> crc_table() {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i << 24;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc << 1 ^ (crc >> 31 ? 0x04C11DB7 : 0);
        }
        table[i] = crc;
    }
    return table;
}

static uint32_t page_crc(const uint8_t * page, size_t n_bytes) {
    static const std::array<uint32_t, 256> table = crc_table();
    uint32_t crc = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        const uint8_t byte = i >= 22 && i < 26 ? 0 : page[i]; // the checksum itself counts as zeros
        crc = crc << 8 ^ table[(crc >> 24 ^ byte) & 0xFF];
    }
    return crc;
}

struct Page {
    uint8_t flags = 0; // 1: continues a packet, 2: first page, 4: last page
    uint64_t granule = 0;
    uint32_t serial = 0, sequence = 0;
    uint32_t n_segments = 0;
    const uint8_t * segments = nullptr;
    const uint8_t * body = nullptr;
    size_t n_bytes = 0; // of header and body
};

static Page read_page(const uint8_t * data, size_t n_bytes) {
    if (n_bytes < 27 || n_bytes < size_t(27) + data[26]) {
        broken_ogg("it is cut off in a page header");
    }
    if (std::memcmp(data, "OggS", 4) != 0 || data[4] != 0) {
        broken_ogg("a page does not begin with 'OggS'");
    }
    Page page;
    page.flags = data[5];
    page.granule = read_le(data + 6, 8);
    page.serial = uint32_t(read_le(data + 14, 4));
    page.sequence = uint32_t(read_le(data + 18, 4));
    page.n_segments = data[26];
    page.segments = data + 27;
    page.body = data + 27 + page.n_segments;
    page.n_bytes = 27 + page.n_segments;
    for (uint32_t i = 0; i < page.n_segments; i++) {
        page.n_bytes += page.segments[i];
    }
    if (page.n_bytes > n_bytes) {
        broken_ogg("it is truncated in its last page");
    }
    if (page_crc(data, page.n_bytes) != read_le(data + 22, 4)) {
        broken_ogg("a page has a wrong checksum");
    }
    return page;
}

/// Appends the page's packets to the header packets until there are three.
static void collect_headers(const Page & page, bool & is_open, std::vector<std::vector<uint8_t>> & headers) {
    if (bool(page.flags & 1) != is_open) {
        broken_ogg("a packet is not continued where it should be");
    }
    const uint8_t * data = page.body;
    for (uint32_t i = 0; i < page.n_segments; data += page.segments[i], i++) {
        if (!is_open) {
            if (headers.size() == 3) {
                return;
            }
            headers.emplace_back();
        }
        headers.back().insert(headers.back().end(), data, data + page.segments[i]);
        is_open = page.segments[i] == 255;
    }
}

OggStream read_ogg(const uint8_t * data, size_t n_bytes, uint64_t n_wanted) {
    OggStream stream;
    bool is_open = false, is_last = false;
    uint64_t first_granule = UINT64_MAX;
    uint32_t serial = 0;
    for (uint32_t sequence = 0; !is_last; sequence++) {
        const Page page = read_page(data + stream.n_bytes, n_bytes - stream.n_bytes);
        serial = sequence == 0 ? page.serial : serial;
        if (page.serial != serial || bool(page.flags & 2) != (sequence == 0)) {
            fail(Code::audio, "an Ogg file with several streams is not supported: convert it to WAV, e.g. with ffmpeg");
        }
        if (page.sequence != sequence) {
            broken_ogg("pages are missing");
        }
        stream.n_bytes += page.n_bytes;
        if (stream.headers.size() < 3 || is_open) {
            collect_headers(page, is_open, stream.headers);
        } else if (page.granule != UINT64_MAX) { // -1 means that no packet ends on the page
            first_granule = std::min(first_granule, page.granule);
            if (page.granule - first_granule >= n_wanted) {
                break;
            }
        }
        is_last = page.flags & 4;
        if (!is_last && stream.n_bytes == n_bytes) {
            broken_ogg("it is truncated: its last page is missing");
        }
    }
    if (stream.headers.size() < 3 || is_open || stream.headers[1].size() < 7 || stream.headers[2].size() < 7) {
        broken_ogg("its headers are incomplete");
    }
    return stream;
}

} // namespace clvp
