#include "model/step_attention.h"

#include "kernels/kernel_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace clvp {

StepAttention::StepAttention(const KvCache & cache, std::vector<uint32_t> slots, uint32_t n_threads)
    : cache_(cache), slots_(std::move(slots)), scratch_(n_threads) {
    for (Scratch & scratch : scratch_) {
        for (int i = 0; i < max_queries; i++) {
            scratch.spans[i].reserve(cache.most_spans());
            scratch.scores[i].resize(cache.most_positions() + 1);
        }
    }
    for (uint32_t i = 0; i < cache.n_layer(); i++) {
        layers_.push_back({ this, i });
    }
}

ggml_tensor * StepAttention::operator()(ggml_context * ctx, uint32_t layer, ggml_tensor * qkv) {
    ggml_tensor * sources[] = { qkv };
    ggml_tensor * mixed = ggml_custom_4d(ctx, GGML_TYPE_F32, qkv->ne[0] / 3, qkv->ne[1], 1, 1, sources, 1, run, GGML_N_TASKS_MAX, &layers_[layer]);
    return ggml_set_name(mixed, "attention");
}

static void store_f32(const float * x, int64_t n, void * out) { memcpy(out, x, static_cast<size_t>(n) * sizeof(float)); }

static StoreKernel store_for(ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return store_f32;
    case GGML_TYPE_Q8_0: return kernel_set()->store_q8_0;
    default: return kernel_set()->store_f16;
    }
}

static AttendKernel kernel_for(ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return kernel_set()->attend_f32;
    case GGML_TYPE_Q8_0: return kernel_set()->attend_q8_0;
    default: return kernel_set()->attend_f16;
    }
}

/// Divides the pairs of head and row among threads, all rows of a head first, so that the shared prefix stays in the CPU's cache.
void StepAttention::run(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & layer = *static_cast<const Layer *>(userdata);
    const auto n_rows = static_cast<int64_t>(layer.all->slots_.size()), n = n_rows * layer.all->cache_.n_head();
    Scratch & scratch = layer.all->scratch_[static_cast<size_t>(ith)];
    const int64_t last = n * (ith + 1) / nth;
    int64_t i = n * ith / nth;
    while (i < last) {
        const int64_t row = i % n_rows, count = layer.all->companions(row, std::min(n_rows - row, last - i));
        layer.all->attend(layer.number, i / n_rows, row, count, dst, scratch);
        i += count;
    }
}

int64_t StepAttention::companions(int64_t row, int64_t most) const {
    auto prefix = [&](int64_t i) { return &cache_.prefix(slots_[static_cast<size_t>(i)]); };
    int64_t n = 1;
    while (n < std::min<int64_t>(most, max_queries) && prefix(row + n) == prefix(row)) {
        n++;
    }
    return n;
}

void StepAttention::attend(uint32_t layer, int64_t head, int64_t row, int64_t n, ggml_tensor * dst, Scratch & scratch) const {
    const int64_t d_head = cache_.d_head(), n_embd = d_head * cache_.n_head();
    const StoreKernel store = store_for(cache_.type());
    Query queries[max_queries];
    for (int64_t i = 0; i < n; i++) {
        const float * q = static_cast<const float *>(dst->src[0]->data) + (row + i) * 3 * n_embd + head * d_head;
        const HeadPosition next = cache_.head(layer, slots_[static_cast<size_t>(row + i)], head, scratch.spans[i]);
        store(q + n_embd, d_head, next.key);
        store(q + 2 * n_embd, d_head, next.value);
        float * out = static_cast<float *>(dst->data) + (row + i) * n_embd + head * d_head;
        queries[i] = { q, scratch.spans[i].data(), static_cast<int>(scratch.spans[i].size()), scratch.scores[i].data(), out };
    }
    kernel_for(cache_.type())(queries, static_cast<int>(n), d_head, 1.0f / std::sqrt(static_cast<float>(d_head)));
}

} // namespace clvp
