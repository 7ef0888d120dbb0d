// Samplers: from noise to a spectrogram, by passes of the diffusion model.
#pragma once

#include "clvp/speech.h"

#include <functional>

namespace clvp {

/// The model's answer to a spectrogram at a time: noise and variance for each frame, [2 * n_mels, n_frames]; with `free`, followed by that
/// without a condition.
using Pass = std::function<std::vector<float>(const std::vector<float> & x, float time, bool free)>;

/// Throws invalid_argument for settings out of range.
void check_sampler(const DiffusionSampling & options);

/// Removes the noise from x [n_mels, n_frames], all frames by frames. The result is in [-1, 1].
std::vector<float> sample(std::vector<float> x, size_t n_mels, const DiffusionSampling & options, const Pass & pass);

/// The natural logarithm of a mel magnitude that a number in [-1, 1] stands for, the range that the model was trained on.
float denormalised(float x);

} // namespace clvp
