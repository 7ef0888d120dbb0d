// Beam search, as transformers runs it: the most likely rows rather than drawn ones.
#pragma once

#include "generate/decoding.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_beams(const BeamOptions & options);

/// Best first. Beams share the prefix's keys and values; a beam that goes on in several copies its own part only.
Generated search_beams(const Decoder & decoder, const Prompt & prompt, const BeamOptions & options);

} // namespace clvp
