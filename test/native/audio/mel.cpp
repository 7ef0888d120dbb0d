// MelBank and its FFT: sizes, values that can be derived by hand, and rejected input. test/golden/mel.json
// (scripts/parity/mel_reference.py) tests equality with transformers, through the addon.
#include "test.h"

#include "audio/mel.h"

#include <algorithm>
#include <random>

using namespace clvp;

namespace {

constexpr double pi = 3.14159265358979323846;

/// Largest difference between the transform and its definition, relative to the largest value.
double fft_error(uint32_t n) {
    std::mt19937 random(n);
    std::vector<double> re(n), im(n), roots_re(n), roots_im(n);
    for (uint32_t i = 0; i < n; i++) {
        re[i] = double(random()) / 4294967296.0 - 0.5;
        im[i] = double(random()) / 4294967296.0 - 0.5;
        roots_re[i] = std::cos(2 * pi * i / n);
        roots_im[i] = -std::sin(2 * pi * i / n);
    }
    std::vector<double> out_re = re, out_im = im;
    Fft(n).forward(out_re, out_im);
    double error = 0, largest = 0;
    for (uint32_t k = 0; k < n; k++) {
        double x = 0, y = 0;
        for (uint32_t j = 0; j < n; j++) {
            const uint32_t root = uint32_t(uint64_t(j) * k % n);
            x += re[j] * roots_re[root] - im[j] * roots_im[root];
            y += re[j] * roots_im[root] + im[j] * roots_re[root];
        }
        error = std::max({ error, std::fabs(out_re[k] - x), std::fabs(out_im[k] - y) });
        largest = std::max({ largest, std::fabs(x), std::fabs(y) });
    }
    return error / largest;
}

std::vector<float> tone(double hertz, uint32_t rate, size_t n) {
    std::vector<float> samples(n);
    for (size_t i = 0; i < n; i++) {
        samples[i] = float(0.5 * std::sin(2 * pi * hertz * double(i) / rate));
    }
    return samples;
}

void check_refused(void (*change)(MelParams &)) {
    MelParams params;
    change(params);
    CHECK_THROWS(Code::model_format, validate(params));
    CHECK_THROWS(Code::model_format, MelBank(params));
}

} // namespace

TEST(fft_equals_its_definition) {
    double worst = 0;
    for (uint32_t n = 1; n <= 64; n++) {
        worst = std::max(worst, fft_error(n));
    }
    for (const uint32_t n : { 400u, 513u, 1009u, 1024u, 2048u }) {
        worst = std::max(worst, fft_error(n));
    }
    test::note("largest relative error %.2g", worst);
    CHECK(worst < 1e-13);
    std::vector<double> a(7), b(8);
    CHECK_THROWS(Code::invalid_argument, Fft(8).forward(a, b));
}

TEST(mel_sizes) {
    const MelBank bank{ MelParams() };
    CHECK(bank.n_samples() == 132300 && bank.n_frames() == 517);
    const Mel mel = bank.compute(tone(1000, 22050, 1000));
    CHECK(mel.n_mels == 80 && mel.n_frames == 517 && mel.data.size() == 80 * 517);

    MelParams odd;
    odd.sample_rate = 16001;
    odd.n_fft = 401;
    odd.hop = 160;
    odd.n_mels = 23;
    odd.seconds = 2;
    CHECK(MelBank(odd).n_frames() == 1 + (2 * 16001 + 400 - 401) / 160);
}

TEST(mel_of_silence_is_the_floor) {
    MelParams params;
    for (uint32_t i = 0; i < params.n_mels; i++) {
        params.norms.push_back(-1.0f - float(i));
    }
    const Mel mel = MelBank(params).compute({ 0.0f });
    for (uint32_t m = 0; m < mel.n_mels; m++) {
        CHECK_CLOSE(mel.data[size_t(m) * mel.n_frames + 100], std::log(1e-5) / params.norms[m], 1e-5);
    }
}

TEST(mel_of_a_tone_peaks_at_its_channel) {
    const MelParams params;
    const Mel mel = MelBank(params).compute(tone(1000, 22050, 132300));
    // Channel m has its peak at (m + 1) / 81 of the mel scale up to 8000 Hz.
    const double mel_max = 2595 * std::log10(1 + 8000.0 / 700), mel_1000 = 2595 * std::log10(1 + 1000.0 / 700);
    const uint32_t expected = uint32_t(std::lround(mel_1000 / mel_max * 81)) - 1;
    uint32_t best = 0;
    for (uint32_t m = 0; m < mel.n_mels; m++) {
        best = mel.data[m * mel.n_frames + 250] > mel.data[best * mel.n_frames + 250] ? m : best;
    }
    CHECK(best == expected);
}

