// The speech decoder: prefix in, logits of the next token out, one step for all live candidates.
#pragma once

#include "graph.h"
#include "kv_cache.h"
#include "weights.h"

namespace clvp {

/// The position of the mel start token. The first drawn token has position 2, the next 3: position 1 is never used.
constexpr int32_t start_position = 0;
inline int32_t token_position(uint32_t n_own) { return static_cast<int32_t>(n_own) + 2; }

/// Runs [voice | text | mel start] through the decoder and fills the cache's prefix, which must have n_ids + 2 positions
/// (n_ids with bos and stops). Returns the logits [n_vocab] of the first token.
std::vector<float> prefill(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, const std::vector<float> & voice,
                           const std::vector<int32_t> & ids, PrefixPositions prefix_positions);

/// Feeds slot i of the cache tokens[i], and returns the logits [n_tokens, n_vocab] of the next tokens. `deterministic`
/// computes at least as many rows as make the rounding of a row independent of how many others there are.
std::vector<float> decode_step(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, std::vector<int32_t> tokens,
                               bool deterministic);

/// Rows that a deterministic step computes at least: with fewer, GGML's products use another kernel.
constexpr uint32_t deterministic_rows = 4;

} // namespace clvp
