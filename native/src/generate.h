// Drawing candidates: a prefill for each prompt, then steps over all live candidates until each has stopped.
#pragma once

#include "decoding.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_generate(const GenerateOptions & options);

/// Does the caller see or change the steps? Its rows then go on side by side, all of one length.
bool is_watched(const GenerateOptions & options);

/// Draws all candidates of all requests, as many at a time as the largest batch_size. A request that is watched comes alone.
std::vector<Generated> generate(const Decoder & decoder, const std::vector<Request> & requests);

} // namespace clvp
