// Beam search in transformers' arithmetic: searches for the most likely rows.
#pragma once

#include "generate/decoding.h"

namespace clvp {

/// Throws invalid_argument for options outside their range.
void check_beams(const BeamOptions & options);

/// Rows, best first. All beams share the keys and values of the prefix; a beam with several continuations copies only its own part.
Generated search_beams(const Decoder & decoder, const Prompt & prompt, const BeamOptions & options);

} // namespace clvp
