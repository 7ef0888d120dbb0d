// The speech decoder: a prompt in, logits of the next token out; one step for all live candidates; whole rows at once.
#pragma once

#include "graph.h"
#include "kv_cache.h"
#include "weights.h"

namespace clvp {

/// Runs a prompt through the decoder and fills the cache's prefix, which must have prompt_length() positions. Returns the
/// logits [n_vocab] of the first token, and what `record` asks for.
DecoderOutput prefill(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, const Prompt & prompt,
                      PrefixPositions prefix_positions, const Recording & record);

/// Feeds slot i of the cache tokens[i], at a position, and returns the logits [n_tokens, n_vocab] of the next tokens.
/// `deterministic` computes at least as many rows as make the rounding of a row independent of how many others there are.
DecoderOutput decode_step(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, std::vector<int32_t> tokens, uint32_t position,
                          bool deterministic, const Recording & record);

/// Rows that a deterministic step computes at least: with fewer, GGML's products use another kernel.
constexpr uint32_t deterministic_rows = 4;

/// Throws invalid_argument for rows that do not fit the model.
void check_decode(const DecoderRows & rows, const Params & params, const void * model);
/// Runs rows of tokens through the decoder. `model` marks the past that comes back.
DecoderOutput decode(Backend & backend, const Weights & weights, const Params & params, const DecoderRows & rows, const void * model);

/// The type of keys and values that suits the weights: F32 keeps exact models exact, F16 halves the cache of the others.
ggml_type kv_type(const Params & params);

} // namespace clvp
