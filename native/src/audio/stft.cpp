#include "audio/stft.h"

#include <algorithm>

namespace clvp {

static constexpr uint64_t max_values = uint64_t(1) << 25; // of spectra, and samples of a sound: with the copies of a vocoder, 1 GB

Stft::Stft(const MelBank & bank, uint32_t n_frames)
    : bank_(bank), n_frames_(n_frames), n_bins_(bank.params().n_fft / 2 + 1), n_samples_(size_t(n_frames) * bank.params().hop), n_pad_(bank.params().n_fft / 2),
      re_(bank.params().n_fft), im_(bank.params().n_fft) {
    if (uint64_t(n_frames) * n_bins_ > max_values || uint64_t(n_frames) * bank.params().hop > max_values) {
        fail(Code::invalid_argument, "Expected at most %llu spectral values but %u frames need more: use fewer codes", (unsigned long long)max_values,
             n_frames);
    }
    const std::vector<double> & window = bank.window();
    sound_.resize(n_samples_ + 2 * n_pad_);
    coverage_.resize(sound_.size());
    for (size_t frame = 0; frame < n_frames_; frame++) {
        for (size_t i = 0; i < window.size(); i++) {
            coverage_[frame * bank.params().hop + i] += window[i] * window[i];
        }
    }
    for (double & sum : coverage_) {
        sum = sum > 1e-6 ? 1 / sum : 0;
    }
}

// --- from a sound ---------------------------------------------------------------------------------------------

void Stft::load_pair(size_t frame) {
    const std::vector<double> & window = bank_.window();
    const size_t hop = bank_.params().hop;
    const bool has_second = frame + 1 < n_frames_;
    const double * first = sound_.data() + frame * hop;
    for (size_t i = 0; i < window.size(); i++) {
        re_[i] = first[i] * window[i];
        im_[i] = has_second ? first[hop + i] * window[i] : 0;
    }
}

/// Separates the spectra of two real frames: the first is the conjugate-symmetric part of the pair's spectrum, the second the
/// antisymmetric part, divided by i.
void Stft::store_pair(size_t frame, Spectra & spectra) const {
    const size_t n = re_.size(), at = frame * n_bins_;
    const bool has_second = frame + 1 < n_frames_;
    for (size_t bin = 0; bin < n_bins_; bin++) {
        const size_t mirror = (n - bin) % n;
        spectra.re[at + bin] = float((re_[bin] + re_[mirror]) / 2);
        spectra.im[at + bin] = float((im_[bin] - im_[mirror]) / 2);
        if (has_second) {
            spectra.re[at + n_bins_ + bin] = float((im_[bin] + im_[mirror]) / 2);
            spectra.im[at + n_bins_ + bin] = float((re_[mirror] - re_[bin]) / 2);
        }
    }
}

void Stft::forward(Spectra & spectra) {
    spectra.re.resize(n_bins_ * n_frames_);
    spectra.im.resize(n_bins_ * n_frames_);
    for (size_t frame = 0; frame < n_frames_; frame += 2) {
        load_pair(frame);
        bank_.fft().forward(re_, im_);
        store_pair(frame, spectra);
    }
}

// --- to a sound -----------------------------------------------------------------------------------------------

/// The spectrum of first + i second. Bin 0 of a real frame is real, as is the middle bin of an even number.
void Stft::combine_pair(size_t frame, const Spectra & spectra) {
    const size_t n = re_.size(), at = frame * n_bins_;
    const bool has_second = frame + 1 < n_frames_;
    for (size_t bin = 0; bin < n_bins_; bin++) {
        const size_t mirror = (n - bin) % n;
        const bool is_real = mirror == bin;
        const double a_re = spectra.re[at + bin], a_im = is_real ? 0 : spectra.im[at + bin];
        const double b_re = has_second ? spectra.re[at + n_bins_ + bin] : 0, b_im = has_second && !is_real ? spectra.im[at + n_bins_ + bin] : 0;
        re_[bin] = a_re - b_im;
        im_[bin] = a_im + b_re;
        re_[mirror] = a_re + b_im;
        im_[mirror] = b_re - a_im;
    }
}

void Stft::add_pair(size_t frame) {
    const std::vector<double> & window = bank_.window();
    const size_t hop = bank_.params().hop;
    const bool has_second = frame + 1 < n_frames_;
    double * first = sound_.data() + frame * hop;
    for (size_t i = 0; i < window.size(); i++) {
        const double weight = window[i] / double(window.size());
        first[i] += weight * re_[i];
        if (has_second) {
            first[hop + i] += weight * im_[i];
        }
    }
}

void Stft::reflect_ends() {
    double * sound = sound_.data() + n_pad_;
    const int64_t n = int64_t(n_samples_);
    for (int64_t i = 0; i < int64_t(n_pad_); i++) {
        sound[-1 - i] = sound[reflected(-1 - i, n)];
        sound[n + i] = sound[reflected(n + i, n)];
    }
}

void Stft::inverse(const Spectra & spectra) {
    std::fill(sound_.begin(), sound_.end(), 0.0);
    for (size_t frame = 0; frame < n_frames_; frame += 2) {
        combine_pair(frame, spectra);
        bank_.fft().forward(im_, re_); // real and imaginary parts swapped: the unscaled inverse
        add_pair(frame);
    }
    for (size_t i = 0; i < sound_.size(); i++) {
        sound_[i] *= coverage_[i];
    }
    reflect_ends();
}

std::vector<float> Stft::samples() const { return std::vector<float>(sound_.begin() + ptrdiff_t(n_pad_), sound_.begin() + ptrdiff_t(n_pad_ + n_samples_)); }

} // namespace clvp
