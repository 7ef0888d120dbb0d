// Embedding rows of codes.
#pragma once

#include "model/encoder.h"

namespace clvp {

/// Divides each row of `width` numbers by its Euclidean length.
std::vector<float> normalised(std::vector<float> rows, size_t width);

/// Embeds rows of any lengths, [n_rows, n_proj]. Batches rows of equal length, in sizes that limit memory.
std::vector<float> embed_codes(Call & call, const EncoderWeights & weights, const EncoderParams & params, const std::vector<std::vector<int32_t>> & rows);

/// Cosines [n_rows] of a text with rows of codes.
std::vector<float> likeness(Call & call, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                            const std::vector<std::vector<int32_t>> & rows);

} // namespace clvp
