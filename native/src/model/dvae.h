// The encoder of tortoise's discrete VAE: from a mel spectrogram to speech codes.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// Codes of log-mel features divided by the norms (those of the conditioning encoder), one for each frames_per_code frames begun.
std::vector<int32_t> encode_mel(Call & call, const DvaeWeights & weights, const DvaeParams & params, const Mel & mel);

} // namespace clvp
