// What the decoder goes on from: its checks, its length, and the embeddings that it reads first.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"
#include "runtime/graph.h"

namespace clvp {

/// Rows that the decoder reads before the first drawn token.
uint32_t prompt_length(const Prompt & prompt, const Params & params);
/// Those of them that later tokens see; empty for all.
std::vector<int32_t> visible_rows(const Prompt & prompt);
/// How many later tokens see.
uint32_t visible_length(const Prompt & prompt, const Params & params);
/// Leading ones of written_ids() that the repetition penalty passes over.
uint32_t padding_length(const Prompt & prompt);
/// Position of the first drawn token; the next has the next. After mel start, which has 0, it is 2: 1 is never used.
uint32_t first_position(const Prompt & prompt);
/// The ids that count as written before the first drawn token.
std::vector<int32_t> written_ids(const Prompt & prompt, const Params & params);
/// Throws invalid_argument for a prompt that does not fit the model, or leaves no room for max_tokens.
void check_prompt(const Prompt & prompt, PrefixPositions prefix_positions, uint32_t max_tokens, const Params & params);

/// A text becomes what the conditioning encoder makes of it; other prompts stay as they are.
Prompt ready_prompt(Call & call, const Weights & weights, const Params & params, const Prompt & prompt);

/// The prompt's own tokens as rows; no rows for any other prompt.
Rows token_rows(const Prompt & prompt);
/// [n_embd, prompt_length], positions included. The prompt, which is no TextPrompt, must live until the graph runs.
ggml_tensor * embed_prompt(Graph & graph, const Weights & weights, const Params & params, const Prompt & prompt, PrefixPositions prefix_positions);

} // namespace clvp
