// Decodes audio files in memory. The first bytes determine the format, never the file's name, and only the decoder of
// that format sees the file.
//
// A damaged file is an error, not silence: fewer frames than the header declares, no frames, NaN. Two exceptions are
// accepted because correct programs write them: a WAV whose size field holds the placeholder of a pipe (0xFFFFFFFF and
// the like), and an MP3 without a header that counts its frames.
#include "audio/decode_audio.h"
#include "audio/codecs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>

namespace clvp {

// --- decoding -------------------------------------------------------------------------------------------------

/// An open codec; closes itself.
struct Codec : clvp_codec {
    Codec(clvp_codec_kind kind, const void * data, size_t n_bytes, const char * name) {
        if (!clvp_codec_open(this, kind, data, n_bytes)) {
            fail(Code::audio,
                 "the file looks like %s but cannot be decoded: it is damaged or has another format; "
                 "convert it to WAV, e.g. with ffmpeg -i in out.wav",
                 name);
        }
    }
    ~Codec() { clvp_codec_close(this); }
    Codec(const Codec &) = delete;
    Codec & operator=(const Codec &) = delete;
};

/// miniaudio maps 8 bits to value / 127.5 - 1, which turns silence (128) into an offset; others map to value / 128 - 1.
static void recentre_u8(float * samples, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) {
        samples[i] = (std::round((samples[i] + 1.0f) * 127.5f) - 128.0f) / 128.0f;
    }
}

static Audio decode_all(Codec & codec, AudioSink & sink, uint64_t tolerance) {
    static constexpr uint64_t n_chunk = 1152; // the size of an MP3 frame, so that every change of format within a file is detected
    const bool is_u8 = codec.kind == CLVP_CODEC_WAV && codec.wav_tag == 1 && codec.wav_bits == 8;
    sink.open(codec.sample_rate, codec.n_channels, codec.n_declared);
    std::vector<float> chunk(n_chunk * codec.n_channels);
    for (bool more = true; more;) {
        const uint64_t n_frames = clvp_codec_read(&codec, n_chunk, chunk.data());
        if (clvp_codec_changed(&codec)) {
            fail(Code::audio, "the audio changes its sample rate or channel count midway: convert it to WAV, e.g. with ffmpeg");
        }
        if (is_u8) {
            recentre_u8(chunk.data(), n_frames * codec.n_channels);
        }
        more = n_frames > 0 && sink.push(chunk.data(), n_frames);
    }
    return sink.finish(tolerance);
}

/// Whether a WAV holds MP3 frames, as some recorders write them: by the format tag of its chunk "fmt ".
static bool holds_mp3(const uint8_t * data, size_t n_bytes) {
    static constexpr uint32_t mpeg_layer_3 = 0x55;
    const bool is_big = data[3] == 'X'; // RIFX
    const auto number = [&](size_t at, size_t n) {
        uint32_t value = 0;
        for (size_t i = 0; i < n; i++) {
            value |= uint32_t(data[at + i]) << 8 * (is_big ? n - 1 - i : i);
        }
        return value;
    };
    for (size_t at = 12; n_bytes >= 10 && at <= n_bytes - 10;) {
        if (std::memcmp(data + at, "fmt ", 4) == 0) {
            return number(at + 8, 2) == mpeg_layer_3;
        }
        const uint64_t size = number(at + 4, 4);
        at += static_cast<size_t>(std::min<uint64_t>(8 + size + size % 2, n_bytes));
    }
    return false;
}

static Audio decode_wav(const uint8_t * data, size_t n_bytes, AudioSink & sink) {
    if (holds_mp3(data, n_bytes)) {
        fail(Code::audio, "MP3 inside a WAV file is not supported: save it as PCM WAV or as MP3, e.g. with ffmpeg -i in.wav -c:a pcm_s16le out.wav");
    }
    Codec codec(CLVP_CODEC_WAV, data, n_bytes, "WAV");
    const uint32_t tag = codec.wav_tag, bits = codec.wav_bits;
    const bool is_pcm = tag == 1 && bits <= 32, is_float = tag == 3 && (bits == 32 || bits == 64), is_g711 = (tag == 6 || tag == 7) && bits == 8;
    if (!is_pcm && !is_float && !is_g711) {
        fail(Code::audio,
             "a WAV file with codec 0x%04x at %u bits is not supported: expected PCM, float, A-law or mu-law; "
             "convert it, e.g. with ffmpeg -i in.wav -c:a pcm_s16le out.wav",
             tag, bits);
    }
    return decode_all(codec, sink, 0);
}

static Audio decode_flac(const uint8_t * data, size_t n_bytes, AudioSink & sink) {
    Codec codec(CLVP_CODEC_FLAC, data, n_bytes, "FLAC");
    return decode_all(codec, sink, 0); // skips frames with a wrong checksum, so the final frame count is too low
}

