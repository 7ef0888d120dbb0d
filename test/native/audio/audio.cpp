// decode_audio(): every WAV sample format, the compressed formats, and limits on the decoded length.
#include "audio_files.h"

using namespace clvp;
using namespace test;

namespace {

/// Signal-to-error ratio in decibels of a against b.
double snr(const std::vector<float> & a, const std::vector<float> & b) {
    double signal = 0, noise = 1e-30;
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++) {
        signal += double(a[i]) * a[i];
        noise += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    }
    return 10 * std::log10(signal / noise);
}

/// The values 0, 1/2, -1/2 and -1 in a sample format.
void check_values(Wav wav, const std::vector<uint64_t> & values, double tolerance = 0) {
    wav.data.clear();
    for (const uint64_t value : values) {
        put(wav.data, value, wav.bits / 8, wav.big);
    }
    const Audio audio = decode(wav.file());
    CHECK(audio.sample_rate == 22050 && audio.samples.size() == 4);
    const double expected[] = { 0, 0.5, -0.5, -1 };
    for (size_t i = 0; i < audio.samples.size(); i++) {
        CHECK_CLOSE(audio.samples[i], expected[i], tolerance);
    }
}

} // namespace

TEST(audio_decodes_wav_sample_formats) {
    Wav wav;
    wav.bits = 8;
    check_values(wav, { 128, 192, 64, 0 });
    wav.bits = 16;
    check_values(wav, { 0, 0x4000, 0xC000, 0x8000 });
    wav.bits = 24;
    check_values(wav, { 0, 0x400000, 0xC00000, 0x800000 });
    wav.bits = 32;
    check_values(wav, { 0, 0x40000000, 0xC0000000, 0x80000000 });
    wav.tag = 3;
    check_values(wav, { bits_of(0.0f), bits_of(0.5f), bits_of(-0.5f), bits_of(-1.0f) });
    wav.bits = 64;
    check_values(wav, { bits_of(0.0), bits_of(0.5), bits_of(-0.5), bits_of(-1.0) });
    wav.bits = 8;
    wav.tag = 6; // A-law and mu-law have 8 bits for 13 and 14: the nearest codes, from G.711's tables
    check_values(wav, { 0xD5, 0xBA, 0x3A, 0x2A }, 0.02);
    wav.tag = 7;
    check_values(wav, { 0xFF, 0x8F, 0x0F, 0x00 }, 0.03);
}

TEST(audio_decodes_wav_containers) {
    Wav wav;
    const std::vector<uint64_t> values = { 0, 0x4000, 0xC000, 0x8000 };
    wav.extensible = true;
    check_values(wav, values);
    wav.extensible = false;
    wav.rf64 = true;
    check_values(wav, values);
    wav.rf64 = false;
    wav.big = true;
    check_values(wav, values);
}

TEST(audio_mixes_channels_to_their_mean) {
    Wav wav = s16({ 16384, -16384, 8192, 24576, -32768, 0 });
    wav.n_channels = 2;
    CHECK(decode(wav.file()).samples == std::vector<float>({ 0.0f, 0.5f, -0.5f }));
    wav.n_channels = 3;
    CHECK_CLOSE(decode(wav.file()).samples[0], 0.25 / 3, 1e-7);
}

TEST(audio_decodes_compressed_formats) {
    const Audio wav = decode(fixture("tone.wav"));
    CHECK(wav.sample_rate == 22050 && wav.samples.size() == 5512);
    const Audio flac = decode(fixture("tone.flac"));
    CHECK(flac.sample_rate == 22050 && flac.samples == wav.samples);
    const Audio ogg = decode(fixture("tone.ogg"));
    CHECK(ogg.sample_rate == 22050 && ogg.samples.size() == wav.samples.size());
    CHECK(snr(wav.samples, ogg.samples) > 20);
    const Audio mp3 = decode(fixture("tone.mp3"));
    CHECK(mp3.sample_rate == 22050 && mp3.samples.size() == wav.samples.size());
    CHECK(snr(wav.samples, mp3.samples) > 20);
    test::note("SNR against WAV: mp3 %.1f dB, ogg %.1f dB", snr(wav.samples, mp3.samples), snr(wav.samples, ogg.samples));
}

TEST(audio_passes_over_id3_tags) {
    for (const char * name : { "tone.mp3", "tone.flac" }) {
        Bytes tagged = { 'I', 'D', '3', 4, 0, 0, 0, 0, 1, 0 }; // 128 bytes follow
        tagged.resize(10 + 128);
        const Bytes plain = fixture(name);
        tagged.insert(tagged.end(), plain.begin(), plain.end());
        CHECK(decode(tagged).samples == decode(plain).samples);
    }
}

TEST(audio_stops_at_max_seconds) {
    for (const char * name : { "tone.wav", "tone.mp3", "tone.flac", "tone.ogg" }) {
        const Bytes bytes = fixture(name);
        const Audio whole = decode(bytes), part = decode(bytes, 0.1);
        CHECK(part.samples.size() == 2205);
        CHECK(std::equal(part.samples.begin(), part.samples.end(), whole.samples.begin()));
        CHECK(decode(bytes, 1000).samples == whole.samples);
    }
    CHECK_THROWS(Code::invalid_argument, decode(fixture("tone.wav"), -1));
    CHECK_THROWS(Code::invalid_argument, decode(fixture("tone.wav"), NAN));
    CHECK_THROWS(Code::invalid_argument, decode(fixture("tone.wav"), INFINITY));
}
