#include "decoder.h"

#include "conditioning.h"
#include "ops.h"

#include <cmath>
#include <limits>

namespace clvp {

namespace {

/// A decoder block around its attention: `attend` gets q, k, v and gives [n_embd, n_tokens].
template <typename Attend> ggml_tensor * block_forward(ggml_context * ctx, const Block & block, const DecoderParams & p, ggml_tensor * x, Attend attend) {
    ggml_tensor * y = layer_norm(ctx, block.attn_norm, x, p.eps);
    y = attend(split_heads(ctx, linear(ctx, block.qkv, y), p.n_head));
    x = ggml_add(ctx, linear(ctx, block.out, y), x);
    y = layer_norm(ctx, block.ffn_norm, x, p.eps);
    y = activation(ctx, act_from_name(p.act), linear(ctx, block.up, y));
    return ggml_add(ctx, x, linear(ctx, block.down, y));
}

/// x [n_embd, n_rows] -> logits [n_vocab, n_rows]. The reference's final norm has torch's default eps.
ggml_tensor * head_forward(ggml_context * ctx, const DecoderWeights & w, const DecoderParams & p, ggml_tensor * x) {
    x = layer_norm(ctx, w.norm, x, p.eps);
    x = layer_norm(ctx, w.final_norm, x, 1e-5f);
    return linear(ctx, w.lm_head, x);
}

/// F16 [n, n]: row q hides the keys after q.
std::vector<ggml_fp16_t> causal_mask(int64_t n) {
    const ggml_fp16_t hidden = ggml_fp32_to_fp16(-std::numeric_limits<float>::infinity());
    std::vector<ggml_fp16_t> mask(static_cast<size_t>(n * n), ggml_fp32_to_fp16(0.0f));
    for (int64_t q = 0; q < n; q++) {
        for (int64_t k = q + 1; k < n; k++) {
            mask[static_cast<size_t>(q * n + k)] = hidden;
        }
    }
    return mask;
}

/// Stores a layer's keys and values of the prefix.
void store_prefix(Graph & graph, const KvCache & cache, uint32_t layer, const Heads & heads) {
    ggml_context * ctx = graph.ctx();
    const int64_t n_embd = heads.v->ne[0] * heads.v->ne[1];
    ggml_tensor * values = ggml_view_2d(ctx, heads.v, n_embd, heads.v->ne[2], heads.v->nb[2], 0);
    graph.effect(ggml_cpy(ctx, heads.k, cache.prefix_k(layer)));
    graph.effect(ggml_cpy(ctx, ggml_transpose(ctx, values), cache.prefix_v(layer)));
}

/// One query a candidate, against the shared prefix in one product and against the candidate's own keys.
ggml_tensor * step_attention(ggml_context * ctx, const KvCache & cache, uint32_t layer, const Heads & heads) {
    const int64_t d_head = heads.q->ne[0], n_head = heads.q->ne[1], n_rows = heads.q->ne[2];
    const int64_t n_prefix = cache.n_prefix(), n_own = cache.n_own() + 1;
    const auto live = static_cast<uint32_t>(n_rows);

    ggml_tensor * q_all = ggml_cont(ctx, ggml_permute(ctx, heads.q, 0, 2, 1, 3)); // [d_head, n_rows, n_head]
    ggml_tensor * q_own = ggml_view_4d(ctx, heads.q, d_head, 1, n_head, n_rows, heads.q->nb[1], heads.q->nb[1], heads.q->nb[2], 0);

    ggml_tensor * on_prefix = ggml_mul_mat(ctx, cache.prefix_keys(ctx, layer), q_all); // [n_prefix, n_rows, n_head]
    ggml_tensor * on_own = ggml_mul_mat(ctx, cache.own_keys(ctx, layer, live), q_own); // [n_own, 1, n_head, n_rows]
    on_own = ggml_cont(ctx, ggml_permute(ctx, on_own, 0, 3, 2, 1));                    // [n_own, n_rows, n_head, 1]

    ggml_tensor * scores = ggml_concat(ctx, on_prefix, on_own, 0); // [n_prefix + n_own, n_rows, n_head]
    scores = ggml_soft_max_ext(ctx, scores, nullptr, 1.0f / std::sqrt(static_cast<float>(d_head)), 0.0f);

    ggml_tensor * p_prefix = ggml_cont(ctx, ggml_view_3d(ctx, scores, n_prefix, n_rows, n_head, scores->nb[1], scores->nb[2], 0));
    ggml_tensor * p_own = ggml_view_4d(ctx, scores, n_own, 1, n_head, n_rows, scores->nb[1], scores->nb[2], scores->nb[1], n_prefix * scores->nb[0]);

    ggml_tensor * from_prefix = ggml_mul_mat(ctx, cache.prefix_values(ctx, layer), p_prefix); // [d_head, n_rows, n_head]
    ggml_tensor * from_own = ggml_mul_mat(ctx, cache.own_values(ctx, layer, live), p_own);    // [d_head, 1, n_head, n_rows]
    from_prefix = ggml_cont(ctx, ggml_permute(ctx, from_prefix, 0, 2, 1, 3));                 // [d_head, n_head, n_rows]
    from_own = ggml_reshape_3d(ctx, from_own, d_head, n_head, n_rows);
    return ggml_reshape_2d(ctx, ggml_add(ctx, from_prefix, from_own), d_head * n_head, n_rows);
}

} // namespace

std::vector<float> prefill(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, const std::vector<float> & voice,
                           const std::vector<int32_t> & ids, PrefixPositions prefix_positions) {
    const DecoderParams & p = params.decoder;
    Graph graph(backend, graph_nodes(p.n_layer));
    ggml_context * ctx = graph.ctx();

    ggml_tensor * first_position = table_rows(ctx, weights.dec.pos_embd, start_position, 1);
    ggml_tensor * mel_start = ggml_add(ctx, table_rows(ctx, weights.dec.token_embd, p.bos, 1), first_position);
    ggml_tensor * x = embed_prefix(graph, weights, voice, ids); // [n_embd, 1 + n_ids]
    x = ggml_concat(ctx, x, mel_start, 1);                      // [n_embd, n_prefix]

    if (prefix_positions == PrefixPositions::reference) {
        // The reference takes away position i and trusts its decoder to add it again; but that adds position 0 to all rows.
        x = ggml_add(ctx, ggml_sub(ctx, x, table_rows(ctx, weights.dec.pos_embd, 0, x->ne[1])), first_position);
    }

    const int64_t n = x->ne[1];
    const std::vector<ggml_fp16_t> hide = causal_mask(n);
    ggml_tensor * mask = graph.input("mask", GGML_TYPE_F16, { n, n }, hide.data());
    for (uint32_t i = 0; i < p.n_layer; i++) {
        x = block_forward(ctx, weights.dec.blocks[i], p, x, [&](const Heads & heads) {
            store_prefix(graph, cache, i, heads);
            return ggml_reshape_2d(ctx, self_attention(ctx, heads, mask), p.n_embd, n);
        });
    }
    ggml_tensor * last = ggml_view_2d(ctx, x, p.n_embd, 1, x->nb[1], (n - 1) * x->nb[1]);
    ggml_tensor * logits = graph.output("logits", head_forward(ctx, weights.dec, p, last));
    graph.run();
    return Graph::read(logits);
}

std::vector<float> decode_step(Backend & backend, const Weights & weights, const Params & params, KvCache & cache, std::vector<int32_t> tokens,
                               bool deterministic) {
    const DecoderParams & p = params.decoder;
    const size_t n_live = tokens.size();
    if (deterministic && tokens.size() < deterministic_rows) {
        tokens.resize(deterministic_rows, tokens.front()); // their slots are free, and their results dropped
    }
    const auto n_rows = static_cast<uint32_t>(tokens.size());
    cache.reserve_next(n_rows);

    Graph graph(backend, graph_nodes(p.n_layer));
    ggml_context * ctx = graph.ctx();
    ggml_tensor * x = ggml_get_rows(ctx, weights.dec.token_embd, graph.input("tokens", tokens)); // [n_embd, n_rows]
    x = ggml_add(ctx, x, table_rows(ctx, weights.dec.pos_embd, token_position(cache.n_own()), 1));
    for (uint32_t i = 0; i < p.n_layer; i++) {
        x = block_forward(ctx, weights.dec.blocks[i], p, x, [&](const Heads & heads) {
            graph.effect(ggml_cpy(ctx, heads.k, cache.next_key(ctx, i, n_rows)));
            graph.effect(ggml_cpy(ctx, heads.v, cache.next_value(ctx, i, n_rows)));
            return step_attention(ctx, cache, i, heads);
        });
    }
    ggml_tensor * logits = graph.output("logits", head_forward(ctx, weights.dec, p, x));
    graph.run();
    cache.advance();
    std::vector<float> all = Graph::read(logits);
    all.resize(n_live * p.n_vocab);
    return all;
}

} // namespace clvp
