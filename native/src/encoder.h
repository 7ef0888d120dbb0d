// The text and the speech encoder: one graph for both.
#pragma once

#include "graph.h"
#include "weights.h"

namespace clvp {

/// Encodes rows of the same number of ids, each by itself, in one graph.
std::vector<Encoding> encode(Backend & backend, const EncoderWeights & weights, const EncoderParams & params, const std::vector<std::vector<int32_t>> & rows);

} // namespace clvp
