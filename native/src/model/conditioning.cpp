#include "model/conditioning.h"

#include "model/group_norm.h"
#include "model/pieces.h"
#include "model/rows.h"
#include "runtime/graph.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

constexpr uint32_t n_added = 2; // bos and a stop token

/// Inserts `eos` where the reference does: before the first pad (id 0), or at the end.
std::vector<int32_t> with_stop(std::vector<int32_t> ids, int32_t eos) {
    constexpr int32_t pad = 0; // the reference searches for 0, whatever the configuration's pad id is
    ids.insert(std::find(ids.begin(), ids.end(), pad), eos);
    return ids;
}

/// The input ids of the conditioning encoder: bos, the text, a stop token.
std::vector<int32_t> ids_between(const Rows & text, const Params & params) {
    std::vector<int32_t> all;
    for (auto from = text.ids.begin(); from != text.ids.end(); from += text.n_tokens) {
        std::vector<int32_t> row = { params.text_bos };
        row.insert(row.end(), from, from + text.n_tokens);
        row = with_stop(std::move(row), params.text_eos);
        all.insert(all.end(), row.begin(), row.end());
    }
    return all;
}

/// The mask's running sum minus one. The added tokens count as visible.
std::vector<int32_t> text_positions(const Rows & text) {
    std::vector<int32_t> positions;
    for (size_t r = 0; r < text.n_rows; r++) {
        int32_t sum = 0;
        for (size_t i = 0; i < text.n_tokens + n_added; i++) {
            const bool seen = i < n_added || text.mask.empty() || text.mask[r * text.n_tokens + i - n_added] != 0;
            sum += seen ? 1 : 0;
            positions.push_back(sum - 1);
        }
    }
    return positions;
}

/// [n_embd, n_tokens + 2, n_rows], without positions. `ids` must live until the graph runs.
ggml_tensor * embed_text(Graph & graph, const Weights & weights, const Params & params, const Rows & text, const std::vector<int32_t> & ids) {
    ggml_context * ctx = graph.ctx();
    ggml_tensor * table = weights.cond.text_embd;
    const int64_t n_embd = table->ne[0], n_rows = text.n_rows;
    if (text.embeds.empty()) {
        return ggml_reshape_3d(ctx, ggml_get_rows(ctx, table, graph.input("text_ids", ids)), n_embd, text.n_tokens + n_added, n_rows);
    }
    auto added = [&](const char * name, int32_t id) {
        ggml_tensor * same = graph.input(name, { n_rows }, std::vector<int32_t>(static_cast<size_t>(n_rows), id));
        return ggml_reshape_3d(ctx, ggml_get_rows(ctx, table, same), n_embd, 1, n_rows);
    };
    ggml_tensor * x = graph.input("text_embeds", GGML_TYPE_F32, { n_embd, text.n_tokens, n_rows }, text.embeds.data());
    return ggml_concat(ctx, ggml_concat(ctx, added("text_bos", params.text_bos), x, 1), added("text_eos", params.text_eos), 1);
}

} // namespace

std::vector<int32_t> encoder_ids(const std::vector<int32_t> & text_ids, const Params & params) { return with_stop(text_ids, params.text_eos); }

void check_conditioning(const std::vector<float> & voices, const Rows & text, const Params & params) {
    const DecoderParams & d = params.decoder;
    const uint32_t max_tokens = d.n_text_positions - n_added;
    check_rows("the text", text, { params.text.n_vocab, d.n_embd, max_tokens, max_tokens });
    const size_t n_voices = voices.size() / d.n_embd;
    if (n_voices < 1 || voices.size() % d.n_embd != 0) {
        fail(Code::invalid_argument, "Expected a voice of %u numbers but received %zu: was it made with another model?", d.n_embd, voices.size());
    }
    if (!all_finite(voices)) {
        fail(Code::invalid_argument, "Expected finite numbers for the voice but received NaN or infinity");
    }
    if (n_voices != text.n_rows && n_voices != 1 && text.n_rows != 1) {
        fail(Code::invalid_argument, "Expected as many voices as texts, or one voice, or one text, but received %zu voices and %u texts", n_voices,
             text.n_rows);
    }
}

std::vector<float> condition_rows(Call & call, const Weights & weights, const Params & params, const std::vector<float> & voices, const Rows & text) {
    Graph graph(call.backend(), graph_nodes(0));
    ggml_context * ctx = graph.ctx();
    const std::vector<int32_t> ids = ids_between(text, params), positions = text_positions(text);
    ggml_tensor * x = embed_text(graph, weights, params, text, ids);
    ggml_tensor * at = ggml_get_rows(ctx, weights.cond.text_pos, graph.input("positions", positions));
    const std::vector<float> texts = graph.result("text", ggml_add(ctx, x, ggml_reshape_3d(ctx, at, x->ne[0], x->ne[1], x->ne[2])));
    const size_t n_embd = params.decoder.n_embd, n_voices = voices.size() / n_embd, n_text = texts.size() / text.n_rows;
    std::vector<float> all;
    for (size_t r = 0; r < std::max<size_t>(n_voices, text.n_rows); r++) {
        const auto voice = voices.begin() + static_cast<ptrdiff_t>(n_voices == 1 ? 0 : r * n_embd);
        const auto row = texts.begin() + static_cast<ptrdiff_t>(text.n_rows == 1 ? 0 : r * n_text);
        all.insert(all.end(), voice, voice + static_cast<ptrdiff_t>(n_embd));
        all.insert(all.end(), row, row + static_cast<ptrdiff_t>(n_text));
    }
    return all;
}

std::vector<float> condition_mel(Call & call, const Weights & weights, const Params & params, const Mel & mel) {
    const ConditioningWeights & w = weights.cond;
    const uint32_t n_embd = params.decoder.n_embd;
    std::vector<float> between;
    for (Pieces pieces(call, w.blocks.size(), 4.0 * n_embd * n_embd * mel.n_frames); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        ggml_tensor * x; // [n_embd, n_frames]
        if (pieces.is_first()) {
            // The features are stored channel by channel. The product needs each frame's channels contiguous.
            x = graph.input("mel", GGML_TYPE_F32, { mel.n_frames, mel.n_mels }, mel.data.data());
            x = linear(ctx, w.mel_conv, ggml_cont(ctx, ggml_transpose(ctx, x)));
        } else {
            x = graph.input("between", GGML_TYPE_F32, { n_embd, mel.n_frames }, between.data());
        }
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            const ConditioningBlock & block = w.blocks[i];
            ggml_tensor * qkv = linear(ctx, block.qkv, group_norm(ctx, block.norm, x)); // [3*n_embd, n_frames]
            ggml_tensor * y = attention(ctx, split_heads(ctx, qkv, params.decoder.n_head), nullptr);
            x = graph.expand(linear_add(ctx, block.out, y, x));
        }
        // Frame 0 is the voice, [n_embd].
        between = pieces.is_last() ? graph.result("voice", ggml_cont(ctx, ggml_view_1d(ctx, x, x->ne[0], 0))) : graph.result("between", x);
    }
    return between;
}

} // namespace clvp
