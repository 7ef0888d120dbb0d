// prefill(): a prompt, whose keys and values its candidates share.
#include "model/decoder_blocks.h"

#include "model/pieces.h"
#include "model/prompt.h"
#include "model/rows.h"

namespace clvp {

namespace {

/// Stores a layer's keys and values in the prefix: of all positions, or of the visible ones.
void store_prefix(Graph & graph, const Prefix & prefix, const KvShape & shape, uint32_t layer, const Heads & heads, ggml_tensor * visible) {
    ggml_context * ctx = graph.ctx();
    auto rows = [&](ggml_tensor * x) { // [d_head, n_head, n_positions]
        if (!visible) {
            return x;
        }
        ggml_tensor * flat = ggml_view_2d(ctx, x, x->ne[0] * x->ne[1], x->ne[2], x->nb[2], 0);
        return ggml_reshape_3d(ctx, ggml_get_rows(ctx, flat, visible), x->ne[0], x->ne[1], visible->ne[0]);
    };
    graph.expand(ggml_cpy(ctx, ggml_permute(ctx, rows(heads.k), 0, 2, 1, 3), prefix.keys(layer)));
    ggml_tensor * v = rows(heads.v);
    v = shape.values_by_channel ? ggml_permute(ctx, v, 1, 2, 0, 3) : ggml_permute(ctx, v, 0, 2, 1, 3);
    graph.expand(ggml_cpy(ctx, v, prefix.values(layer)));
}

} // namespace

Prefilled prefill(Call & call, const Weights & weights, const Params & params, const KvShape & shape, const Prompt & prompt, Positions positions,
                  const Recording & record) {
    const DecoderParams & p = params.decoder;
    const auto prefix = std::make_shared<const Prefix>(call.backend(), shape, visible_length(prompt, params));
    const int64_t n = prompt_length(prompt, params);
    const std::vector<int32_t> seen = visible_rows(prompt);
    const std::vector<float> hide_own = seen.empty() ? std::vector<float>() : score_mask(token_rows(prompt), 0, true);
    const std::vector<ggml_fp16_t> hide = seen.empty() ? causal_mask(n) : std::vector<ggml_fp16_t>();
    Prefilled done = { prefix, {} };
    std::vector<float> between;
    for (Pieces pieces(call, p.n_layer, block_work(p, static_cast<size_t>(n))); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        Trace trace(graph, record.hidden_states, record.attentions);
        ggml_tensor * x = pieces.is_first() ? embed_prompt(graph, weights, params, prompt, positions) // [n_embd, n]
                                            : graph.input("between", GGML_TYPE_F32, { p.n_embd, n }, between.data());
        ggml_tensor * visible = seen.empty() ? nullptr : graph.input("visible", seen);
        ggml_tensor * mask =
            seen.empty() ? graph.input("mask", GGML_TYPE_F16, { n, n }, hide.data()) : graph.input("mask", GGML_TYPE_F32, { n, n, 1, 1 }, hide_own.data());
        const auto from = static_cast<uint32_t>(pieces.from()), to = static_cast<uint32_t>(pieces.to());
        x = blocks_forward(graph, weights.dec, p, x, trace, from, to, [&](uint32_t i, ggml_tensor * qkv) {
            const Heads heads = split_heads(ctx, qkv, p.n_head);
            store_prefix(graph, *prefix, shape, i, heads, visible);
            return ggml_reshape_2d(ctx, attention(ctx, heads, mask, &trace), p.n_embd, n);
        });
        if (pieces.is_last()) {
            ggml_tensor * last = ggml_view_2d(ctx, x, p.n_embd, 1, x->nb[1], static_cast<size_t>(n - 1) * x->nb[1]);
            done.output.logits = graph.result("logits", head_forward(ctx, weights.dec, last));
        } else {
            between = graph.result("between", x);
        }
        trace.read(done.output);
    }
    return done;
}

} // namespace clvp
