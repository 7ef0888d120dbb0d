#include "mel.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace clvp {

static constexpr double pi = 3.14159265358979323846;

// --- FFT ------------------------------------------------------------------------------------------------------

Fft::Fft(uint32_t n) : n_(n), n_fast_(1) {
    const bool is_fast = n > 0 && (n & (n - 1)) == 0;
    while (n_fast_ < (is_fast ? n : 2 * n - 1)) { // a linear convolution of n with n values
        n_fast_ *= 2;
    }
    cos_.resize(n_fast_ / 2);
    sin_.resize(n_fast_ / 2);
    for (uint32_t k = 0; k < n_fast_ / 2; k++) {
        cos_[k] = std::cos(2 * pi * k / n_fast_);
        sin_[k] = std::sin(2 * pi * k / n_fast_);
    }
    reversed_.resize(n_fast_);
    for (uint32_t k = 1; k < n_fast_; k++) {
        reversed_[k] = reversed_[k / 2] / 2 + (k % 2 ? n_fast_ / 2 : 0);
    }
    if (is_fast) {
        return;
    }
    chirp_re_.resize(n);
    chirp_im_.resize(n);
    kernel_re_.assign(n_fast_, 0);
    kernel_im_.assign(n_fast_, 0);
    for (uint32_t k = 0; k < n; k++) {
        const double angle = pi * double(uint64_t(k) * k % (2 * uint64_t(n))) / n; // k^2 mod 2n keeps the angle exact
        chirp_re_[k] = std::cos(angle);
        chirp_im_[k] = -std::sin(angle);
        kernel_re_[k] = kernel_re_[(n_fast_ - k) % n_fast_] = chirp_re_[k];
        kernel_im_[k] = kernel_im_[(n_fast_ - k) % n_fast_] = -chirp_im_[k];
    }
    radix2(kernel_re_.data(), kernel_im_.data());
}

/// Cooley and Tukey's transform, decimation in time.
void Fft::radix2(double * re, double * im) const {
    for (uint32_t k = 0; k < n_fast_; k++) {
        if (k < reversed_[k]) {
            std::swap(re[k], re[reversed_[k]]);
            std::swap(im[k], im[reversed_[k]]);
        }
    }
    for (uint32_t half = 1; half < n_fast_; half *= 2) {
        const uint32_t stride = n_fast_ / (2 * half);
        for (uint32_t start = 0; start < n_fast_; start += 2 * half) {
            for (uint32_t j = 0; j < half; j++) {
                const uint32_t a = start + j, b = a + half;
                const double c = cos_[j * stride], s = sin_[j * stride];
                const double odd_re = re[b] * c + im[b] * s, odd_im = im[b] * c - re[b] * s;
                re[b] = re[a] - odd_re;
                im[b] = im[a] - odd_im;
                re[a] += odd_re;
                im[a] += odd_im;
            }
        }
    }
}

/// X[k] = chirp[k] * sum over j of (x[j] * chirp[j]) * conj(chirp[k - j]), as jk = (j^2 + k^2 - (k - j)^2) / 2.
void Fft::bluestein(std::vector<double> & re, std::vector<double> & im) const {
    std::vector<double> a(n_fast_), b(n_fast_);
    for (uint32_t k = 0; k < n_; k++) {
        a[k] = re[k] * chirp_re_[k] - im[k] * chirp_im_[k];
        b[k] = re[k] * chirp_im_[k] + im[k] * chirp_re_[k];
    }
    radix2(a.data(), b.data());
    for (uint32_t k = 0; k < n_fast_; k++) {
        const double product_re = a[k] * kernel_re_[k] - b[k] * kernel_im_[k];
        b[k] = -(a[k] * kernel_im_[k] + b[k] * kernel_re_[k]); // conjugate: the inverse is conj(fft(conj(.))) / n
        a[k] = product_re;
    }
    radix2(a.data(), b.data());
    for (uint32_t k = 0; k < n_; k++) {
        const double y_re = a[k] / n_fast_, y_im = -b[k] / n_fast_;
        re[k] = y_re * chirp_re_[k] - y_im * chirp_im_[k];
        im[k] = y_re * chirp_im_[k] + y_im * chirp_re_[k];
    }
}

void Fft::forward(std::vector<double> & re, std::vector<double> & im) const {
    if (re.size() != n_ || im.size() != n_) {
        fail(Code::invalid_argument, "expected %u values for the transform but received %zu and %zu", n_, re.size(), im.size());
    }
    if (n_fast_ == n_) {
        radix2(re.data(), im.data());
    } else {
        bluestein(re, im);
    }
}

// --- parameters -----------------------------------------------------------------------------------------------

static void check_range(const char * name, uint64_t value, uint64_t least, uint64_t most) {
    if (value < least || value > most) {
        fail(Code::model_format, "mel features: %s is %llu, expected %llu to %llu", name, (unsigned long long)value, (unsigned long long)least,
             (unsigned long long)most);
    }
}

static constexpr uint64_t max_values = uint64_t(1) << 26; // of one clip's features

void validate(const MelParams & params) {
    check_range("the sample rate", params.sample_rate, 1000, 384000);
    check_range("the FFT size", params.n_fft, 2, 65536);
    check_range("the hop", params.hop, 1, 65536);
    check_range("the number of mel channels", params.n_mels, 1, 1024);
    check_range("the length in seconds", params.seconds, 1, 600);
    const uint64_t n_frames = uint64_t(params.seconds) * params.sample_rate / params.hop + 1;
    check_range("the number of values", n_frames * params.n_mels, 1, max_values);
    if (!(params.f_max > 0) || !std::isfinite(params.f_max)) {
        fail(Code::model_format, "mel features: the highest frequency is %g Hz, expected a positive number", params.f_max);
    }
    if (!params.norms.empty() && params.norms.size() != params.n_mels) {
        fail(Code::model_format, "mel features: there are %zu norms for %u channels", params.norms.size(), params.n_mels);
    }
    for (size_t i = 0; i < params.norms.size(); i++) {
        if (!std::isfinite(params.norms[i]) || params.norms[i] == 0) {
            fail(Code::model_format, "mel features: norm %zu is %g, which cannot divide", i, params.norms[i]);
        }
    }
}

