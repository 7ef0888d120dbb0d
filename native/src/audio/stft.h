// The short-time Fourier transform of a sound, in the frames that mel features have, and its inverse.
#pragma once

#include "audio/mel.h"

namespace clvp {

/// Complex spectra of frames, each [n_fft / 2 + 1], one behind the other.
struct Spectra {
    std::vector<float> re, im; // [n_bins, n_frames]
};

/// Between n_frames frames and n_frames * hop samples. Frames are centred and the ends reflected, as in MelBank.
class Stft {
public:
    /// Throws invalid_argument if so many frames would not fit in memory. The bank must outlive it.
    Stft(const MelBank & bank, uint32_t n_frames);

    size_t n_bins() const { return n_bins_; }
    size_t n_frames() const { return n_frames_; }

    /// The spectra of the sound that was last set.
    void forward(Spectra & spectra);
    /// Sets the sound: the one whose spectra come nearest to the given ones, which need be no sound's (Griffin and Lim 1984,
    /// equation 6): overlapping frames, windowed once more, over the sum of the squared windows.
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
    std::vector<double> sound_;    // with n_pad_ samples more at both ends
    std::vector<double> coverage_; // 1 / sum of squared windows at each of them; 0 where none reaches
    std::vector<double> re_, im_;  // two real frames as one complex one: half the transforms
};

} // namespace clvp
