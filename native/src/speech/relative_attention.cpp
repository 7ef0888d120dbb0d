#include "speech/relative_attention.h"

#include "kernels/panel_attend.h"
#include "model/group_norm.h"
#include "model/ops.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

constexpr int n_buckets = 32, one_each = 8, max_distance = 64;

/// The bucket of a key `distance` frames after the query.
int bucket(int64_t distance) {
    const int side = distance > 0 ? n_buckets / 2 : 0;
    const int64_t n = std::abs(distance);
    if (n < one_each) {
        return side + static_cast<int>(n);
    }
    // In F32, as the reference.
    const float share = std::log(static_cast<float>(n) / one_each) / static_cast<float>(std::log(static_cast<double>(max_distance) / one_each));
    return side + std::min(one_each + static_cast<int>(share * (n_buckets / 2 - one_each)), n_buckets / 2 - 1);
}

/// The biases of all pairs, [n keys, n queries, n_head], of a table by distance [2*n - 1, n_head].
ggml_tensor * pair_biases(Graph & graph, ggml_tensor * table, int64_t n, int64_t n_head) {
    ggml_context * ctx = graph.ctx();
    std::vector<int32_t> distances;
    for (int64_t pair = 0; pair < n * n; pair++) {
        distances.push_back(static_cast<int32_t>(pair % n - pair / n + n - 1));
    }
    ggml_tensor * by_distance = ggml_cont(ctx, ggml_transpose(ctx, table)); // [n_head, 2*n - 1]
    ggml_tensor * pairs = ggml_get_rows(ctx, by_distance, graph.input("distances", { n * n }, std::move(distances)));
    return ggml_reshape_3d(ctx, ggml_cont(ctx, ggml_transpose(ctx, pairs)), n, n, n_head);
}

/// softmax(k^T q / sqrt(d_head) + bias) v by GGML's operations.
ggml_tensor * attend(Graph & graph, ggml_tensor * qkv, int64_t n_head, ggml_tensor * table) {
    ggml_context * ctx = graph.ctx();
    const Heads heads = split_heads(ctx, qkv, n_head);
    const int64_t d_head = heads.q->ne[0], n = heads.q->ne[2], n_batch = heads.q->ne[3];
    const auto by_head = [&](ggml_tensor * x) { return ggml_cont(ctx, ggml_permute(ctx, x, 0, 2, 1, 3)); }; // [d_head, n, n_head, n_batch]
    ggml_tensor * scores = product(ctx, by_head(heads.k), by_head(heads.q));                                // [n keys, n queries, n_head, n_batch]
    scores = ggml_scale(ctx, scores, 1.0f / std::sqrt(static_cast<float>(d_head)));
    ggml_tensor * weights = ggml_soft_max(ctx, ggml_add(ctx, scores, pair_biases(graph, table, n, n_head)));
    ggml_tensor * mixed = product(ctx, ggml_cont(ctx, ggml_permute(ctx, heads.v, 1, 2, 0, 3)), weights); // [d_head, n, n_head, n_batch]
    return ggml_reshape_3d(ctx, ggml_cont(ctx, ggml_permute(ctx, mixed, 0, 2, 1, 3)), d_head * n_head, n, n_batch);
}

} // namespace

DistanceBias::DistanceBias(ggml_tensor * by_bucket, int64_t n_embd) : n_head_(by_bucket->ne[0]) {
    const std::vector<float> known = Graph::read(by_bucket); // [n_head, 32]
    const float scale = std::sqrt(static_cast<float>(n_embd / n_head_));
    for (int64_t head = 0; head < n_head_; head++) {
        for (int64_t d = -reach; d <= reach; d++) {
            data_.push_back(known[static_cast<size_t>(bucket(d) * n_head_ + head)] * scale);
        }
    }
}

std::vector<float> DistanceBias::table(int64_t n) const {
    std::vector<float> rows;
    for (int64_t head = 0; head < n_head_; head++) {
        for (int64_t d = 1 - n; d < n; d++) {
            rows.push_back(data_[static_cast<size_t>(head * (2 * reach + 1) + std::clamp(d, -reach, reach) + reach)]);
        }
    }
    return rows;
}

ggml_tensor * attention_block(Graph & graph, const DiffusionWeights::Attention & block, const DistanceBias & bias, ggml_tensor * x) {
    ggml_context * ctx = graph.ctx();
    const int64_t n = x->ne[1], n_head = bias.n_head();
    ggml_tensor * qkv = linear(ctx, block.qkv, group_norm(ctx, block.norm, x));
    ggml_tensor * table = graph.input("bias", { 2 * n - 1, n_head }, bias.table(n));
    ggml_tensor * y = has_panel_attention() && graph.on_cpu() ? panel_attend(ctx, qkv, n_head, table) : attend(graph, qkv, n_head, table);
    return graph.expand(linear_add(ctx, block.out, y, x));
}

} // namespace clvp
