// The decoder's prompt: its checks, its length, and its embeddings.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"
#include "runtime/graph.h"

namespace clvp {

/// Number of positions that the decoder reads before the first drawn token.
uint32_t prompt_length(const Prompt & prompt, const Params & params);
/// Indices of the positions that later tokens see; empty for all.
std::vector<int32_t> visible_rows(const Prompt & prompt);
/// Number of positions that later tokens see.
uint32_t visible_length(const Prompt & prompt, const Params & params);
/// Number of leading written_ids() that the repetition penalty ignores.
uint32_t padding_length(const Prompt & prompt);
/// Position of the first drawn token; later tokens count up from it.
uint32_t first_position(const Prompt & prompt, Positions positions);
/// The positions that a call asks for, or else the model's. The functions below and the decoder expect one of these, never `model`.
inline Positions positions_of(Positions asked, const Params & params) { return asked == Positions::model ? params.positions : asked; }
/// The ids that count as history before the first drawn token.
std::vector<int32_t> written_ids(const Prompt & prompt, const Params & params);
/// Throws invalid_argument if the prompt does not fit the model or leaves no room for max_tokens.
void check_prompt(const Prompt & prompt, Positions positions, uint32_t max_tokens, const Params & params);

/// Runs a text prompt through the conditioning encoder. Returns other prompts unchanged.
Prompt ready_prompt(Call & call, const Weights & weights, const Params & params, const Prompt & prompt);

/// The tokens of a token prompt as rows; no rows for any other prompt.
Rows token_rows(const Prompt & prompt);
/// [n_embd, prompt_length], positions included. The prompt must not be a TextPrompt, and must live until the graph runs.
ggml_tensor * embed_prompt(Graph & graph, const Weights & weights, const Params & params, const Prompt & prompt, Positions positions);

} // namespace clvp
