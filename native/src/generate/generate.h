// Drawing the candidates of one request by itself, its rows in lockstep.
#pragma once

#include "generate/decoding.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_generate(const GenerateOptions & options);

/// Does the caller see or change the steps? Its rows then advance in lockstep, in a batch of their own.
bool is_watched(const GenerateOptions & options);

/// Draws all candidates, batch_size of them at a time. The prompt is no TextPrompt.
Generated generate(const Decoder & decoder, const Request & request);

} // namespace clvp
