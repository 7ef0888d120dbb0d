// Fixing codes up, embedding them and scoring them against a text.
#pragma once

#include "encoder.h"

namespace clvp {

/// Divides by the Euclidean length.
std::vector<float> normalised(std::vector<float> vector);

/// Encodes rows of any lengths: rows of one length together, as many at a time as keep memory small. In the rows' order.
std::vector<std::vector<float>> embed_rows(Backend & backend, const EncoderWeights & weights, const EncoderParams & params,
                                           const std::vector<std::vector<int32_t>> & rows);

} // namespace clvp
