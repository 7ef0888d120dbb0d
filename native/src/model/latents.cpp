#include "model/latents.h"

#include "clvp/limits.h"
#include "model/decoder_blocks.h"
#include "model/pieces.h"
#include "model/prompt.h"
#include "model/rows.h"

namespace clvp {

void check_latents(const Prompt & prompt, const std::vector<int32_t> & codes, Positions positions, const Params & params) {
    if (codes.empty() || codes.size() > limits::row_codes) {
        fail(Code::invalid_argument, "Expected 1 to %u codes but received %zu", limits::row_codes, codes.size());
    }
    check_ids("the codes", codes, params.decoder.n_vocab);
    check_prompt(prompt, positions, static_cast<uint32_t>(codes.size()), params);
}

/// Embeddings of the codes that are fed, with their positions, [n_embd, n].
static ggml_tensor * embed_fed(Graph & graph, const DecoderWeights & w, const std::vector<int32_t> & codes, const std::vector<int32_t> & positions) {
    ggml_context * ctx = graph.ctx();
    return ggml_add(ctx, ggml_get_rows(ctx, w.token_embd, graph.input("codes", codes)), ggml_get_rows(ctx, w.pos_embd, graph.input("positions", positions)));
}

std::vector<float> latents(Call & call, const Weights & weights, const Params & params, const Prompt & prompt, const std::vector<int32_t> & codes,
                           Positions positions) {
    const DecoderParams & p = params.decoder;
    const std::vector<int32_t> fed(codes.begin(), codes.end() - 1);
    std::vector<int32_t> fed_positions;
    for (size_t i = 0; i < fed.size(); i++) {
        fed_positions.push_back(static_cast<int32_t>(first_position(prompt, positions) + i));
    }
    const int64_t n_prompt = prompt_length(prompt, params), n_codes = static_cast<int64_t>(codes.size()), n = n_prompt + n_codes - 1;
    const std::vector<ggml_fp16_t> hide = causal_mask(n);
    std::vector<float> between;
    for (Pieces pieces(call, p.n_layer, block_work(p, static_cast<size_t>(n))); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        Trace trace(graph, false, false);
        ggml_tensor * x = nullptr; // [n_embd, n]
        if (!pieces.is_first()) {
            x = graph.input("between", GGML_TYPE_F32, { p.n_embd, n }, between.data());
        } else {
            x = embed_prompt(graph, weights, params, prompt, positions);
            x = fed.empty() ? x : ggml_concat(ctx, x, embed_fed(graph, weights.dec, fed, fed_positions), 1);
        }
        ggml_tensor * mask = graph.input("mask", GGML_TYPE_F16, { n, n }, hide.data());
        const auto from = static_cast<uint32_t>(pieces.from()), to = static_cast<uint32_t>(pieces.to());
        x = blocks_forward(graph, weights.dec, p, x, trace, from, to, [&](uint32_t, ggml_tensor * qkv) {
            return ggml_reshape_2d(ctx, attention(ctx, split_heads(ctx, qkv, p.n_head), mask), p.n_embd, n);
        });
        if (pieces.is_last()) {
            x = ggml_view_2d(ctx, x, p.n_embd, n_codes, x->nb[1], static_cast<size_t>(n_prompt - 1) * x->nb[1]);
            x = normalise(ctx, weights.dec.final_norm, ggml_cont(ctx, x));
        }
        between = graph.result(pieces.is_last() ? "latents" : "between", x);
    }
    return between;
}

} // namespace clvp
