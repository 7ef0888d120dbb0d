// Audio::resampled(), compared with analytic sines.
#include "test.h"

#include <algorithm>

using namespace clvp;

namespace {

constexpr double pi = 3.14159265358979323846;

Audio sine(double hertz, uint32_t rate, double seconds) {
    Audio audio;
    audio.sample_rate = rate;
    for (size_t i = 0; i < size_t(seconds * rate); i++) {
        audio.samples.push_back(float(0.8 * std::sin(2 * pi * hertz * double(i) / rate)));
    }
    return audio;
}

/// Signal-to-error ratio in decibels of a resampled sine against the exact one, away from the ends.
double snr(double hertz, uint32_t from, uint32_t to) {
    const std::vector<float> result = sine(hertz, from, 0.5).resampled(to);
    double signal = 0, noise = 0;
    for (size_t i = result.size() / 5; i < result.size() * 4 / 5; i++) {
        const double exact = 0.8 * std::sin(2 * pi * hertz * double(i) / to);
        signal += exact * exact;
        noise += (result[i] - exact) * (result[i] - exact);
    }
    return 10 * std::log10(signal / noise);
}

/// Attenuation of a sine in decibels.
double attenuation(double hertz, uint32_t from, uint32_t to) {
    const std::vector<float> result = sine(hertz, from, 0.5).resampled(to);
    double signal = 0;
    for (size_t i = result.size() / 5; i < result.size() * 4 / 5; i++) {
        signal += double(result[i]) * result[i] / (double(result.size()) * 3 / 5);
    }
    return 10 * std::log10(0.8 * 0.8 / 2 / signal);
}

} // namespace

TEST(resample_keeps_a_tone) {
    for (const uint32_t from : { 44100u, 48000u, 16000u, 8000u, 24000u, 44101u, 96000u, 22051u, 11025u }) {
        const double db = snr(1000, from, 22050);
        test::note("1 kHz, %u to 22050 Hz: %.1f dB", from, db);
        CHECK(db > 90);
    }
    CHECK(snr(1000, 22050, 48000) > 90);
    CHECK(snr(1000, 22050, 383999) > 90);
}

TEST(resample_keeps_the_pass_band) {
    for (const double hertz : { 20.0, 3000.0, 6000.0, 8000.0, 9800.0 }) { // 0.89 of 11025 is 9812
        CHECK(snr(hertz, 48000, 22050) > 90);
        CHECK(snr(hertz, 44101, 22050) > 90);
        CHECK(snr(hertz, 22050, 48000) > 90);
    }
}

TEST(resample_stops_what_would_fold_back) {
    for (const double hertz : { 11025.0, 12000.0, 15000.0, 20000.0, 23000.0 }) {
        const double db = attenuation(hertz, 48000, 22050);
        test::note("%.0f Hz, 48000 to 22050 Hz: -%.1f dB", hertz, db);
        CHECK(db > 80);
        CHECK(attenuation(hertz, 48001, 22050) > 80);
    }
}

TEST(resample_lengths) {
    for (const uint32_t rate : { 1000u, 8000u, 22050u, 44099u, 44101u, 48000u, 384000u }) {
        for (const size_t n : { size_t(0), size_t(1), size_t(2), size_t(999), size_t(4410) }) {
            Audio audio;
            audio.sample_rate = 44100;
            audio.samples.assign(n, 0.25f);
            CHECK(audio.resampled(rate).size() == (n * rate + 44099) / 44100);
        }
    }
}

TEST(resample_to_the_same_rate_is_the_identity) {
    const Audio audio = sine(1000, 22050, 0.1);
    CHECK(audio.resampled(22050) == audio.samples);
}

TEST(resample_keeps_a_constant) {
    Audio audio;
    audio.samples.assign(4000, 0.5f);
    for (const uint32_t from : { 44100u, 16000u, 44101u }) {
        audio.sample_rate = from;
        const std::vector<float> result = audio.resampled(22050);
        CHECK_CLOSE(result[result.size() / 2], 0.5, 1e-7);
    }
}

TEST(resample_takes_extreme_ratios) {
    CHECK(std::abs(double(sine(100, 384000, 1).resampled(1001).size()) - 1001) < 1);
    CHECK(snr(100, 384000, 1001) > 90);
    CHECK(snr(100, 1000, 384000) > 90);
    CHECK(snr(100, 1001, 383999) > 90);
}

TEST(resample_refuses_odd_rates) {
    Audio audio = sine(1000, 22050, 0.01);
    for (const uint32_t rate : { 0u, 999u, 384001u, 0xFFFFFFFFu }) {
        CHECK_THROWS(Code::audio, audio.resampled(rate));
        audio.sample_rate = rate;
        CHECK_THROWS(Code::audio, audio.resampled(22050));
        audio.sample_rate = 22050;
    }
}
