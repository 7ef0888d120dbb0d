// The discrete Fourier transform that mel features and the vocoder share.
#pragma once

#include "base/error.h"

namespace clvp {

/// Discrete Fourier transform of any length in double precision: radix 2 for powers of two, else by Bluestein's
/// algorithm, which turns the transform into a convolution of a power-of-two length.
class Fft {
public:
    explicit Fft(uint32_t n);

    /// Transforms in place, exp(-2 pi i jk / n), unscaled. Both have size n.
    void forward(std::vector<double> & re, std::vector<double> & im) const;

private:
    uint32_t n_ = 0;                            // length of the transform
    uint32_t n_fast_ = 0;                       // length of the radix-2 transform that computes it: n_ if that is a power of two
    std::vector<double> cos_, sin_;             // of 2 pi k / n_fast_, k < n_fast_ / 2
    std::vector<uint32_t> reversed_;            // bit-reversed indices
    std::vector<double> chirp_re_, chirp_im_;   // exp(-pi i k^2 / n_), k < n_
    std::vector<double> kernel_re_, kernel_im_; // transform of the conjugate chirp

    void radix2(double * re, double * im) const;
    void bluestein(std::vector<double> & re, std::vector<double> & im) const;
};

} // namespace clvp
