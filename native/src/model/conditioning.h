// The conditioning encoder: turns a voice's mel frames into one vector, and a text's ids into the embeddings that follow it.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// The input ids of generate()'s text encoder: with one stop token.
std::vector<int32_t> encoder_ids(const std::vector<int32_t> & text_ids, const Params & params);
/// One clip's vector [n_embd]: conv1x1, blocks of group norm + attention + residual, then frame 0.
std::vector<float> condition_mel(Call & call, const Weights & weights, const Params & params, const Mel & mel);

/// Texts, each after a voice: [max(n_voices, n_rows), n_tokens + 3, n_embd]. See Session::conditioning.
std::vector<float> condition_rows(Call & call, const Weights & weights, const Params & params, const std::vector<float> & voices, const Rows & text);
/// Throws invalid_argument for voices and texts that do not fit the model or each other.
void check_conditioning(const std::vector<float> & voices, const Rows & text, const Params & params);

} // namespace clvp
