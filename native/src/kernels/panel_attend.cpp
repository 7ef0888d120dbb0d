#include "kernels/panel_attend.h"

#include "kernels/kernel_set.h"
#include "kernels/share.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

/// Attention of one head of one sequence.
class HeadAttention {
public:
    static constexpr int at_once = 24; // queries

    /// Floats of working memory.
    static int64_t scratch(int64_t d_head, int64_t n_tokens) {
        const int64_t width = n_blocks(n_tokens) * panel_width;
        return width * d_head + at_once * width + at_once * panel_width + n_tokens * panel_width;
    }

    /// q, k and v are rows of `stride` floats; bias is that of the head, by distance.
    HeadAttention(const float * q, const float * k, const float * v, size_t stride, int64_t d_head, int64_t n_tokens, const float * bias, float * scratch)
        : q_(q), v_(v), stride_(stride), d_head_(d_head), n_tokens_(n_tokens), width_(n_blocks(n_tokens) * panel_width), bias_(bias), keys_(scratch),
          scores_(keys_ + width_ * d_head), mixed_(scores_ + at_once * width_), narrow_(mixed_ + at_once * panel_width) {
        std::fill_n(keys_, width_ * d_head, 0.0f);
        for (int64_t t = 0; t < n_tokens; t++) { // to panels of 16 keys
            for (int64_t c = 0; c < d_head; c++) {
                keys_[(t / panel_width * d_head + c) * panel_width + t % panel_width] = k[t * static_cast<int64_t>(stride) + c];
            }
        }
    }

    /// Queries first .. first+n-1. `out` has rows of `out_stride` floats.
    void run(int64_t first, int n, float * out, size_t out_stride) {
        const float scale = 1.0f / std::sqrt(static_cast<float>(d_head_));
        std::fill_n(scores_, n * width_, 0.0f);
        for (int64_t block = 0; block < width_ / panel_width; block++) {
            kernel_set()->panel(q_ + static_cast<size_t>(first) * stride_, stride_, n, keys_ + block * d_head_ * panel_width, panel_width, d_head_,
                                scores_ + block * panel_width, static_cast<size_t>(width_));
        }
        for (int i = 0; i < n; i++) {
            float * row = scores_ + i * width_;
            for (int64_t t = 0; t < n_tokens_; t++) {
                row[t] = row[t] * scale + bias_[t - first - i + n_tokens_ - 1];
            }
            kernel_set()->softmax(row, n_tokens_);
        }
        for (int64_t c = 0; c < d_head_; c += panel_width) {
            mix(c, n, out + c, out_stride);
        }
    }

private:
    static int64_t n_blocks(int64_t n_tokens) { return (n_tokens + panel_width - 1) / panel_width; }

    /// Channels c .. c+15 of the values, weighted by the scores.
    void mix(int64_t c, int n, float * out, size_t out_stride) {
        const int64_t n_columns = std::min<int64_t>(panel_width, d_head_ - c);
        const float * values = v_ + c;
        size_t stride = stride_;
        if (n_columns < panel_width) { // the kernel reads whole panels
            std::fill_n(narrow_, n_tokens_ * panel_width, 0.0f);
            for (int64_t t = 0; t < n_tokens_; t++) {
                std::copy_n(values + static_cast<size_t>(t) * stride_, n_columns, narrow_ + t * panel_width);
            }
            values = narrow_;
            stride = panel_width;
        }
        std::fill_n(mixed_, n * panel_width, 0.0f);
        kernel_set()->panel(scores_, static_cast<size_t>(width_), n, values, stride, n_tokens_, mixed_, panel_width);
        for (int i = 0; i < n; i++) {
            std::copy_n(mixed_ + i * panel_width, n_columns, out + static_cast<size_t>(i) * out_stride);
        }
    }

    const float *q_, *v_;
    const size_t stride_;
    const int64_t d_head_, n_tokens_, width_;
    const float * bias_;
    float *keys_, *scores_, *mixed_, *narrow_;
};

/// Threads of one attention, each with its scratch.
int attend_tasks(int64_t n_head, int64_t n_batch) { return static_cast<int>(std::min<int64_t>(n_head * n_batch, 64)); }

/// src: qkv, bias. dst: the result, then the scratch of each thread.
void run_attend(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const ggml_tensor * qkv = dst->src[0];
    const ggml_tensor * bias = dst->src[1];
    const auto n_head = static_cast<int64_t>(reinterpret_cast<uintptr_t>(userdata));
    const int64_t n_embd = qkv->ne[0] / 3, n_tokens = qkv->ne[1], n_batch = qkv->ne[2], d_head = n_embd / n_head;
    nth = std::min(nth, attend_tasks(n_head, n_batch)); // GGML calls all its threads
    if (ith >= nth) {
        return;
    }
    float * scratch = data<float>(dst) + n_embd * n_tokens * n_batch + ith * HeadAttention::scratch(d_head, n_tokens);
    const auto [first, last] = share(n_head * n_batch, ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t batch = i / n_head, head = i % n_head;
        const float * q = static_cast<const float *>(qkv->data) + batch * n_tokens * 3 * n_embd + head * d_head;
        HeadAttention attention(q, q + n_embd, q + 2 * n_embd, static_cast<size_t>(3 * n_embd), d_head, n_tokens,
                                static_cast<const float *>(bias->data) + head * bias->ne[0], scratch);
        float * out = data<float>(dst) + batch * n_tokens * n_embd + head * d_head;
        for (int64_t t = 0; t < n_tokens; t += HeadAttention::at_once) {
            const int n = static_cast<int>(std::min<int64_t>(HeadAttention::at_once, n_tokens - t));
            attention.run(t, n, out + t * n_embd, static_cast<size_t>(n_embd));
        }
    }
}

} // namespace

bool has_panel_attention() { return kernel_set() != nullptr; }

ggml_tensor * panel_attend(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head, ggml_tensor * bias) {
    const int64_t n_embd = qkv->ne[0] / 3, n_tokens = qkv->ne[1], n_batch = qkv->ne[2];
    const int n_tasks = attend_tasks(n_head, n_batch);
    const int64_t size = n_embd * n_tokens * n_batch + n_tasks * HeadAttention::scratch(n_embd / n_head, n_tokens);
    ggml_tensor * sources[] = { qkv, bias };
    ggml_tensor * y =
        ggml_custom_4d(ctx, GGML_TYPE_F32, size, 1, 1, 1, sources, 2, run_attend, n_tasks, reinterpret_cast<void *>(static_cast<uintptr_t>(n_head)));
    ggml_set_name(y, "attend");
    const size_t row = static_cast<size_t>(n_embd) * sizeof(float);
    return ggml_view_3d(ctx, y, n_embd, n_tokens, n_batch, row, row * static_cast<size_t>(n_tokens), 0);
}

} // namespace clvp
