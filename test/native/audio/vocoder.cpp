// The vocoder: the transform and its inverse, the filterbank's inversion, and the round trip from a sound to its mel features.
#include "audio/griffin_lim.h"

#include "audio/stft.h"
#include "test.h"

#include <chrono>

using namespace clvp;

namespace {

constexpr double pi = 3.14159265358979323846;
static const std::function<void()> never = [] {};

/// A voice-like sound of n_frames: a gliding pitch with decaying harmonics and varying loudness.
std::vector<float> glide(const MelParams & params, uint32_t n_frames) {
    std::vector<float> samples(size_t(n_frames) * params.hop);
    for (size_t i = 0; i < samples.size(); i++) {
        const double t = double(i) / params.sample_rate;
        double sample = 0;
        for (int k = 1; k <= 12; k++) {
            sample += std::sin(2 * pi * k * (120 + 40 * t) * t) / k;
        }
        samples[i] = float(0.25 * sample * (0.6 + 0.4 * std::sin(2 * pi * 3 * t)));
    }
    return samples;
}

/// The first n_frames of a sound's features, which have one more frame after the end.
Mel features(const MelBank & bank, const std::vector<float> & samples, uint32_t n_frames) {
    const Mel whole = bank.compute(samples, samples.size());
    Mel mel{ whole.n_mels, n_frames, {} };
    for (size_t m = 0; m < mel.n_mels; m++) {
        const auto from = whole.data.begin() + ptrdiff_t(m * whole.n_frames);
        mel.data.insert(mel.data.end(), from, from + ptrdiff_t(n_frames));
    }
    return mel;
}

/// Mean distance in nepers of power, over levels above -7. Lower levels are 60 dB below a full-scale tone.
double distance(const Mel & wanted, const Mel & given) {
    double sum = 0, n = 0;
    for (size_t i = 0; i < wanted.data.size(); i++) {
        if (wanted.data[i] > -7) {
            sum += std::fabs(wanted.data[i] - given.data[i]);
            n++;
        }
    }
    return sum / n;
}

} // namespace

TEST(a_sound_is_its_spectra) {
    MelParams odd;
    odd.sample_rate = 16000;
    odd.n_fft = 401;
    odd.hop = 160;
    odd.n_mels = 23;
    for (const MelParams & params : { MelParams(), odd }) {
        const MelBank bank(params);
        for (const uint32_t n_frames : { 1u, 2u, 7u, 12u }) {
            Stft stft(bank, n_frames);
            Spectra spectra, again;
            spectra.re.resize(stft.n_bins() * n_frames);
            spectra.im.resize(spectra.re.size());
            for (size_t i = 0; i < spectra.re.size(); i++) {
                spectra.re[i] = float(std::cos(double(i * i % 1009)));
                spectra.im[i] = float(std::sin(double(i * i % 1013)));
            }
            stft.inverse(spectra); // any sound
            const std::vector<float> sound = stft.samples();
            CHECK(sound.size() == n_frames * params.hop);
            stft.forward(spectra);
            stft.inverse(spectra);
            stft.forward(again);
            for (size_t i = 0; i < sound.size(); i++) {
                CHECK_CLOSE(stft.samples()[i], sound[i], 1e-6);
            }
            for (size_t i = 0; i < spectra.re.size(); i++) {
                CHECK_CLOSE(again.re[i], spectra.re[i], 1e-5);
                CHECK_CLOSE(again.im[i], spectra.im[i], 1e-5);
            }
        }
    }
}

TEST(spectra_have_the_power_that_features_count) {
    const MelParams params;
    const MelBank bank(params);
    constexpr uint32_t n_frames = 20;
    const Mel mel = features(bank, glide(params, n_frames), n_frames);
    const std::vector<float> magnitudes = mel_magnitudes(bank, mel, never);
    double sum = 0;
    for (size_t frame = 0; frame < n_frames; frame++) {
        const float * bins = magnitudes.data() + frame * 513;
        for (size_t m = 0; m < mel.n_mels; m++) {
            const MelFilter & filter = bank.filters()[m];
            double power = 0;
            for (size_t i = 0; i < filter.weights.size(); i++) {
                power += filter.weights[i] * bins[filter.first + i] * bins[filter.first + i];
            }
            sum += std::fabs(std::log(std::max(power, mel_floor)) - mel.data[m * n_frames + frame]);
        }
        for (size_t bin = 0; bin < 513; bin++) {
            CHECK(bins[bin] >= 0);
            CHECK(bin * 22050.0 / 1024 < 8000 || bins[bin] == 0);
        }
    }
    const double mean = sum / double(mel.data.size());
    test::note("mean difference of ln power after inversion: %.3f", mean);
    CHECK(mean < 0.02);
}

TEST(a_vocoded_sound_has_the_mel_that_it_was_made_of) {
    const MelParams params;
    const MelBank bank(params);
    constexpr uint32_t n_frames = 432; // 5 seconds
    const Mel mel = features(bank, glide(params, n_frames), n_frames);
    const auto start = std::chrono::steady_clock::now();
    const std::vector<float> samples = griffin_lim(bank, mel, 60, never);
    const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
    CHECK(samples.size() == n_frames * params.hop);
    const double found = distance(mel, features(bank, samples, n_frames));
    const double rough = distance(mel, features(bank, griffin_lim(bank, mel, 1, never), n_frames));
    test::note("mean distance of ln mel power: %.3f, after one iteration %.3f; 5 s in %.0f ms", found, rough, ms.count());
    CHECK(found < 0.25);
    CHECK(rough > 1.5 * found);
}

TEST(silence_is_vocoded_to_silence) {
    const MelBank bank{ MelParams() };
    const Mel silence{ 80, 8, std::vector<float>(640, float(std::log(mel_floor))) };
    for (const float sample : griffin_lim(bank, silence, 10, never)) {
        CHECK(sample == 0);
    }
}

TEST(what_would_clip_is_scaled_down) {
    const MelBank bank{ MelParams() };
    for (const float level : { 12.0f, 80.0f }) {
        float largest = 0;
        for (const float sample : griffin_lim(bank, { 80, 8, std::vector<float>(640, level) }, 10, never)) {
            largest = std::max(largest, std::fabs(sample));
        }
        CHECK_CLOSE(largest, 1, 1e-6);
    }
}

TEST(a_vocoder_is_aborted_and_refuses_what_does_not_fit) {
    const MelBank bank{ MelParams() };
    const auto now = [] { fail(Code::aborted, "now"); };
    CHECK_THROWS(Code::aborted, griffin_lim(bank, { 80, 8, std::vector<float>(640) }, 10, now));
    CHECK_THROWS(Code::invalid_argument, Stft(bank, 1u << 18));
    MelParams wide;
    wide.n_fft = 65536;
    CHECK_THROWS(Code::invalid_argument, Stft(MelBank(wide), 1u << 14));
}
