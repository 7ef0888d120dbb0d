#include "audio/mel.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace clvp {

static constexpr double pi = 3.14159265358979323846;

// --- parameters -----------------------------------------------------------------------------------------------

static void check_range(const char * name, uint64_t value, uint64_t least, uint64_t most) {
    if (value < least || value > most) {
        fail(Code::model_format, "mel features: %s is %llu, expected %llu to %llu", name, (unsigned long long)value, (unsigned long long)least,
             (unsigned long long)most);
    }
}

void validate(const MelParams & params) {
    check_range("the sample rate", params.sample_rate, 1000, 384000);
    check_range("the FFT size", params.n_fft, 2, 65536);
    check_range("the hop", params.hop, 1, 65536);
    check_range("the number of mel channels", params.n_mels, 1, 1024);
    check_range("the length in seconds", params.seconds, 1, 600);
    const uint64_t n_frames = uint64_t(params.seconds) * params.sample_rate / params.hop + 1;
    check_range("the number of values", n_frames * params.n_mels, 1, max_mel_values);
    if (!(params.f_max > 0) || !std::isfinite(params.f_max)) {
        fail(Code::model_format, "mel features: the highest frequency is %g Hz, expected a positive number", params.f_max);
    }
    check_norms(params.norms, params.n_mels);
}

void check_norms(const std::vector<float> & norms, uint32_t n_mels) {
    if (!norms.empty() && norms.size() != n_mels) {
        fail(Code::model_format, "mel features: there are %zu norms, expected one for each of %u channels", norms.size(), n_mels);
    }
    for (size_t i = 0; i < norms.size(); i++) {
        if (!std::isfinite(norms[i]) || norms[i] == 0) {
            fail(Code::model_format, "mel features: norm %zu is %g, expected a finite number other than 0", i, norms[i]);
        }
    }
}

static const MelParams & validated(const MelParams & params) {
    validate(params);
    return params;
}

// --- filters --------------------------------------------------------------------------------------------------

/// Slaney's scale is linear below 1,000 Hz and logarithmic above.
static constexpr double slaney_step = 200.0 / 3, slaney_break = 1000.0 / slaney_step;
static const double slaney_log_step = std::log(6.4) / 27;

static double mel_of_hertz(double hertz, bool slaney) {
    if (!slaney) {
        return 2595.0 * std::log10(1.0 + hertz / 700.0);
    }
    return hertz < 1000 ? hertz / slaney_step : slaney_break + std::log(hertz / 1000) / slaney_log_step;
}

static double hertz_of_mel(double mel, bool slaney) {
    if (!slaney) {
        return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
    }
    return mel < slaney_break ? mel * slaney_step : 1000 * std::exp((mel - slaney_break) * slaney_log_step);
}

/// The i-th of n evenly spaced points from 0 to `last`.
static double spaced(uint32_t i, uint32_t n, double last) { return i + 1 == n ? last : i * (last / (n - 1)); }

void MelBank::make_filters() {
    const uint32_t n_bins = params_.n_fft / 2 + 1;
    const double mel_max = mel_of_hertz(params_.f_max, params_.slaney_scale);
    const auto edge = [&](uint32_t i) { return hertz_of_mel(spaced(i, params_.n_mels + 2, mel_max), params_.slaney_scale); };
    filters_.resize(params_.n_mels);
    for (uint32_t m = 0; m < params_.n_mels; m++) {
        const double low = edge(m), centre = edge(m + 1), high = edge(m + 2);
        MelFilter & filter = filters_[m];
        for (uint32_t bin = 0; bin < n_bins; bin++) {
            const double hertz = spaced(bin, n_bins, params_.sample_rate / 2); // integer division, also for odd rates, as in the reference
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

uint32_t reflected(int64_t i, int64_t n) {
    if (n == 1) {
        return 0;
    }
    const int64_t period = 2 * (n - 1), at = ((i % period) + period) % period;
    return uint32_t(at < n ? at : period - at);
}

/// Frames are centred: half a window of reflected samples is added at both ends. An odd n_fft loses a sample.
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
                power[bin] = params_.magnitude ? std::sqrt(x * x + y * y) : x * x + y * y;
            }
            for (uint32_t m = 0; m < mel.n_mels; m++) {
                double sum = 0;
                for (size_t i = 0; i < filters_[m].weights.size(); i++) {
                    sum += filters_[m].weights[i] * power[filters_[m].first + i];
                }
                const double level = std::log(std::max(sum, mel_floor));
                mel.data[size_t(m) * mel.n_frames + frame] = float(params_.norms.empty() ? level : level / params_.norms[m]);
            }
        }
        return mel;
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory for mel features of %llu samples", (unsigned long long)n_samples);
    }
}

} // namespace clvp
