#include "model/encoder.h"

#include "clvp/limits.h"
#include "model/ops.h"
#include "model/pieces.h"
#include "model/rows.h"
#include "runtime/graph.h"
#include "runtime/trace.h"

namespace clvp {

namespace {

/// Rotates the leading n_rot dimensions of q, k and v: the reference rotates the values too. `positions` has one entry for
/// each token of each row.
ggml_tensor * rotate(ggml_context * ctx, const EncoderParams & p, ggml_tensor * qkv, ggml_tensor * positions) {
    if (p.n_rot == 0) {
        return qkv;
    }
    const int64_t d_head = p.n_embd / p.n_head, n = qkv->ne[1] * qkv->ne[2];
    ggml_tensor * heads = ggml_reshape_3d(ctx, qkv, d_head, 3 * p.n_head, n);
    auto rope = [&](ggml_tensor * x) {
        return ggml_rope_ext(ctx, x, positions, nullptr, static_cast<int>(p.n_rot), GGML_ROPE_TYPE_NEOX, 0, p.rope_base, 1.0f, 0.0f, 1.0f, 0.0f, 0.0f);
    };
    if (d_head % 2 == 0) {
        heads = rope(heads);
    } else { // GGML's CPU rope copies the other dimensions in pairs, and so writes past the end of an odd head
        auto part = [&](int64_t from, int64_t width) {
            return ggml_view_3d(ctx, heads, width, heads->ne[1], n, heads->nb[1], heads->nb[2], from * heads->nb[0]);
        };
        heads = ggml_concat(ctx, rope(part(0, p.n_rot)), part(p.n_rot, d_head - p.n_rot), 0);
    }
    return ggml_reshape_3d(ctx, heads, qkv->ne[0], qkv->ne[1], qkv->ne[2]);
}

ggml_tensor * block_forward(ggml_context * ctx, const Block & block, const EncoderParams & p, ggml_tensor * x, ggml_tensor * positions, ggml_tensor * mask,
                            Trace & trace) {
    ggml_tensor * y = rotate(ctx, p, norm_linear(ctx, block.attn_norm, block.qkv, x), positions);
    y = attention(ctx, split_heads(ctx, y, p.n_head), mask, &trace);
    return feed_forward(ctx, block, p.act, linear_add(ctx, block.out, y, x));
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

void check_encode(const char * what, const Rows & rows, const EncoderParams & p) {
    // The reference computes rotary angles only for as many positions as a row has tokens.
    check_rows(what, rows, { p.n_vocab, p.n_embd, limits::row_codes, rows.n_tokens, p.n_head, p.n_layer });
}

/// Multiplications of one block for one token.
static double block_work(const EncoderParams & p) { return double(p.n_embd) * (4.0 * p.n_embd + 3.0 * p.n_ff); }

EncoderOutput encode(Call & call, const EncoderWeights & weights, const EncoderParams & p, const Rows & rows) {
    const size_t n_tokens = static_cast<size_t>(rows.n_rows) * rows.n_tokens;
    std::vector<int32_t> positions = rows.positions;
    for (uint32_t i = 0; positions.size() < n_tokens; i++) {
        positions.push_back(static_cast<int32_t>(i % rows.n_tokens));
    }
    const std::vector<float> hide = rows.mask.empty() ? std::vector<float>() : score_mask(rows, 0, false);
    EncoderOutput output;
    std::vector<float> between;
    for (Pieces pieces(call, weights.blocks.size(), block_work(p) * static_cast<double>(n_tokens)); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        Trace trace(graph, rows.hidden_states, rows.attentions);
        ggml_tensor * at = p.n_rot ? graph.input("positions", positions) : nullptr;
        ggml_tensor * mask = hide.empty() ? nullptr : graph.input("mask", GGML_TYPE_F32, { rows.n_tokens, rows.n_tokens, 1, rows.n_rows }, hide.data());
        ggml_tensor * x = pieces.is_first() ? embed_rows(graph, weights.token_embd, rows) // [n_embd, n_tokens, n_rows]
                                            : graph.input("between", GGML_TYPE_F32, { p.n_embd, rows.n_tokens, rows.n_rows }, between.data());
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            trace.hidden(x);
            x = graph.expand(block_forward(ctx, weights.blocks[i], p, x, at, mask, trace));
        }
        if (!pieces.is_last()) {
            between = graph.result("between", x);
            trace.read(output);
            continue;
        }
        ggml_tensor * hidden = graph.output("last_hidden", normalise(ctx, weights.norm, x));
        trace.hidden(hidden);
        ggml_tensor * pooled = graph.output("pooled", pool(ctx, p, hidden)); // includes masked positions
        // Row by row: in a product of several rows, the order of the sums depends on how many rows there are.
        ggml_tensor * each = product(ctx, weights.proj, ggml_reshape_3d(ctx, pooled, pooled->ne[0], 1, pooled->ne[1]));
        ggml_tensor * embeds = graph.output("embeds", ggml_reshape_2d(ctx, each, each->ne[0], each->ne[2]));
        graph.run();
        output.last_hidden = Graph::read(hidden);
        output.pooled = Graph::read(pooled);
        output.embeds = Graph::read(embeds);
        trace.read(output);
    }
    return output;
}

} // namespace clvp
