// The building blocks shared by the towers. Shapes are in GGML's order: the contiguous dimension first.
#pragma once

#include "model/hparams.h"
#include "model/weights.h"
#include "runtime/trace.h"

namespace clvp {

/// Whether operations with this tensor of the model are computed on the CPU.
bool is_on_cpu(const ggml_tensor * weight);
/// a [n, rows, ...], b [n, columns, ...] -> a^T b [rows, columns, ...], summed in F32: GPUs would otherwise sum in half precision.
ggml_tensor * product(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b);
/// x [n_in, ...] -> [n_out, ...]
ggml_tensor * linear(ggml_context * ctx, const Linear & layer, ggml_tensor * x);
/// Rows `first` .. first+n-1 of an embedding table [n_embd, n_rows], as a view [n_embd, n].
ggml_tensor * table_rows(ggml_context * ctx, ggml_tensor * table, int64_t first, int64_t n);
/// Layer norm over dimension 0, or RMS norm without a bias.
ggml_tensor * normalise(ggml_context * ctx, const Norm & norm, ggml_tensor * x);

// The parts of a block. With tiled matrices each is one or two operations: x is normalised and rounded in one pass, and
// intermediate results that only feed another product are never written as F32. The norms must live until the graph has run.

/// linear(normalise(x))
ggml_tensor * norm_linear(ggml_context * ctx, const Norm & norm, const Linear & layer, ggml_tensor * x);
/// residual + linear(x)
ggml_tensor * linear_add(ggml_context * ctx, const Linear & layer, ggml_tensor * x, ggml_tensor * residual);
/// x + down(act(up(normalise(x)))), or x + down(values * act(gates)) if `up` is twice as wide as the input of `down`.
ggml_tensor * feed_forward(ggml_context * ctx, const Block & block, const std::string & act, ggml_tensor * x);

/// q, k, v of one fused product, as views.
struct Heads {
    ggml_tensor * q; // F32 [d_head, n_head, n_tokens, n_batch], like k and v
    ggml_tensor * k; // with a past, n_keys in place of n_tokens
    ggml_tensor * v;
};

/// Splits qkv [3*n_embd, n_tokens, n_batch].
Heads split_heads(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head);

/// softmax(k^T q / sqrt(d_head) + mask) v of each sequence. The mask is null, F16 [n_keys, n_tokens], or F32
/// [n_keys, n_tokens, 1, n_batch]; the trace records the weights if enabled. Returns [n_embd, n_tokens, n_batch].
ggml_tensor * attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, Trace * trace = nullptr);

} // namespace clvp
