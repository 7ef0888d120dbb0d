#include "audio/fft.h"

#include <cmath>
#include <utility>

namespace clvp {

static constexpr double pi = 3.14159265358979323846;

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
        fail(Code::invalid_argument, "Expected %u values for the transform but received %zu and %zu", n_, re.size(), im.size());
    }
    if (n_fast_ == n_) {
        radix2(re.data(), im.data());
    } else {
        bluestein(re, im);
    }
}

} // namespace clvp
