// Log-mel features as transformers' ClvpFeatureExtractor computes them: cut or padded with silence to a fixed length,
// centred frames with reflected edges, periodic Hann window, power spectrum, HTK mel scale with Slaney's area
// normalisation from 0 Hz to f_max, natural logarithm clipped below at 1e-5, divided by the norms.
//
//     MelBank bank(params.mel);          // once: window, filters and FFT tables
//     Mel     mel = bank.compute(samples);
//
// After construction a MelBank is const: any number of threads may call compute().
#pragma once

#include "check.h"

namespace clvp {

/// Discrete Fourier transform of any length in double precision: radix 2 for powers of two, else by Bluestein's
/// algorithm, which turns the transform into a convolution of a power-of-two length.
class Fft {
public:
    explicit Fft(uint32_t n);

    /// Transforms in place, exp(-2 pi i jk / n), unscaled. Both of size n.
    void forward(std::vector<double> & re, std::vector<double> & im) const;

private:
    uint32_t n_ = 0;                            // of the transform
    uint32_t n_fast_ = 0;                       // power of two that it is computed with; n_ if that is one
    std::vector<double> cos_, sin_;             // of 2 pi k / n_fast_, k < n_fast_ / 2
    std::vector<uint32_t> reversed_;            // bit-reversed indices
    std::vector<double> chirp_re_, chirp_im_;   // exp(-pi i k^2 / n_), k < n_
    std::vector<double> kernel_re_, kernel_im_; // transform of the conjugate chirp

    void radix2(double * re, double * im) const;
    void bluestein(std::vector<double> & re, std::vector<double> & im) const;
};

/// Throws model_format for sizes that make no sense, before anything is allocated for them.
void validate(const MelParams & params);

class MelBank {
public:
    explicit MelBank(const MelParams & params);

    /// Features of samples at the model's rate. Throws audio if there are none, or if one is not finite.
    Mel compute(const std::vector<float> & samples) const { return compute(samples, n_samples_); }
    /// The same for another length that the samples are cut or padded to. At least 1.
    Mel compute(const std::vector<float> & samples, uint64_t n_samples) const;

    uint32_t n_samples() const { return n_samples_; } // that a clip is cut or padded to
    uint32_t n_frames() const { return frames_of(n_samples_); }

private:
    /// A triangular filter: its weights for the bins from `first` on.
    struct Filter {
        uint32_t first = 0;
        std::vector<double> weights;
    };

    MelParams params_;
    uint32_t n_samples_ = 0;
    Fft fft_;
    std::vector<double> window_;  // [n_fft]
    std::vector<Filter> filters_; // [n_mels]

    void make_filters();
    uint32_t frames_of(uint64_t n_samples) const;
};

} // namespace clvp
