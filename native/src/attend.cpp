#include "attend.h"

#include "kernel_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace clvp {

/// What one thread needs to work.
struct StepAttention::Scratch {
    std::vector<Span> spans;
    std::vector<float> scores;
};

StepAttention::StepAttention(const KvCache & cache, std::vector<uint32_t> slots) : cache_(cache), slots_(std::move(slots)) {
    for (uint32_t i = 0; i < cache.n_layer(); i++) {
        layers_.push_back({ this, i });
    }
}

ggml_tensor * StepAttention::operator()(ggml_context * ctx, uint32_t layer, ggml_tensor * qkv) {
    ggml_tensor * sources[] = { qkv };
    return ggml_custom_4d(ctx, GGML_TYPE_F32, qkv->ne[0] / 3, qkv->ne[1], 1, 1, sources, 1, run, GGML_N_TASKS_MAX, &layers_[layer]);
}

void StepAttention::run(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const auto & layer = *static_cast<const Layer *>(userdata);
    const StepAttention & all = *layer.all;
    const int64_t d_head = all.cache_.d_head(), n_head = all.cache_.n_head(), n = static_cast<int64_t>(all.slots_.size()) * n_head;
    Scratch scratch;
    scratch.scores.resize(all.cache_.most_positions() + 1);
    for (int64_t i = n * ith / nth; i < n * (ith + 1) / nth; i++) {
        const int64_t row = i / n_head, head = i % n_head;
        const auto * qkv = static_cast<const float *>(dst->src[0]->data) + row * 3 * n_head * d_head + head * d_head;
        all.attend(layer.number, row, head, qkv, static_cast<float *>(dst->data) + i * d_head, scratch);
    }
}

/// Brings numbers into the cache's type.
static void store(const float * from, int64_t n, ggml_type type, void * to) {
    if (type == GGML_TYPE_F32) {
        memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
    } else {
        ggml_get_type_traits(type)->from_float_ref(from, to, n);
    }
}

static AttendKernel kernel_for(ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return kernel_set()->attend_f32;
    case GGML_TYPE_Q8_0: return kernel_set()->attend_q8_0;
    default: return kernel_set()->attend_f16;
    }
}

void StepAttention::attend(uint32_t layer, int64_t row, int64_t head, const float * qkv, float * out, Scratch & scratch) const {
    const int64_t d_head = cache_.d_head(), n_embd = d_head * cache_.n_head();
    const HeadPosition next = cache_.head(layer, slots_[static_cast<size_t>(row)], head, scratch.spans);
    store(qkv + n_embd, d_head, cache_.type(), next.key);
    store(qkv + 2 * n_embd, d_head, cache_.type(), next.value);
    const float scale = 1.0f / std::sqrt(static_cast<float>(d_head));
    kernel_for(cache_.type())(qkv, d_head, scratch.spans.data(), static_cast<int>(scratch.spans.size()), scale, scratch.scores.data(), out);
}

} // namespace clvp
