// Rows of one length as the towers take them: their checks, their embeddings, their masks.
#pragma once

#include "runtime/graph.h"

namespace clvp {

/// What a tower can take.
struct RowLimits {
    uint32_t n_vocab, n_embd;
    uint32_t max_tokens;              // of a row
    uint32_t n_positions;             // positions are below
    uint32_t n_head = 0, n_layer = 0; // of the tower that the rows go through
};

/// Throws invalid_argument for ids out of range, arrays of another size than the rows call for, masks of other than 0 and 1.
void check_rows(const char * what, const Rows & rows, const RowLimits & limits, uint32_t n_past = 0);

/// Embeds ids, or takes the embeddings as they are: [n_embd, n_tokens, n_rows]. `rows` must live until the graph runs.
ggml_tensor * embed_rows(Graph & graph, ggml_tensor * table, const Rows & rows);

/// F32 [n_keys, n_tokens, 1, n_rows] to add to scores: 0 where a token sees a key, and else the lowest float, as in the
/// reference: a token that sees no key then sees all alike. Behind n_past keys, `causal` hides the tokens after each.
std::vector<float> score_mask(const Rows & rows, uint32_t n_past, bool causal);

} // namespace clvp
