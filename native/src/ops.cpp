#include "ops.h"

#include "activation.h"
#include "tile.h"

#include <cmath>

namespace clvp {

ggml_tensor * linear(ggml_context * ctx, const Linear & layer, ggml_tensor * x) {
    if (is_tiled(layer.weight)) {
        return tile_product(ctx, layer.weight, layer.bias, x);
    }
    x = ggml_mul_mat(ctx, layer.weight, x);
    return layer.bias ? ggml_add(ctx, x, layer.bias) : x;
}

ggml_tensor * table_rows(ggml_context * ctx, ggml_tensor * table, int64_t first, int64_t n) {
    return ggml_view_2d(ctx, table, table->ne[0], n, table->nb[1], static_cast<size_t>(first) * table->nb[1]);
}

ggml_tensor * layer_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, float eps) {
    x = ggml_mul(ctx, ggml_norm(ctx, x, eps), norm.weight);
    return ggml_add(ctx, x, norm.bias);
}

ggml_tensor * rms_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, float eps) { return ggml_mul(ctx, ggml_rms_norm(ctx, x, eps), norm.weight); }

ggml_tensor * activation(ggml_context * ctx, const std::string & name, ggml_tensor * x) {
    return find_activation(name)(ctx, ggml_is_contiguous(x) ? x : ggml_cont(ctx, x)); // not every operation takes half of a row
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

/// The same sum with its weights at hand: for whoever wants to see them, and for masks of each sequence's own.
static ggml_tensor * explicit_attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, float scale, Trace * trace) {
    ggml_tensor * q = ggml_permute(ctx, heads.q, 0, 2, 1, 3);                 // [d_head, n_tokens, n_head, n_batch]
    ggml_tensor * k = ggml_permute(ctx, heads.k, 0, 2, 1, 3);                 // [d_head, n_keys, n_head, n_batch]
    ggml_tensor * v = ggml_cont(ctx, ggml_permute(ctx, heads.v, 1, 2, 0, 3)); // [n_keys, d_head, n_head, n_batch]
    ggml_tensor * weights = ggml_soft_max_ext(ctx, ggml_mul_mat(ctx, k, q), mask, scale, 0.0f);
    if (trace) {
        trace->attention(weights); // [n_keys, n_tokens, n_head, n_batch]
    }
    return ggml_cont(ctx, ggml_permute(ctx, ggml_mul_mat(ctx, v, weights), 0, 2, 1, 3)); // [d_head, n_head, n_tokens, n_batch]
}

ggml_tensor * attention(ggml_context * ctx, const Heads & heads, ggml_tensor * mask, Trace * trace) {
    const int64_t d_head = heads.q->ne[0], n_head = heads.q->ne[1], n_tokens = heads.q->ne[2], n_batch = heads.q->ne[3];
    const float scale = 1.0f / std::sqrt(static_cast<float>(d_head));
    ggml_tensor * mixed;
    if ((trace && trace->wants_attentions()) || (mask && mask->type != GGML_TYPE_F16)) {
        mixed = explicit_attention(ctx, heads, mask, scale, trace);
    } else {
        // With F32 keys and values flash attention sums in F32: the same numbers, and no scores of n_tokens squared in memory.
        auto by_head = [&](ggml_tensor * x) { return ggml_permute(ctx, x, 0, 2, 1, 3); };
        mixed = ggml_flash_attn_ext(ctx, by_head(heads.q), by_head(heads.k), by_head(heads.v), mask, scale, 0.0f, 0.0f);
    }
    return ggml_reshape_3d(ctx, mixed, d_head * n_head, n_tokens, n_batch);
}

} // namespace clvp
