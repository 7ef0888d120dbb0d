// Sizes of the speech stages, read from a file's keys. A stage that the file lacks keeps sizes of 0.
#pragma once

#include "clvp/model.h"

namespace clvp {

// All throw model_format, naming the key.

HifiganParams read_hifigan(const Values & values, const DecoderParams & decoder);
DiffusionParams read_diffusion(const Values & values, const DecoderParams & decoder);
VocoderParams read_vocoder(const Values & values, const DiffusionParams & diffusion);
RandomParams read_random(const Values & values, const Params & params);

} // namespace clvp
