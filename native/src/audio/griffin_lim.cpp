#include "audio/griffin_lim.h"

#include "audio/stft.h"
#include "base/random.h"

#include <algorithm>
#include <cmath>

namespace clvp {

static constexpr double pi = 3.14159265358979323846;

// --- magnitudes -----------------------------------------------------------------------------------------------

/// For each bin, the sum of its weights in all filters.
static std::vector<double> bin_areas(const MelBank & bank) {
    std::vector<double> areas(bank.params().n_fft / 2 + 1);
    for (const MelFilter & filter : bank.filters()) {
        for (size_t i = 0; i < filter.weights.size(); i++) {
            areas[filter.first + i] += filter.weights[i];
        }
    }
    return areas;
}

/// One update of a frame's power [n_bins] towards the mel power `wanted` [n_mels]: multiplies each bin by the weighted mean of
/// wanted / given over the filters that cover it.
static void update_power(const MelBank & bank, const std::vector<double> & areas, const std::vector<double> & wanted, std::vector<double> & power,
                         std::vector<double> & pull) {
    std::fill(pull.begin(), pull.end(), 0.0);
    for (size_t m = 0; m < wanted.size(); m++) {
        const MelFilter & filter = bank.filters()[m];
        double given = 0;
        for (size_t i = 0; i < filter.weights.size(); i++) {
            given += filter.weights[i] * power[filter.first + i];
        }
        const double ratio = given > 0 ? wanted[m] / given : 0;
        for (size_t i = 0; i < filter.weights.size(); i++) {
            pull[filter.first + i] += filter.weights[i] * ratio;
        }
    }
    for (size_t bin = 0; bin < power.size(); bin++) {
        power[bin] = areas[bin] > 0 ? power[bin] * pull[bin] / areas[bin] : 0; // no filter covers the bins above the highest frequency
    }
}

/// The power of a level. A level at the features' floor may stand for any lower power, so it counts as silence. Half precision
/// stores the floor to within 0.004.
static double power_of(float level) { return level > std::log(mel_floor) + 0.005 ? std::exp(double(level)) : 0; }

std::vector<float> mel_magnitudes(const MelBank & bank, const Mel & mel, const std::function<void()> & check) {
    constexpr int n_updates = 100; // mean error 0.03 of a voice's levels; twice as many updates halve it, inaudibly
    const size_t n_bins = bank.params().n_fft / 2 + 1;
    const std::vector<double> areas = bin_areas(bank);
    std::vector<float> magnitudes(n_bins * mel.n_frames);
    std::vector<double> wanted(mel.n_mels), power(n_bins), pull(n_bins);
    for (size_t frame = 0; frame < mel.n_frames; frame++) {
        check();
        for (size_t m = 0; m < mel.n_mels; m++) {
            wanted[m] = power_of(mel.data[m * mel.n_frames + frame]);
        }
        std::fill(power.begin(), power.end(), 1.0);
        for (int i = 0; i < n_updates; i++) {
            update_power(bank, areas, wanted, power, pull);
        }
        std::transform(power.begin(), power.end(), magnitudes.begin() + ptrdiff_t(frame * n_bins), [](double x) { return float(std::sqrt(x)); });
    }
    return magnitudes;
}

// --- phases ---------------------------------------------------------------------------------------------------

static Spectra start_spectra(const std::vector<float> & magnitudes) {
    constexpr uint64_t key = 0; // the same start for all, so that equal codes sound equal
    Spectra spectra;
    spectra.re.resize(magnitudes.size());
    spectra.im.resize(magnitudes.size());
    for (size_t i = 0; i < magnitudes.size(); i++) {
        const double phase = 2 * pi * uniform(key, i);
        spectra.re[i] = float(magnitudes[i] * std::cos(phase));
        spectra.im[i] = float(magnitudes[i] * std::sin(phase));
    }
    return spectra;
}

/// Updates `spectra`: takes the phases of the sound's spectra, extrapolated by `momentum` times their last change, and the
/// wanted magnitudes. `last` becomes `sound`.
static void step(const Spectra & sound, Spectra & last, const std::vector<float> & magnitudes, float momentum, Spectra & spectra) {
    for (size_t i = 0; i < magnitudes.size(); i++) {
        const float re = sound.re[i] + momentum * (sound.re[i] - last.re[i]), im = sound.im[i] + momentum * (sound.im[i] - last.im[i]);
        const float length = std::sqrt(re * re + im * im);
        const float scale = length > 0 ? magnitudes[i] / length : 0;
        spectra.re[i] = re * scale;
        spectra.im[i] = im * scale;
        last.re[i] = sound.re[i];
        last.im[i] = sound.im[i];
    }
}

static void scale_down(std::vector<float> & samples) {
    float largest = 0;
    for (const float sample : samples) {
        largest = std::max(largest, std::fabs(sample));
    }
    if (largest > 1) {
        for (float & sample : samples) {
            sample /= largest;
        }
    }
}

std::vector<float> griffin_lim(const MelBank & bank, const Mel & mel, uint32_t n_iterations, const std::function<void()> & check) {
    Stft stft(bank, mel.n_frames);
    const std::vector<float> magnitudes = mel_magnitudes(bank, mel, check);
    Spectra spectra = start_spectra(magnitudes), sound, last;
    for (uint32_t i = 0; i < n_iterations; i++) {
        check();
        stft.inverse(spectra);
        stft.forward(sound);
        if (i == 0) {
            last = sound;
        }
        step(sound, last, magnitudes, 0.99f, spectra);
    }
    stft.inverse(spectra);
    std::vector<float> samples = stft.samples();
    scale_down(samples);
    return samples;
}

} // namespace clvp