static const MelParams & validated(const MelParams & params) {
    validate(params);
    return params;
}

// --- filters --------------------------------------------------------------------------------------------------

static double mel_of_hertz(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
static double hertz_of_mel(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

/// The i-th of n evenly spaced points from 0 to `last`.
static double spaced(uint32_t i, uint32_t n, double last) { return i + 1 == n ? last : i * (last / (n - 1)); }

void MelBank::make_filters() {
    const uint32_t n_bins = params_.n_fft / 2 + 1;
    const double mel_max = mel_of_hertz(params_.f_max);
    filters_.resize(params_.n_mels);
    for (uint32_t m = 0; m < params_.n_mels; m++) {
        const double low = hertz_of_mel(spaced(m, params_.n_mels + 2, mel_max));
        const double centre = hertz_of_mel(spaced(m + 1, params_.n_mels + 2, mel_max));
        const double high = hertz_of_mel(spaced(m + 2, params_.n_mels + 2, mel_max));
        Filter & filter = filters_[m];
        for (uint32_t bin = 0; bin < n_bins; bin++) {
            const double hertz = spaced(bin, n_bins, params_.sample_rate / 2); // a whole number, also for odd rates: the reference divides so
            const double weight = std::min((hertz - low) / (centre - low), (high - hertz) / (high - centre)) * 2.0 / (high - low);
            if (weight > 0) {
                filter.first = filter.weights.empty() ? bin : filter.first;
                filter.weights.push_back(weight);
            }
        }
    }
}

MelBank::MelBank(const MelParams & params) : params_(validated(params)), fft_(params.n_fft) {
    n_samples_ = params.seconds * params.sample_rate;
    window_.resize(params.n_fft);
    for (uint32_t i = 0; i < params.n_fft; i++) {
        window_[i] = 0.5 - 0.5 * std::cos(2 * pi * i / params.n_fft);
    }
    make_filters();
}

// --- features -------------------------------------------------------------------------------------------------

/// Index into n samples that are reflected at both ends, as often as it takes, without repeating the end samples.
static uint32_t reflected(int64_t i, int64_t n) {
    if (n == 1) {
        return 0;
    }
    const int64_t period = 2 * (n - 1), at = ((i % period) + period) % period;
    return uint32_t(at < n ? at : period - at);
}

/// Frames are centred: half a window of reflected samples precedes and follows. An odd n_fft loses a sample.
uint32_t MelBank::frames_of(uint64_t n_samples) const { return uint32_t((n_samples + 2 * (params_.n_fft / 2) - params_.n_fft) / params_.hop + 1); }

Mel MelBank::compute(const std::vector<float> & samples, uint64_t n_samples) const {
    if (samples.empty()) {
        fail(Code::audio, "there are no samples to compute mel features of");
    }
    for (size_t i = 0; i < samples.size(); i++) {
        if (!std::isfinite(samples[i])) {
            fail(Code::audio, "sample %zu is not a finite number", i);
        }
    }
    try {
        Mel mel;
        mel.n_mels = params_.n_mels;
        mel.n_frames = frames_of(n_samples);
        mel.data.resize(size_t(mel.n_mels) * mel.n_frames); // [n_mels, n_frames]
        std::vector<double> re(params_.n_fft), im(params_.n_fft), power(params_.n_fft / 2 + 1);
        for (uint32_t frame = 0; frame < mel.n_frames; frame++) {
            const int64_t start = int64_t(frame) * params_.hop - int64_t(params_.n_fft / 2);
            for (uint32_t i = 0; i < params_.n_fft; i++) {
                const uint32_t at = reflected(start + i, int64_t(n_samples));
                re[i] = at < samples.size() ? samples[at] * window_[i] : 0;
                im[i] = 0;
            }
            fft_.forward(re, im);
            for (size_t bin = 0; bin < power.size(); bin++) {
                const double x = float(re[bin]), y = float(im[bin]); // the reference keeps its spectrum in float32
                power[bin] = x * x + y * y;
            }
            for (uint32_t m = 0; m < mel.n_mels; m++) {
                double sum = 0;
                for (size_t i = 0; i < filters_[m].weights.size(); i++) {
                    sum += filters_[m].weights[i] * power[filters_[m].first + i];
                }
                const double level = std::log(std::max(sum, 1e-5));
                mel.data[size_t(m) * mel.n_frames + frame] = float(params_.norms.empty() ? level : level / params_.norms[m]);
            }
        }
        return mel;
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory for mel features of %llu samples", (unsigned long long)n_samples);
    }
}

Mel mel_features(const std::vector<float> & samples, const MelParams & params, uint64_t n_samples) {
    const uint64_t n = n_samples ? n_samples : samples.size();
    MelParams sizes = params;
    sizes.seconds = 1; // the length is n, and is checked here
    validate(sizes);
    if (n > uint64_t(1) << 31 || (n / params.hop + 1) * params.n_mels > max_values) {
        fail(Code::invalid_argument, "Expected samples for at most %llu mel values but received %llu samples: cut them", (unsigned long long)max_values,
             (unsigned long long)n);
    }
    try {
        return MelBank(sizes).compute(samples, n);
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory for mel features of %llu samples", (unsigned long long)n);
    }
}

} // namespace clvp
