#include "encoder.h"

#include "ops.h"

namespace clvp {

namespace {

/// Rotates the leading n_rot dimensions of q, k and v alike: the reference turns the values too.
ggml_tensor * rotate(ggml_context * ctx, const EncoderParams & p, ggml_tensor * qkv, ggml_tensor * positions) {
    if (p.n_rot == 0) {
        return qkv;
    }
    const int64_t d_head = p.n_embd / p.n_head, n_tokens = qkv->ne[1], n_batch = qkv->ne[2];
    ggml_tensor * heads = ggml_reshape_4d(ctx, qkv, d_head, 3 * p.n_head, n_tokens, n_batch);
    auto rope = [&](ggml_tensor * x) {
        return ggml_rope_ext(ctx, x, positions, nullptr, static_cast<int>(p.n_rot), GGML_ROPE_TYPE_NEOX, 0, p.rope_base, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f);
    };
    if (d_head % 2 == 0) {
        heads = rope(heads);
    } else { // GGML's CPU rope copies what it does not rotate in pairs, and so writes one past an odd head
        auto part = [&](int64_t from, int64_t n) {
            return ggml_view_4d(ctx, heads, n, heads->ne[1], n_tokens, n_batch, heads->nb[1], heads->nb[2], heads->nb[3], from * heads->nb[0]);
        };
        heads = ggml_concat(ctx, rope(part(0, p.n_rot)), part(p.n_rot, d_head - p.n_rot), 0);
    }
    return ggml_reshape_3d(ctx, heads, qkv->ne[0], n_tokens, n_batch);
}

/// First half * act(second half).
ggml_tensor * gated(ggml_context * ctx, const EncoderParams & p, ggml_tensor * x) {
    auto half = [&](size_t i) { return ggml_view_3d(ctx, x, p.n_ff, x->ne[1], x->ne[2], x->nb[1], x->nb[2], i * p.n_ff * ggml_element_size(x)); };
    return ggml_mul(ctx, activation(ctx, act_from_name(p.act), half(1)), half(0));
}

ggml_tensor * block_forward(ggml_context * ctx, const Block & block, const EncoderParams & p, ggml_tensor * x, ggml_tensor * positions) {
    ggml_tensor * y = rms_norm(ctx, block.attn_norm, x, p.eps);
    y = rotate(ctx, p, linear(ctx, block.qkv, y), positions);
    y = self_attention(ctx, split_heads(ctx, y, p.n_head), nullptr);
    x = ggml_add(ctx, x, linear(ctx, block.out, y));
    y = rms_norm(ctx, block.ffn_norm, x, p.eps);
    return ggml_add(ctx, x, linear(ctx, block.down, gated(ctx, p, linear(ctx, block.up, y))));
}

/// x [n_embd, n_tokens, n_batch] -> [n_embd, n_batch]
ggml_tensor * pool(ggml_context * ctx, const EncoderParams & p, ggml_tensor * x) {
    const int64_t n_tokens = x->ne[1], n_batch = x->ne[2];
    switch (summary_from_name(p.summary)) {
    case Summary::first: return ggml_cont(ctx, ggml_view_2d(ctx, x, p.n_embd, n_batch, x->nb[2], 0));
    case Summary::last: return ggml_cont(ctx, ggml_view_2d(ctx, x, p.n_embd, n_batch, x->nb[2], (n_tokens - 1) * x->nb[1]));
    case Summary::mean: break;
    }
    ggml_tensor * by_channel = ggml_cont(ctx, ggml_transpose(ctx, x)); // [n_tokens, n_embd, n_batch]
    return ggml_reshape_2d(ctx, ggml_mean(ctx, by_channel), p.n_embd, n_batch);
}

} // namespace

std::vector<Encoding> encode(Backend & backend, const EncoderWeights & weights, const EncoderParams & p, const std::vector<std::vector<int32_t>> & rows) {
    const int64_t n_tokens = static_cast<int64_t>(rows.front().size()), n_batch = static_cast<int64_t>(rows.size());
    std::vector<int32_t> ids, positions;
    for (const auto & row : rows) {
        ids.insert(ids.end(), row.begin(), row.end());
    }
    for (int64_t i = 0; i < n_tokens; i++) {
        positions.push_back(static_cast<int32_t>(i));
    }

    Graph graph(backend, graph_nodes(weights.blocks.size()));
    ggml_context * ctx = graph.ctx();
    ggml_tensor * at = p.n_rot ? graph.input("positions", positions) : nullptr;
    ggml_tensor * x = ggml_get_rows(ctx, weights.token_embd, graph.input("ids", ids));
    x = ggml_reshape_3d(ctx, x, p.n_embd, n_tokens, n_batch);
    for (const Block & block : weights.blocks) {
        x = block_forward(ctx, block, p, x, at);
    }
    ggml_tensor * hidden = graph.output("last_hidden", layer_norm(ctx, weights.norm, x, p.eps));
    ggml_tensor * pooled = graph.output("pooled", pool(ctx, p, hidden));
    ggml_tensor * embed = graph.output("embed", ggml_mul_mat(ctx, weights.proj, pooled));
    graph.run();

    const std::vector<float> hiddens = Graph::read(hidden), pooleds = Graph::read(pooled), embeds = Graph::read(embed);
    std::vector<Encoding> encodings(rows.size());
    for (size_t i = 0; i < rows.size(); i++) {
        auto part = [&](const std::vector<float> & all) {
            const size_t n = all.size() / rows.size();
            return std::vector<float>(all.begin() + static_cast<ptrdiff_t>(i * n), all.begin() + static_cast<ptrdiff_t>((i + 1) * n));
        };
        encodings[i] = { part(hiddens), part(pooleds), part(embeds) };
    }
    return encodings;
}

} // namespace clvp
