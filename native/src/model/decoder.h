// The speech decoder. It computes a prompt's next-token logits, one step for all live candidates, or whole rows at once.
#pragma once

#include "model/kv_cache.h"
#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// Shape of this model's KV cache of the given type (SessionOptions::kv_type) on this backend. Throws invalid_argument, unsupported.
KvShape kv_shape(const Backend & backend, const Params & params, const std::string & type);
/// The shape to use when attention weights are recorded: only GGML's products expose them.
KvShape recorded(KvShape shape);

struct Prefilled {
    std::shared_ptr<const Prefix> prefix;
    DecoderOutput output; // logits [n_vocab] of the first token, and the recorded states
};

/// Runs a prompt through the decoder.
Prefilled prefill(Call & call, const Weights & weights, const Params & params, const KvShape & shape, const Prompt & prompt, Positions positions,
                  const Recording & record);

/// The input of a step: a row's slot in the cache, its last token and that token's position.
struct StepRow {
    uint32_t slot;
    int32_t token;
    uint32_t position;
};

/// Feeds each row its token and returns the logits [n_rows, n_vocab] of the next tokens. The rows must suit the cache's layout.
/// `deterministic` computes at least deterministic_rows rows, so that a row's rounding does not depend on the number of rows.
DecoderOutput decode_step(Call & call, const Weights & weights, const Params & params, KvCache & cache, std::vector<StepRow> rows, bool deterministic,
                          const Recording & record);

/// Least number of rows in a deterministic step: with fewer, GGML's products use another kernel.
constexpr uint32_t deterministic_rows = 4;

/// Number of weights in a block's matrices.
double decoder_block_weights(const DecoderParams & params);

/// Throws invalid_argument for rows that do not fit the model.
void check_decode(const DecoderRows & rows, const Params & params, const void * model);
/// Runs rows of tokens through the decoder. `model` identifies the model in the returned past.
DecoderOutput decode(Call & call, const Weights & weights, const Params & params, const DecoderRows & rows, const void * model);

/// The default type of keys and values: F32 for F32 models, to keep them exact, else F16, which halves the cache.
ggml_type kv_type(const Params & params);

} // namespace clvp