TEST(mel_of_an_impulse_is_the_window) {
    // A unit impulse has |X| = the window's value at its position in every bin: ln(w^2 * sum of a filter's weights).
    MelParams params;
    std::vector<float> samples(132300);
    samples[256 * 100] = 1;
    const Mel mel = MelBank(params).compute(samples);
    const float * channel = mel.data.data() + 60 * mel.n_frames;
    for (const int offset : { -1, 0, 1 }) { // the window at 512 + 256 * offset of 1024: 1 in the middle, 1/2 beside it
        CHECK_CLOSE(channel[100 + offset] - channel[100], offset == 0 ? 0 : std::log(0.25), 1e-5);
    }
    CHECK_CLOSE(channel[103], std::log(1e-5), 1e-5);
}

TEST(mel_cuts_and_pads) {
    const MelBank bank{ MelParams() };
    std::vector<float> samples = tone(300, 22050, 140000);
    const Mel long_one = bank.compute(samples);
    samples.resize(132300);
    CHECK(bank.compute(samples).data == long_one.data);
    samples.resize(5000);
    const Mel short_one = bank.compute(samples);
    samples.resize(132300);
    CHECK(bank.compute(samples).data == short_one.data);
}

TEST(mel_reflects_often_when_the_clip_is_shorter_than_the_window) {
    MelParams params;
    params.sample_rate = 1000;
    params.seconds = 1;
    params.n_fft = 8192; // pads 4,096 samples before a clip of 1,000
    params.f_max = 500;
    const Mel mel = MelBank(params).compute(tone(100, 1000, 1000));
    CHECK(mel.n_frames == 1 + 1000 / 256);
    for (const float value : mel.data) {
        CHECK(std::isfinite(value));
    }
}

TEST(mel_features_of_any_length_without_a_model) {
    const MelParams params;
    const std::vector<float> samples = tone(300, 22050, 132300);
    CHECK(mel_features(samples, params).data == MelBank(params).compute(samples).data);
    const std::vector<float> cut(samples.begin(), samples.begin() + 5000);
    CHECK(mel_features(samples, params, 5000).data == mel_features(cut, params).data);
    CHECK(mel_features(cut, params, 132300).data == MelBank(params).compute(cut).data);
    CHECK(mel_features(cut, params).n_frames == 1 + 5000 / 256);
    CHECK(mel_features({ 0.5f }, params).n_frames == 1);
}

TEST(mel_features_refuse_nonsense) {
    MelParams params;
    CHECK_THROWS(Code::audio, mel_features({}, params));
    CHECK_THROWS(Code::audio, mel_features({}, params, 100));
    CHECK_THROWS(Code::audio, mel_features({ NAN }, params));
    CHECK_THROWS(Code::invalid_argument, mel_features({ 0.5f }, params, uint64_t(1) << 40));
    params.hop = 1;
    CHECK_THROWS(Code::invalid_argument, mel_features({ 0.5f }, params, uint64_t(1) << 24));
    params.hop = 0;
    CHECK_THROWS(Code::model_format, mel_features({ 0.5f }, params));
}

TEST(mel_refuses_samples_that_are_no_sound) {
    const MelBank bank{ MelParams() };
    CHECK_THROWS(Code::audio, bank.compute({}));
    CHECK_THROWS(Code::audio, bank.compute({ 0.1f, NAN }));
    CHECK_THROWS(Code::audio, bank.compute({ -INFINITY }));
}

TEST(mel_refuses_nonsense_sizes) {
    check_refused([](MelParams & p) { p.sample_rate = 0; });
    check_refused([](MelParams & p) { p.sample_rate = 0xFFFFFFFF; });
    check_refused([](MelParams & p) { p.n_fft = 0; });
    check_refused([](MelParams & p) { p.n_fft = 1; });
    check_refused([](MelParams & p) { p.n_fft = 0xFFFFFFFF; });
    check_refused([](MelParams & p) { p.hop = 0; });
    check_refused([](MelParams & p) { p.hop = 0xFFFFFFFF; });
    check_refused([](MelParams & p) { p.n_mels = 0; });
    check_refused([](MelParams & p) { p.n_mels = 0xFFFFFFFF; });
    check_refused([](MelParams & p) { p.seconds = 0; });
    check_refused([](MelParams & p) { p.seconds = 0xFFFFFFFF; });
    check_refused([](MelParams & p) { p.hop = 1, p.seconds = 600, p.n_mels = 1024; });
    check_refused([](MelParams & p) { p.f_max = 0; });
    check_refused([](MelParams & p) { p.f_max = NAN; });
    check_refused([](MelParams & p) { p.f_max = INFINITY; });
    check_refused([](MelParams & p) { p.norms = { 1, 2, 3 }; });
    check_refused([](MelParams & p) { p.norms.assign(80, 0.0f); });
    check_refused([](MelParams & p) { p.norms.assign(80, NAN); });
}
