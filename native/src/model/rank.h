// Embeddings of texts and rows of codes, and how near they are.
#pragma once

#include "model/encoder.h"

namespace clvp {

/// Divides each row of `width` numbers by its Euclidean length.
std::vector<float> normalised(std::vector<float> rows, size_t width);

/// Embeds rows of any lengths, [n_rows, n_proj]. Batches rows of equal length, in sizes that limit memory.
std::vector<float> embed_codes(Call & call, const EncoderWeights & weights, const EncoderParams & params, const std::vector<std::vector<int32_t>> & rows);

/// The normalised embedding [n_proj] of a text.
std::vector<float> embed_text(Call & call, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids);

/// Normalised embeddings [n_rows, n_proj] of rows of codes.
std::vector<float> embed_speech(Call & call, const Weights & weights, const Params & params, const std::vector<std::vector<int32_t>> & rows);

/// The cosine of two normalised embeddings.
double cosine(const float * a, const float * b, size_t width);

/// Cosines [n_rows] of a text with rows of codes.
std::vector<float> likeness(Call & call, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                            const std::vector<std::vector<int32_t>> & rows);

} // namespace clvp
