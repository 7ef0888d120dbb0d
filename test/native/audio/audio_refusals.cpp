// decode_audio(): rejected input, with a message that says what was received and what to do.
#include "audio_files.h"

#include <random>

using namespace clvp;
using namespace test;

namespace {

/// Corrects the checksum of every Ogg page, so that damage gets past that check.
void repair_ogg(Bytes & bytes) {
    for (size_t at = 0; at + 27 <= bytes.size() && memcmp(&bytes[at], "OggS", 4) == 0;) {
        size_t n = 27 + bytes[at + 26];
        for (size_t i = 27; i < 27u + bytes[at + 26] && at + i < bytes.size(); i++) {
            n += bytes[at + i];
        }
        if (at + n > bytes.size()) {
            return;
        }
        memset(&bytes[at + 22], 0, 4);
        uint32_t crc = 0;
        for (size_t i = 0; i < n; i++) {
            crc ^= uint32_t(bytes[at + i]) << 24;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc << 1 ^ (crc >> 31 ? 0x04C11DB7 : 0);
            }
        }
        for (int i = 0; i < 4; i++) {
            bytes[at + 22 + i] = uint8_t(crc >> 8 * i);
        }
        at += n;
    }
}

} // namespace

TEST(audio_bounds_the_length) {
    Wav wav = s16({ 1, 2, 3, 4 });
    wav.bits = 8;
    wav.rate = 1000;
    wav.data.assign(3600 * 1000, 128);
    CHECK(decode(wav.file()).samples.size() == 3600 * 1000);
    wav.data.push_back(128);
    CHECK(contains(message(wav.file()), "too long"));
    CHECK(contains(message(wav.file(0xFFFFFFFF)), "too long"));
    CHECK(decode(wav.file(), 2).samples.size() == 2000);
}

TEST(audio_refuses_what_is_empty_or_unknown) {
    CHECK_THROWS(Code::audio, decode_audio(nullptr, 0));
    CHECK_THROWS(Code::audio, decode_audio("", 0));
    CHECK(contains(message({ 'h', 'e', 'l', 'l', 'o' }), "68 65 6c 6c"));
    CHECK(contains(message(Bytes(1000, 0)), "expected WAV, MP3, FLAC or Ogg Vorbis"));
    CHECK(contains(message(s16({}).file()), "no samples"));
    for (const char * start : { "RIFF", "RIFFxxxxWAVE", "fLaC", "OggS", "ID3", "\xff\xfb\x90\x64" }) {
        Bytes bytes;
        put(bytes, start);
        for (const size_t n : { bytes.size(), size_t(60), size_t(5000) }) {
            bytes.resize(std::max(n, bytes.size()));
            CHECK(message(bytes).size() > 20);
        }
    }
}

TEST(audio_names_foreign_formats) {
    const struct {
        size_t offset;
        const char *magic, *name;
    } formats[] = {
        { 4, "ftypM4A ", "M4A" }, { 28, "OpusHead", "Opus" }, { 0, "\x1a\x45\xdf\xa3", "WebM" },
        { 0, "FORM", "AIFF" },    { 0, "\xff\xf1", "AAC" },   { 0, "\x30\x26\xb2\x75", "WMA" },
    };
    for (const auto & format : formats) {
        Bytes bytes(200);
        if (format.offset == 28) {
            memcpy(bytes.data(), "OggS", 4);
        }
        memcpy(bytes.data() + format.offset, format.magic, strlen(format.magic));
        CHECK(contains(message(bytes), format.name) && contains(message(bytes), "not supported: convert it to WAV, e.g. with ffmpeg"));
    }
    Wav wav = s16({ 1, 2, 3, 4 });
    wav.tag = 2; // ADPCM
    CHECK(!message(wav.file()).empty());
    wav.tag = 0x55; // MP3 in WAV, whose header says 0 bits per sample
    for (const uint16_t bits : { uint16_t(16), uint16_t(0) }) {
        wav.bits = bits;
        CHECK(contains(message(wav.file()), "MP3 inside a WAV file is not supported: save it as PCM WAV or as MP3"));
    }
}

TEST(audio_refuses_odd_rates_and_values) {
    for (const uint32_t rate : { 0u, 1u, 999u, 384001u, 0xFFFFFFFFu }) {
        Wav wav = s16({ 1, 2, 3 });
        wav.rate = rate;
        CHECK_THROWS(Code::audio, decode(wav.file()));
    }
    for (const double value : { double(NAN), double(INFINITY), 1e300 }) {
        Wav wav;
        wav.tag = 3;
        wav.bits = 64;
        put(wav.data, bits_of(0.5), 8);
        put(wav.data, bits_of(value), 8);
        CHECK(contains(message(wav.file()), "NaN or infinite"));
    }
}

