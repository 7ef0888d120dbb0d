// The building blocks that the towers share. Shapes are GGML's: the contiguous dimension first.
#pragma once

#include "hparams.h"
#include "trace.h"
#include "weights.h"

namespace clvp {

/// x [n_in, ...] -> [n_out, ...]
ggml_tensor * linear(ggml_context * ctx, const Linear & layer, ggml_tensor * x);
/// Rows `first` .. first+n-1 of an embedding table [n_embd, n_rows], as a view [n_embd, n].
ggml_tensor * table_rows(ggml_context * ctx, ggml_tensor * table, int64_t first, int64_t n);
/// Layer norm over dimension 0, with weight and bias.
ggml_tensor * layer_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, float eps);
/// RMS norm over dimension 0, with weight.
ggml_tensor * rms_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, float eps);
/// The activation of that name. The memory of x may be taken.
ggml_tensor * activation(ggml_context * ctx, const std::string & name, ggml_tensor * x);

/// q, k, v of one fused product, as views.
struct Heads {
    ggml_tensor * q; // F32 [d_head, n_head, n_tokens, n_batch], as k and v
    ggml_tensor * k; // n_keys in place of n_tokens where there is a past
    ggml_tensor * v;
};

/// Splits qkv [3*n_embd, n_tokens, n_batch].
Heads split_heads(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head);

/// softmax(k^T q / sqrt(d_head) + mask) v of each sequence. The mask is null, F16 [n_keys, n_tokens], or F32
/// [n_keys, n_tokens, 1, n_batch]; the trace gets the weights if it wants them. Returns [n_embd, n_tokens, n_batch].
ggml_tensor * attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, Trace * trace = nullptr);

} // namespace clvp
