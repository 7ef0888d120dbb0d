// The conditioning encoder: a voice's mel frames become one vector, a text's ids the embeddings behind it.
#pragma once

#include "graph.h"
#include "weights.h"

namespace clvp {

/// Puts `eos` where the reference does: at the first pad (id 0), else at the end.
std::vector<int32_t> with_stop(std::vector<int32_t> ids, int32_t eos);
/// The ids as the text encoder of generate() sees them: with one stop.
std::vector<int32_t> encoder_ids(const std::vector<int32_t> & text_ids, const Params & params);
/// The ids as the conditioning encoder sees them: bos, the text, two stops.
std::vector<int32_t> conditioning_ids(const std::vector<int32_t> & text_ids, const Params & params);

/// One clip's vector [n_embd]: conv1x1, blocks of group norm + attention + residual, then frame 0.
std::vector<float> condition_mel(Backend & backend, const Weights & weights, const Params & params, const Mel & mel);

/// Embeds a voice [n_embd] and text ids (bos and stops included) as [n_embd, 1 + n_ids].
ggml_tensor * embed_prefix(Graph & graph, const Weights & weights, const std::vector<float> & voice, const std::vector<int32_t> & ids);

} // namespace clvp