static Audio decode_mp3(const uint8_t * data, size_t n_bytes, AudioSink & sink) {
    // The decoder searches for an encoder's tag after the first frame and may read past the end of the file, so it gets a
    // copy padded with zeros. It counts bytes in an int.
    static constexpr size_t n_padding = 1024;
    if (n_bytes > INT32_MAX - n_padding) {
        fail(Code::audio, "the MP3 file is larger than 2 GB: cut it first");
    }
    std::vector<uint8_t> padded(n_bytes + n_padding);
    std::memcpy(padded.data(), data, n_bytes);
    Codec codec(CLVP_CODEC_MP3, padded.data(), n_bytes, "MP3");
    return decode_all(codec, sink, 2 * 1152); // some encoders count the frame of their tag, others do not
}

// --- which format ---------------------------------------------------------------------------------------------

static bool has(const uint8_t * data, size_t n_bytes, size_t offset, const char * magic, size_t n_magic) {
    return n_bytes >= offset + n_magic && std::memcmp(data + offset, magic, n_magic) == 0;
}

/// Name of a known but unsupported format, or null.
static const char * foreign_format(const uint8_t * data, size_t n_bytes) {
    static const struct {
        size_t offset;
        const char * magic;
        size_t n_magic;
        const char * name;
    } formats[] = {
        { 4, "ftyp", 4, "MP4 or M4A (AAC, ALAC)" },
        { 28, "OpusHead", 8, "Ogg Opus" },
        { 28, "Speex", 5, "Ogg Speex" },
        { 28,
          "\x7f"
          "FLAC",
          5, "FLAC in Ogg" },
        { 0, "OggS", 4, "Ogg without Vorbis" },
        { 0, "\x1a\x45\xdf\xa3", 4, "WebM or Matroska" },
        { 0, "FORM", 4, "AIFF" },
        { 0, "ADIF", 4, "AAC" },
        { 0, "\x30\x26\xb2\x75", 4, "WMA" },
        { 0, ".snd", 4, "AU" },
        { 0, "caff", 4, "CAF" },
        { 0, "#!AMR", 5, "AMR" },
        { 0, "wvpk", 4, "WavPack" },
        { 0, "MAC ", 4, "Monkey's Audio" },
        { 0, "MThd", 4, "MIDI" },
        { 0, "riff\x2e\x91\xcf\x11", 8, "Wave64" },
        { 8, "AVI ", 4, "AVI" },
    };
    for (const auto & format : formats) {
        if (has(data, n_bytes, format.offset, format.magic, format.n_magic)) {
            return format.name;
        }
    }
    const bool is_adts = n_bytes >= 2 && data[0] == 0xFF && (data[1] & 0xF6) == 0xF0;
    return is_adts ? "AAC" : nullptr;
}

/// Length of the ID3v2 tags before the audio data, which MP3 and some FLAC files have.
static size_t id3_bytes(const uint8_t * data, size_t n_bytes) {
    size_t at = 0;
    while (has(data, n_bytes, at, "ID3", 3) && n_bytes - at >= 10) {
        const uint8_t * tag = data + at;
        const size_t size = size_t(tag[6] & 0x7F) << 21 | size_t(tag[7] & 0x7F) << 14 | size_t(tag[8] & 0x7F) << 7 | (tag[9] & 0x7F);
        at = std::min(n_bytes, at + 10 + size + ((tag[5] & 0x10) ? 10 : 0));
    }
    return at;
}

static bool is_mp3_frame(const uint8_t * data, size_t n_bytes) {
    return n_bytes >= 4 && data[0] == 0xFF && (data[1] & 0xE0) == 0xE0 && (data[1] & 0x18) != 0x08 && (data[1] & 0x06) != 0 && (data[2] & 0xF0) != 0xF0 &&
           (data[2] & 0x0C) != 0x0C;
}

Audio decode_any(const uint8_t * data, size_t n_bytes, AudioSink & sink) {
    const bool is_riff = has(data, n_bytes, 0, "RIFF", 4) || has(data, n_bytes, 0, "RIFX", 4) || has(data, n_bytes, 0, "RF64", 4);
    if (is_riff && has(data, n_bytes, 8, "WAVE", 4)) {
        return decode_wav(data, n_bytes, sink);
    }
    if (has(data, n_bytes, 0, "OggS", 4) && has(data, n_bytes, 28, "\x01vorbis", 7)) {
        return decode_vorbis(data, n_bytes, sink);
    }
    const size_t n_tag = id3_bytes(data, n_bytes);
    const uint8_t * body = data + n_tag;
    if (has(body, n_bytes - n_tag, 0, "fLaC", 4)) {
        return decode_flac(body, n_bytes - n_tag, sink);
    }
    if (n_tag > 0 || is_mp3_frame(body, n_bytes - n_tag)) {
        return decode_mp3(body, n_bytes - n_tag, sink);
    }
    if (const char * name = foreign_format(data, n_bytes)) {
        fail(Code::audio, "%s is not supported: convert it to WAV, e.g. with ffmpeg -i in out.wav", name);
    }
    char start[16] = "";
    for (size_t i = 0; i < std::min<size_t>(n_bytes, 4); i++) {
        snprintf(start + 3 * i, 4, "%02x ", data[i]);
    }
    fail(Code::audio, "unknown audio format (%zu bytes, starting with %s): expected WAV, MP3, FLAC or Ogg Vorbis", n_bytes, start);
}

} // namespace clvp
