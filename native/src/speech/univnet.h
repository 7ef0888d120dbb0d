// UnivNet: a mel spectrogram and noise to sound, in windows of a fixed length.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

size_t univnet_nodes(const VocoderParams & params);

/// Sound of a spectrogram, hop() samples for each frame. mel [n_mels, n_frames], noise [n_noise, n_frames], both frame by frame. At least 4 frames.
std::vector<float> univnet(Call & call, const VocoderWeights & weights, const VocoderParams & params, const std::vector<float> & mel,
                           const std::vector<float> & noise, const Progress & progress);

} // namespace clvp
