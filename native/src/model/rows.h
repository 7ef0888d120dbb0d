// Rows of one length, the input of the towers: their checks, embeddings and masks.
#pragma once

#include "clvp/towers.h"
#include "runtime/graph.h"

namespace clvp {

/// The input limits of a tower.
struct RowLimits {
    uint32_t n_vocab, n_embd;
    uint32_t max_tokens;              // in a row
    uint32_t n_positions;             // positions must be less
    uint32_t n_head = 0, n_layer = 0; // of the tower that the rows go through
};

/// Throws invalid_argument for ids that are not below n_vocab.
void check_ids(const char * what, const std::vector<int32_t> & ids, uint32_t n_vocab);

/// Throws invalid_argument for ids out of range, arrays of the wrong size, and mask values other than 0 and 1.
void check_rows(const char * what, const Rows & rows, const RowLimits & limits, uint32_t n_past = 0);

/// Embeds ids, or uses the given embeddings: [n_embd, n_tokens, n_rows]. `rows` must live until the graph runs.
ggml_tensor * embed_rows(Graph & graph, ggml_tensor * table, const Rows & rows);

/// F32 [n_keys, n_tokens, 1, n_rows] to add to scores: 0 where a token sees a key, else the lowest float, as in the reference,
/// where a token that sees no key weights all keys equally. `causal` also hides later tokens; the n_past keys come first.
std::vector<float> score_mask(const Rows & rows, uint32_t n_past, bool causal);

} // namespace clvp
