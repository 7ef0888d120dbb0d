// The speech decoder: a prompt in, logits of the next token out; one step for all live candidates; whole rows at once.
#pragma once

#include "model/kv_cache.h"
#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// How a cache of that type (SessionOptions::kv_type) for this model lies on this backend. Throws invalid_argument, unsupported.
KvShape kv_shape(const Backend & backend, const Params & params, const std::string & type);
/// The same where attention weights are recorded, which only GGML's products show.
KvShape recorded(KvShape shape);

struct Prefilled {
    std::shared_ptr<const Prefix> prefix;
    DecoderOutput output; // logits [n_vocab] of the first token, and what was to be recorded
};

/// Runs a prompt through the decoder.
Prefilled prefill(Call & call, const Weights & weights, const Params & params, const KvShape & shape, const Prompt & prompt, PrefixPositions prefix_positions,
                  const Recording & record);

/// What a step reads: a row's slot in the cache, its last token and that token's position.
struct StepRow {
    uint32_t slot;
    int32_t token;
    uint32_t position;
};

/// Feeds each row its token and returns the logits [n_rows, n_vocab] of the next ones. The rows are as the cache takes them.
/// `deterministic` computes at least as many rows as make the rounding of a row independent of how many others there are.
DecoderOutput decode_step(Call & call, const Weights & weights, const Params & params, KvCache & cache, std::vector<StepRow> rows, bool deterministic,
                          const Recording & record);

/// Rows that a deterministic step computes at least: with fewer, GGML's products use another kernel.
constexpr uint32_t deterministic_rows = 4;

/// Weights of a block's matrices.
double decoder_block_weights(const DecoderParams & params);

/// Throws invalid_argument for rows that do not fit the model.
void check_decode(const DecoderRows & rows, const Params & params, const void * model);
/// Runs rows of tokens through the decoder. `model` marks the past that comes back.
DecoderOutput decode(Call & call, const Weights & weights, const Params & params, const DecoderRows & rows, const void * model);

/// The type of keys and values that suits the weights: F32 keeps exact models exact, F16 halves the cache of the others.
ggml_type kv_type(const Params & params);

} // namespace clvp
