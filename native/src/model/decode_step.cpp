// decode_step(): one token for each row.
#include "model/decoder_blocks.h"

#include "model/step_attention.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace clvp {

namespace {

/// Attention of one query per row. One product covers the shared prefix for all rows; another covers each row's own keys. Uses GGML's
/// operations, so it runs on any device.
ggml_tensor * step_attention(ggml_context * ctx, const KvCache & cache, uint32_t layer, const Heads & heads, Trace & trace) {
    const int64_t d_head = heads.q->ne[0], n_head = heads.q->ne[1], n_rows = heads.q->ne[2];
    const int64_t n_prefix = cache.prefix(0).n_positions(), n_own = cache.length(0) + 1;
    const auto live = static_cast<uint32_t>(n_rows);

    ggml_tensor * q_all = ggml_cont(ctx, ggml_permute(ctx, heads.q, 0, 2, 1, 3)); // [d_head, n_rows, n_head]
    ggml_tensor * q_own = ggml_view_4d(ctx, heads.q, d_head, 1, n_head, n_rows, heads.q->nb[1], heads.q->nb[1], heads.q->nb[2], 0);

    ggml_tensor * on_prefix = product(ctx, cache.prefix(0).keys(layer), q_all);   // [n_prefix, n_rows, n_head]
    ggml_tensor * on_own = product(ctx, cache.own_keys(ctx, layer, live), q_own); // [n_own, 1, n_head, n_rows]
    on_own = ggml_cont(ctx, ggml_permute(ctx, on_own, 0, 3, 2, 1));               // [n_own, n_rows, n_head, 1]

    ggml_tensor * scores = ggml_concat(ctx, on_prefix, on_own, 0); // [n_prefix + n_own, n_rows, n_head]
    scores = ggml_soft_max_ext(ctx, scores, nullptr, 1.0f / std::sqrt(static_cast<float>(d_head)), 0.0f);
    trace.attention(ggml_permute(ctx, scores, 0, 3, 2, 1)); // [n_prefix + n_own, 1, n_head, n_rows]

    ggml_tensor * p_prefix = ggml_cont(ctx, ggml_view_3d(ctx, scores, n_prefix, n_rows, n_head, scores->nb[1], scores->nb[2], 0));
    ggml_tensor * p_own = ggml_view_4d(ctx, scores, n_own, 1, n_head, n_rows, scores->nb[1], scores->nb[2], scores->nb[1], n_prefix * scores->nb[0]);
    p_own = ggml_cont(ctx, p_own); // the view may be unaligned, and Vulkan's products end the process for an unaligned operand

    ggml_tensor * from_prefix = product(ctx, cache.prefix(0).values(layer), p_prefix); // [d_head, n_rows, n_head]
    ggml_tensor * from_own = product(ctx, cache.own_values(ctx, layer, live), p_own);  // [d_head, 1, n_head, n_rows]
    from_prefix = ggml_cont(ctx, ggml_permute(ctx, from_prefix, 0, 2, 1, 3));          // [d_head, n_head, n_rows]
    from_own = ggml_reshape_3d(ctx, from_own, d_head, n_head, n_rows);
    return ggml_reshape_2d(ctx, ggml_add(ctx, from_prefix, from_own), d_head * n_head, n_rows);
}

/// Appends a step's keys and values to those of its rows.
void store_next(Graph & graph, const KvCache & cache, uint32_t layer, const Heads & heads, uint32_t n_rows) {
    ggml_context * ctx = graph.ctx();
    graph.expand(ggml_cpy(ctx, heads.k, cache.next_keys(ctx, layer, n_rows)));
    const ggml_tensor * v = heads.v;
    ggml_tensor * by_channel = ggml_view_4d(ctx, heads.v, 1, v->ne[0], v->ne[1], v->ne[2], v->nb[0], v->nb[1], v->nb[2], 0);
    graph.expand(ggml_cpy(ctx, by_channel, cache.next_values(ctx, layer, n_rows)));
}

/// Adds rows in free slots for one step, up to the number from which rounding does not depend on the number of rows.
class Padding {
public:
    Padding(std::vector<StepRow> & rows, KvCache & cache) : cache_(cache) {
        const StepRow model = rows.front();
        for (uint32_t slot = 0; slot < cache.n_slots() && rows.size() < deterministic_rows; slot++) {
            if (cache.is_free(slot)) {
                slots_.push_back(slot);
                cache.fill(slot, model.slot);
                rows.push_back({ slot, model.token, model.position });
            }
        }
    }
    ~Padding() {
        for (uint32_t slot : slots_) {
            cache_.close(slot);
        }
    }
    Padding(const Padding &) = delete;
    Padding & operator=(const Padding &) = delete;

private:
    KvCache & cache_;
    std::vector<uint32_t> slots_;
};

} // namespace

DecoderOutput decode_step(Call & call, const Weights & weights, const Params & params, KvCache & cache, std::vector<StepRow> rows, bool deterministic,
                          const Recording & record) {
    const DecoderParams & p = params.decoder;
    const size_t n_live = rows.size();
    std::optional<Padding> padding;
    if (deterministic) {
        padding.emplace(rows, cache);
    }
    const auto n_rows = static_cast<uint32_t>(rows.size());
    std::vector<uint32_t> slots;
    std::vector<int32_t> tokens, positions;
    for (const StepRow & row : rows) {
        slots.push_back(row.slot);
        tokens.push_back(row.token);
        positions.push_back(static_cast<int32_t>(row.position));
    }
    for (uint32_t slot : slots) {
        cache.reserve(slot);
    }

    Graph graph(call.backend(), graph_nodes(p.n_layer));
    ggml_context * ctx = graph.ctx();
    Trace trace(graph, record.hidden_states, record.attentions);
    StepAttention own_attention(cache, slots, call.backend().n_threads());
    ggml_tensor * x = ggml_get_rows(ctx, weights.dec.token_embd, graph.input("tokens", tokens)); // [n_embd, n_rows]
    x = ggml_add(ctx, x, ggml_get_rows(ctx, weights.dec.pos_embd, graph.input("positions", positions)));
    x = blocks_forward(graph, weights.dec, p, x, trace, 0, p.n_layer, [&](uint32_t i, ggml_tensor * qkv) {
        if (cache.takes_any_rows()) {
            return own_attention(ctx, i, qkv);
        }
        const Heads heads = split_heads(ctx, qkv, p.n_head);
        store_next(graph, cache, i, heads, n_rows);
        return step_attention(ctx, cache, i, heads, trace);
    });
    ggml_tensor * logits = graph.output("logits", head_forward(ctx, weights.dec, x));
    graph.run();
    slots.resize(n_live);
    cache.advance(slots);

    DecoderOutput output;
    output.logits = Graph::read(logits);
    trace.read(output);
    auto live = [&](std::vector<float> & all) { all.resize(all.size() / n_rows * n_live); };
    live(output.logits);
    std::for_each(output.hidden_states.begin(), output.hidden_states.end(), live);
    std::for_each(output.attentions.begin(), output.attentions.end(), live);
    return output;
}

} // namespace clvp
