// Attention with a bias by distance that stores no table of all pairs.
#pragma once

#include "ggml.h"

namespace clvp {

/// Whether this CPU has the kernel for panel_attend().
bool has_panel_attention();
/// softmax(k^T q / sqrt(d_head) + bias) v. qkv is [3*n_embd, n_tokens, n_batch]; bias F32 [2*n_tokens - 1, n_head] holds the bias of each
/// head by distance, from keys n_tokens-1 before the query to those after it. -> [n_embd, n_tokens, n_batch]
ggml_tensor * panel_attend(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head, ggml_tensor * bias);

} // namespace clvp
