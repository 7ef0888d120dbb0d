#include "conditioning.h"

#include "ops.h"

#include <algorithm>

namespace clvp {

std::vector<int32_t> with_stop(std::vector<int32_t> ids, int32_t eos) {
    constexpr int32_t pad = 0; // the reference looks for this one, whatever the configuration's pad is
    ids.insert(std::find(ids.begin(), ids.end(), pad), eos);
    return ids;
}

std::vector<int32_t> encoder_ids(const std::vector<int32_t> & text_ids, const Params & params) { return with_stop(text_ids, params.text_eos); }

std::vector<int32_t> conditioning_ids(const std::vector<int32_t> & text_ids, const Params & params) {
    std::vector<int32_t> ids = encoder_ids(text_ids, params);
    ids.insert(ids.begin(), params.text_bos);
    return with_stop(std::move(ids), params.text_eos);
}

/// Normalises groups of channels over all frames. x [n_embd, n_frames]; groups want the channels outermost.
static ggml_tensor * group_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, uint32_t n_group) {
    const int64_t n_embd = x->ne[0], n_frames = x->ne[1];
    ggml_tensor * y = ggml_cont(ctx, ggml_transpose(ctx, x)); // [n_frames, n_embd]
    y = ggml_group_norm(ctx, ggml_reshape_3d(ctx, y, n_frames, 1, n_embd), static_cast<int>(n_group), 1e-5f);
    y = ggml_cont(ctx, ggml_transpose(ctx, ggml_reshape_2d(ctx, y, n_frames, n_embd)));
    return ggml_add(ctx, ggml_mul(ctx, y, norm.weight), norm.bias);
}

std::vector<float> condition_mel(Backend & backend, const Weights & weights, const Params & params, const Mel & mel) {
    const ConditioningWeights & w = weights.cond;
    Graph graph(backend, graph_nodes(w.blocks.size()));
    ggml_context * ctx = graph.ctx();
    // The features come channel by channel; the product wants each frame's channels together.
    ggml_tensor * x = graph.input("mel", GGML_TYPE_F32, { mel.n_frames, mel.n_mels }, mel.data.data());
    x = linear(ctx, w.mel_conv, ggml_cont(ctx, ggml_transpose(ctx, x))); // [n_embd, n_frames]
    for (const ConditioningBlock & block : w.blocks) {
        ggml_tensor * y = group_norm(ctx, block.norm, x, params.decoder.n_cond_group);
        ggml_tensor * qkv = linear(ctx, block.qkv, y); // [3*n_embd, n_frames]
        y = self_attention(ctx, split_heads(ctx, qkv, params.decoder.n_head), nullptr);
        x = ggml_add(ctx, linear(ctx, block.out, y), x);
    }
    ggml_tensor * first = graph.output("voice", ggml_cont(ctx, ggml_view_1d(ctx, x, x->ne[0], 0))); // [n_embd]
    graph.run();
    return Graph::read(first);
}

ggml_tensor * embed_prefix(Graph & graph, const Weights & weights, const std::vector<float> & voice, const std::vector<int32_t> & ids) {
    ggml_context * ctx = graph.ctx();
    ggml_tensor * head = graph.input("voice", GGML_TYPE_F32, { static_cast<int64_t>(voice.size()), 1 }, voice.data());
    ggml_tensor * text = ggml_get_rows(ctx, weights.cond.text_embd, graph.input("text_ids", ids));
    text = ggml_add(ctx, text, table_rows(ctx, weights.cond.text_pos, 0, text->ne[1]));
    return ggml_concat(ctx, head, text, 1);
}

} // namespace clvp
