// Log-mel features as transformers' ClvpFeatureExtractor computes them: cut or padded with silence to a fixed length,
// centred frames with reflected edges, periodic Hann window, power spectrum, HTK mel scale with Slaney's area
// normalisation from 0 Hz to f_max, natural logarithm clipped below at 1e-5, divided by the norms.
//
//     MelBank bank(params.mel);          // once: window, filters and FFT tables
//     Mel     mel = bank.compute(samples);
//
// After construction a MelBank is const: any number of threads may call compute().
#pragma once

#include "clvp/types.h"

#include "audio/fft.h"
#include "base/error.h"

namespace clvp {

/// Throws model_format for invalid sizes, before anything is allocated.
void validate(const MelParams & params);
/// Checks only the norms, the divisors of the channels: none, or one for each channel.
void check_norms(const std::vector<float> & norms, uint32_t n_mels);

constexpr uint64_t max_mel_values = uint64_t(1) << 26; // of one clip's features

/// Least mel power: lower values are clipped to it before the logarithm.
constexpr double mel_floor = 1e-5;

/// Index into n samples that are reflected at both ends, repeatedly if needed, without repeating the end samples.
uint32_t reflected(int64_t i, int64_t n);

/// A triangular filter: its weights for the bins starting at `first`.
struct MelFilter {
    uint32_t first = 0;
    std::vector<double> weights;
};

class MelBank {
public:
    explicit MelBank(const MelParams & params);

    /// Features of samples at the model's rate. Throws audio if there are none, or if one is not finite.
    Mel compute(const std::vector<float> & samples) const { return compute(samples, n_samples_); }
    /// The same, with samples cut or padded to another length, at least 1.
    Mel compute(const std::vector<float> & samples, uint64_t n_samples) const;

    uint32_t n_samples() const { return n_samples_; } // length that a clip is cut or padded to
    uint32_t n_frames() const { return frames_of(n_samples_); }

    const MelParams & params() const { return params_; }
    const Fft & fft() const { return fft_; }
    const std::vector<double> & window() const { return window_; }      // [n_fft]
    const std::vector<MelFilter> & filters() const { return filters_; } // [n_mels]

private:
    MelParams params_;
    uint32_t n_samples_ = 0;
    Fft fft_;
    std::vector<double> window_;
    std::vector<MelFilter> filters_;

    void make_filters();
    uint32_t frames_of(uint64_t n_samples) const;
};

} // namespace clvp