TEST(audio_refuses_truncated_files) {
    const Wav wav = s16({ 1, 2, 3, 4 });
    CHECK(contains(message(wav.file(9 * 2)), "promises 9 samples but 4 could be decoded"));
    for (const int64_t placeholder : { 0xFFFFFFFFll, 0x7FFFFFFFll, 0x7FFFF000ll }) { // placeholders written to a pipe
        CHECK(decode(wav.file(placeholder)).samples.size() == 4);
    }
    for (const char * name : { "tone.wav", "tone.flac", "tone.ogg" }) {
        const Bytes bytes = fixture(name);
        for (size_t n = 0; n < bytes.size(); n += 1 + n / 64) {
            CHECK(message(Bytes(bytes.begin(), bytes.begin() + n)).size() > 20);
        }
    }
    const Bytes mp3 = fixture("tone.mp3"); // the count in its first frame is compared with the rest
    CHECK(contains(message(Bytes(mp3.begin(), mp3.begin() + mp3.size() / 3)), "truncated"));
}

TEST(audio_sees_damage_in_flac_and_ogg) {
    for (const char * name : { "tone.flac", "tone.ogg" }) {
        Bytes bytes = fixture(name);
        bytes[bytes.size() * 3 / 4] ^= 0x10;
        CHECK(message(bytes).size() > 20);
    }
}

TEST(audio_refuses_surround_vorbis) {
    Bytes bytes = fixture("tone.ogg"); // stb_vorbis decodes real files with 5.1 channels to noise
    bytes[28 + 11] = 6;
    CHECK(contains(message(bytes), "6 channels is not supported"));
}

TEST(audio_refuses_hostile_vorbis_headers) {
    // Values that made stb_vorbis 1.22 write out of bounds: lengths of -1, counts and products that overflow an int.
    const Bytes bytes = fixture("tone.ogg");
    const auto find = [&](const char * text) { return size_t(std::search(bytes.begin(), bytes.end(), text, text + strlen(text)) - bytes.begin()); };
    const size_t vendor = find("\x03vorbis") + 7, n_vendor = bytes[vendor], book = find("BCV");
    const struct {
        size_t at;
        int n_bytes;
        uint64_t value;
        const char * said;
    } attacks[] = {
        { vendor, 4, 0xFFFFFFFF, "a comment is longer than its packet" },
        { vendor, 4, 0x7FFFFFFF, "a comment is longer than its packet" },
        { vendor + 4 + n_vendor, 4, 0xFFFFFFFF, "its comments end too early" },
        { vendor + 4 + n_vendor, 4, 0x20000001, "its comments end too early" },
        { book + 3, 5, 0x0200012000, "impossible sizes" }, // 2^13 dimensions, 2^17 + 1 entries
        { book + 3, 5, 0, "impossible sizes" },
    };
    for (const auto & attack : attacks) {
        Bytes hostile = bytes;
        for (int i = 0; i < attack.n_bytes; i++) {
            hostile[attack.at + i] = uint8_t(attack.value >> 8 * i);
        }
        CHECK(contains(message(hostile), "wrong checksum"));
        repair_ogg(hostile);
        CHECK(contains(message(hostile), attack.said));
    }
}

TEST(audio_survives_random_damage) {
    std::mt19937 random(1);
    int n_refused = 0, n_decoded = 0;
    for (const char * name : { "tone.wav", "tone.mp3", "tone.flac", "tone.ogg" }) {
        const Bytes bytes = fixture(name);
        for (int i = 0; i < 500; i++) {
            Bytes damaged = bytes;
            for (unsigned n = 1 + random() % 8; n > 0; n--) {
                damaged[random() % (random() % 2 ? 200 : damaged.size())] = uint8_t(random());
            }
            repair_ogg(damaged);
            try {
                const Audio audio = decode(damaged);
                CHECK(!audio.samples.empty() && audio.sample_rate >= 1000);
                n_decoded++;
            } catch (const Error & error) {
                CHECK(error.code == Code::audio);
                n_refused++;
            }
        }
    }
    test::note("%d refused, %d decoded", n_refused, n_decoded);
}
