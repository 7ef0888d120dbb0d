#include "model/decoder.h"

#include "clvp/limits.h"
#include "kernels/kernel_set.h"
#include "model/ops.h"
#include "model/past.h"
#include "model/pieces.h"
#include "model/prompt.h"
#include "model/rows.h"
#include "model/step_attention.h"
#include "runtime/graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace clvp {

namespace {

/// A decoder block with a given attention: `attend` takes q, k and v as one [3 * n_embd, ...] and returns [n_embd, ...].
template <typename Attend> ggml_tensor * block_forward(ggml_context * ctx, const Block & block, const DecoderParams & p, ggml_tensor * x, Attend attend) {
    ggml_tensor * y = attend(norm_linear(ctx, block.attn_norm, block.qkv, x));
    return feed_forward(ctx, block, p.act, linear_add(ctx, block.out, y, x));
}

/// Blocks from .. to-1, then the final norm if the last block is among them. `attend` also takes the block's number.
template <typename Attend>
ggml_tensor * blocks_forward(Graph & graph, const DecoderWeights & w, const DecoderParams & p, ggml_tensor * x, Trace & trace, uint32_t from, uint32_t to,
                             Attend attend) {
    for (uint32_t i = from; i < to; i++) {
        trace.hidden(x);
        x = graph.expand(block_forward(graph.ctx(), w.blocks[i], p, x, [&](ggml_tensor * qkv) { return attend(i, qkv); }));
    }
    if (to == p.n_layer) {
        x = normalise(graph.ctx(), w.norm, x);
        trace.hidden(x);
    }
    return x;
}

/// Multiplications of one block for n_tokens.
double block_work(const DecoderParams & p, size_t n_tokens) { return decoder_block_weights(p) * static_cast<double>(n_tokens); }

/// x [n_embd, ...] -> logits [n_vocab, ...]
ggml_tensor * head_forward(ggml_context * ctx, const DecoderWeights & w, ggml_tensor * x) { return norm_linear(ctx, w.final_norm, w.lm_head, x); }

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

/// Appends a block's keys and values to those of the past, and returns all of them, [d_head, n_head, n_keys, n_rows].
Heads join_past(Graph & graph, const KeyValues * past, const KeyValues & all, uint32_t layer, const Heads & heads) {
    ggml_context * ctx = graph.ctx();
    const int64_t n_head = heads.q->ne[1], n_past = past ? past->n_tokens() : 0, n_tokens = heads.q->ne[2];
    if (past) {
        graph.expand(ggml_cpy(ctx, past->keys(ctx, layer, n_head, 0, n_past), all.keys(ctx, layer, n_head, 0, n_past)));
        graph.expand(ggml_cpy(ctx, past->values(ctx, layer, n_head, 0, n_past), all.values(ctx, layer, n_head, 0, n_past)));
    }
    graph.expand(ggml_cpy(ctx, heads.k, all.keys(ctx, layer, n_head, n_past, n_tokens)));
    graph.expand(ggml_cpy(ctx, heads.v, all.values(ctx, layer, n_head, n_past, n_tokens)));
    return { heads.q, all.keys(ctx, layer, n_head, 0, n_past + n_tokens), all.values(ctx, layer, n_head, 0, n_past + n_tokens) };
}

/// Embeddings of rows with their types and positions, [n_embd, n_tokens, n_rows]. `positions` must live until the graph runs.
ggml_tensor * embed_decoder_rows(Graph & graph, const DecoderWeights & w, const DecoderRows & rows, const std::vector<int32_t> & positions) {
    ggml_context * ctx = graph.ctx();
    ggml_tensor * x = embed_rows(graph, w.token_embd, rows);
    auto add = [&](ggml_tensor * table, const char * name, const std::vector<int32_t> & ids) {
        ggml_tensor * found = ggml_get_rows(ctx, table, graph.input(name, ids));
        return ggml_add(ctx, x, ggml_reshape_3d(ctx, found, x->ne[0], x->ne[1], x->ne[2]));
    };
    x = add(w.pos_embd, "positions", positions);
    return rows.types.empty() ? x : add(w.token_embd, "types", rows.types);
}

uint32_t past_tokens(const DecoderRows & rows) { return rows.past ? rows.past->n_tokens() : 0; }

/// The rows' positions, by default counted from the past's length.
std::vector<int32_t> positions_of(const DecoderRows & rows) {
    if (!rows.positions.empty()) {
        return rows.positions;
    }
    std::vector<int32_t> positions;
    for (uint32_t i = 0; i < rows.n_rows * rows.n_tokens; i++) {
        positions.push_back(static_cast<int32_t>(past_tokens(rows) + i % rows.n_tokens));
    }
    return positions;
}

} // namespace

ggml_type kv_type(const Params & params) { return params.type == "f32" ? GGML_TYPE_F32 : GGML_TYPE_F16; }

