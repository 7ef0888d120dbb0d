#include "model/ops.h"

#include "ggml-backend.h"
#include "kernels/convolve.h"
#include "kernels/panel.h"
#include "kernels/tile.h"
#include "model/activation.h"

#include <cmath>

namespace clvp {

bool is_on_cpu(const ggml_tensor * weight) { return !weight->buffer || ggml_backend_buffer_is_host(weight->buffer); }

ggml_tensor * product(ggml_context * ctx, ggml_tensor * a, ggml_tensor * b) {
    ggml_tensor * y = ggml_mul_mat(ctx, a, b);
    ggml_prec_set_acc(y, GGML_PREC_F32);
    return y;
}

ggml_tensor * linear(ggml_context * ctx, const Linear & layer, ggml_tensor * x) {
    if (is_tiled(layer.weight)) {
        return tile_product(ctx, layer, tile_round(ctx, x));
    }
    if (is_panelled(layer.weight)) {
        return panel_convolve(ctx, layer, x, Window());
    }
    x = product(ctx, layer.weight, x);
    return layer.bias ? ggml_add(ctx, x, layer.bias) : x;
}

ggml_tensor * table_rows(ggml_context * ctx, ggml_tensor * table, int64_t first, int64_t n) {
    return ggml_view_2d(ctx, table, table->ne[0], n, table->nb[1], static_cast<size_t>(first) * table->nb[1]);
}

ggml_tensor * normalise(ggml_context * ctx, const Norm & norm, ggml_tensor * x) {
    x = ggml_mul(ctx, norm.bias ? ggml_norm(ctx, x, norm.eps) : ggml_rms_norm(ctx, x, norm.eps), norm.weight);
    return norm.bias ? ggml_add(ctx, x, norm.bias) : x;
}

ggml_tensor * norm_linear(ggml_context * ctx, const Norm & norm, const Linear & layer, ggml_tensor * x) {
    return is_tiled(layer.weight) ? tile_product(ctx, layer, tile_norm(ctx, norm, x)) : linear(ctx, layer, normalise(ctx, norm, x));
}

ggml_tensor * linear_add(ggml_context * ctx, const Linear & layer, ggml_tensor * x, ggml_tensor * residual) {
    return is_tiled(layer.weight) ? tile_product(ctx, layer, tile_round(ctx, x), residual) : ggml_add(ctx, linear(ctx, layer, x), residual);
}

static ggml_tensor * activation(ggml_context * ctx, const std::string & name, ggml_tensor * x) {
    return find_activation(name)(ctx, ggml_is_contiguous(x) ? x : ggml_cont(ctx, x)); // not every operation takes a view of half a row
}

/// First half * act(second half).
static ggml_tensor * gated(ggml_context * ctx, const std::string & act, ggml_tensor * x) {
    const int64_t n_ff = x->ne[0] / 2;
    auto half = [&](int64_t i) { return ggml_view_3d(ctx, x, n_ff, x->ne[1], x->ne[2], x->nb[1], x->nb[2], static_cast<size_t>(i * n_ff) * x->nb[0]); };
    return ggml_mul(ctx, activation(ctx, act, half(1)), half(0));
}

ggml_tensor * feed_forward(ggml_context * ctx, const Block & block, const std::string & act, ggml_tensor * x) {
    if (is_tiled(block.up.weight) && is_tiled(block.down.weight)) {
        if (const ActivationKernel * kernel = tile_activation(act)) {
            ggml_tensor * y = tile_feed(ctx, block.up, *kernel, block.down.weight->ne[0], tile_norm(ctx, block.ffn_norm, x));
            return tile_product(ctx, block.down, y, x);
        }
    }
    ggml_tensor * y = norm_linear(ctx, block.ffn_norm, block.up, x);
    y = y->ne[0] == block.down.weight->ne[0] ? activation(ctx, act, y) : gated(ctx, act, y);
    return linear_add(ctx, block.down, y, x);
}

Heads split_heads(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head) {
    const int64_t n_embd = qkv->ne[0] / 3;
    const int64_t d_head = n_embd / n_head;
    const size_t size = ggml_element_size(qkv);
    auto part = [&](int64_t i) {
        return ggml_view_4d(ctx, qkv, d_head, n_head, qkv->ne[1], qkv->ne[2], d_head * size, qkv->nb[1], qkv->nb[2], i * n_embd * size);
    };
    return { part(0), part(1), part(2) };
}

/// The same result with explicit weights: for traces, and for masks that differ between sequences.
static ggml_tensor * explicit_attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, float scale, Trace * trace) {
    // Contiguous copies, not views: Vulkan converts views to half precision.
    ggml_tensor * q = ggml_cont(ctx, ggml_permute(ctx, heads.q, 0, 2, 1, 3)); // [d_head, n_tokens, n_head, n_batch]
    ggml_tensor * k = ggml_cont(ctx, ggml_permute(ctx, heads.k, 0, 2, 1, 3)); // [d_head, n_keys, n_head, n_batch]
    ggml_tensor * v = ggml_cont(ctx, ggml_permute(ctx, heads.v, 1, 2, 0, 3)); // [n_keys, d_head, n_head, n_batch]
    ggml_tensor * weights = ggml_soft_max_ext(ctx, product(ctx, k, q), mask, scale, 0.0f);
    if (trace) {
        trace->attention(weights); // [n_keys, n_tokens, n_head, n_batch]
    }
    return ggml_cont(ctx, ggml_permute(ctx, product(ctx, v, weights), 0, 2, 1, 3)); // [d_head, n_head, n_tokens, n_batch]
}

ggml_tensor * attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, Trace * trace) {
    const int64_t d_head = heads.q->ne[0], n_head = heads.q->ne[1], n_tokens = heads.q->ne[2], n_batch = heads.q->ne[3];
    const float scale = 1.0f / std::sqrt(static_cast<float>(d_head));
    ggml_tensor * mixed;
    if ((trace && trace->wants_attentions()) || (mask && mask->type != GGML_TYPE_F16)) {
        mixed = explicit_attention(ctx, heads, mask, scale, trace);
    } else {
        // With F32 keys and values, flash attention sums in F32: the same results without n_tokens^2 scores in memory.
        auto by_head = [&](ggml_tensor * x) { return ggml_permute(ctx, x, 0, 2, 1, 3); };
        mixed = ggml_flash_attn_ext(ctx, by_head(heads.q), by_head(heads.k), by_head(heads.v), mask, scale, 0.0f, 0.0f);
        ggml_prec_set_acc(mixed, GGML_PREC_F32);
    }
    return ggml_reshape_3d(ctx, mixed, d_head * n_head, n_tokens, n_batch);
}

} // namespace clvp
