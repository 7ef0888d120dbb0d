// The short-time Fourier transform of a sound, with the frames of mel features, and its inverse.
#pragma once

#include "audio/mel.h"

namespace clvp {

/// Complex spectra of consecutive frames, each [n_fft / 2 + 1].
struct Spectra {
    std::vector<float> re, im; // [n_bins, n_frames]
};

/// Transforms between n_frames frames and n_frames * hop samples. Frames are centred and the ends reflected, as in MelBank.
class Stft {
public:
    /// Throws invalid_argument if the frames would not fit in memory. The bank must outlive this object.
    Stft(const MelBank & bank, uint32_t n_frames);

    size_t n_bins() const { return n_bins_; }
    size_t n_frames() const { return n_frames_; }

    /// The spectra of the current sound.
    void forward(Spectra & spectra);
    /// Sets the sound to the one whose spectra are nearest to the given ones, which need not be consistent (Griffin and Lim
    /// 1984, equation 6): the windowed frames, overlapped and added, divided by the sum of the squared windows.
    void inverse(const Spectra & spectra);
    /// The sound, [n_frames * hop].
    std::vector<float> samples() const;

private:
    void load_pair(size_t frame);
    void store_pair(size_t frame, Spectra & spectra) const;
    void combine_pair(size_t frame, const Spectra & spectra);
    void add_pair(size_t frame);
    void reflect_ends();

    const MelBank & bank_;
    size_t n_frames_, n_bins_, n_samples_, n_pad_;
    std::vector<double> sound_;    // with n_pad_ extra samples at both ends
    std::vector<double> coverage_; // 1 / sum of squared windows at each sample; 0 where no window reaches
    std::vector<double> re_, im_;  // two real frames as one complex frame: halves the number of transforms
};

} // namespace clvp
