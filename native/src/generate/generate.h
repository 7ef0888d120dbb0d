// Draws the candidates of one request in a batch of its own, in lockstep.
#pragma once

#include "generate/decoding.h"

namespace clvp {

/// Throws invalid_argument for options outside their range.
void check_generate(const GenerateOptions & options);

/// Whether the caller observes or changes the steps. Its rows then advance in lockstep, in a batch of their own.
bool is_watched(const GenerateOptions & options);

/// Draws all candidates, batch_size at a time. The prompt must not be a TextPrompt.
Generated generate(const Decoder & decoder, const Request & request);

} // namespace clvp