KvShape kv_shape(const Backend & backend, const Params & params, const std::string & type) {
    const DecoderParams & p = params.decoder;
    const bool own_kernels = backend.on_cpu() && kernel_set();
    KvShape shape = { kv_type(params), p.n_layer, p.n_head, p.n_embd / p.n_head, !own_kernels };
    if (type == "q8_0") {
        if (!own_kernels || shape.d_head % ggml_blck_size(GGML_TYPE_Q8_0) != 0) {
            fail(Code::unsupported,
                 "a KV cache of type q8_0 needs the CPU and a head width divisible by %d, but this model has heads of width %u on %s: use f16",
                 static_cast<int>(ggml_blck_size(GGML_TYPE_Q8_0)), shape.d_head, ggml_backend_dev_name(backend.device()));
        }
        shape.type = GGML_TYPE_Q8_0;
    } else if (type == "f32" || type == "f16") {
        shape.type = type == "f32" ? GGML_TYPE_F32 : GGML_TYPE_F16;
    } else if (type != "auto") {
        fail(Code::invalid_argument, "Expected auto, f32, f16 or q8_0 for kv_type but received %s", type.c_str());
    }
    return shape;
}

KvShape recorded(KvShape shape) {
    shape.values_by_channel = true;
    shape.type = shape.type == GGML_TYPE_Q8_0 ? GGML_TYPE_F16 : shape.type;
    return shape;
}

double decoder_block_weights(const DecoderParams & p) { return double(p.n_embd) * (4.0 * p.n_embd + 2.0 * p.n_ff); }

Prefilled prefill(Call & call, const Weights & weights, const Params & params, const KvShape & shape, const Prompt & prompt, PrefixPositions prefix_positions,
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
        ggml_tensor * x = pieces.is_first() ? embed_prompt(graph, weights, params, prompt, prefix_positions) // [n_embd, n]
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

namespace {

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

void check_decode(const DecoderRows & rows, const Params & params, const void * model) {
    const DecoderParams & d = params.decoder;
    const uint32_t n_past = past_tokens(rows);
    constexpr uint32_t max_keys = limits::decoder_keys;
    check_rows("the decoder", rows, { d.n_vocab, d.n_embd, max_keys, d.n_positions, d.n_head, d.n_layer }, n_past);
    if (rows.past) {
        const auto * past = static_cast<const KeyValues *>(rows.past.get());
        if (past->model() != model || past->n_rows() != rows.n_rows) {
            fail(Code::invalid_argument, "Expected a past of %u rows made by this model but received one of %u rows%s", rows.n_rows, past->n_rows(),
                 past->model() == model ? "" : ", made by another model");
        }
    }
    if (n_past + rows.n_tokens > max_keys || (rows.positions.empty() && n_past + rows.n_tokens > d.n_positions)) {
        fail(Code::invalid_argument, "Expected at most %u tokens, including those of the past, but received %u", d.n_positions, n_past + rows.n_tokens);
    }
    if (!rows.types.empty()) {
        Rows types;
        types.n_rows = rows.n_rows;
        types.n_tokens = rows.n_tokens;
        types.ids = rows.types;
        check_rows("the token types", types, { d.n_vocab, d.n_embd, max_keys, d.n_positions });
    }
}

DecoderOutput decode(Call & call, const Weights & weights, const Params & params, const DecoderRows & rows, const void * model) {
    const DecoderParams & p = params.decoder;
    const uint32_t n_past = past_tokens(rows), n_keys = n_past + rows.n_tokens;
    const auto * past = static_cast<const KeyValues *>(rows.past.get());
    std::shared_ptr<const KeyValues> all; // only if there is a past, or if the caller keeps the result
    if (past || rows.keep) {
        all = std::make_shared<const KeyValues>(call.backend(), model, kv_type(params), p.n_layer, p.n_embd, n_keys, rows.n_rows);
    }
    const std::vector<int32_t> positions = positions_of(rows);
    const std::vector<float> hide = score_mask(rows, n_past, true);
    DecoderOutput output;
    for (Pieces pieces(call, p.n_layer, block_work(p, static_cast<size_t>(rows.n_rows) * rows.n_tokens)); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        Trace trace(graph, rows.hidden_states, rows.attentions);
        ggml_tensor * mask = graph.input("mask", GGML_TYPE_F32, { n_keys, rows.n_tokens, 1, rows.n_rows }, hide.data());
        ggml_tensor * x = pieces.is_first() ? embed_decoder_rows(graph, weights.dec, rows, positions)
                                            : graph.input("between", GGML_TYPE_F32, { p.n_embd, rows.n_tokens, rows.n_rows }, output.last_hidden.data());
        const auto from = static_cast<uint32_t>(pieces.from()), to = static_cast<uint32_t>(pieces.to());
        x = blocks_forward(graph, weights.dec, p, x, trace, from, to, [&](uint32_t i, ggml_tensor * qkv) {
            const Heads heads = split_heads(ctx, qkv, p.n_head);
            return attention(ctx, all ? join_past(graph, past, *all, i, heads) : heads, mask, &trace);
        });
        ggml_tensor * hidden = graph.output("last_hidden", x); // also the input of the next piece
        ggml_tensor * logits = rows.logits && pieces.is_last() ? graph.output("logits", head_forward(ctx, weights.dec, x)) : nullptr;
        graph.run();
        output.last_hidden = Graph::read(hidden);
        if (logits) {
            output.logits = Graph::read(logits);
        }
        trace.read(output);
    }
    if (rows.keep) {
        output.past = all;
    }
    return output;
}

} // namespace clvp
