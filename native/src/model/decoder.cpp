// The decoder's cache type, and whole rows of tokens.
#include "model/decoder.h"

#include "clvp/limits.h"
#include "kernels/kernel_set.h"
#include "model/decoder_blocks.h"
#include "model/past.h"
#include "model/pieces.h"
#include "model/rows.h"

namespace clvp {

namespace {

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
