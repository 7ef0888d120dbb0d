#include "kernels/panel.h"

#include "kernels/kernel_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace clvp {

namespace {

/// The `extra` of a matrix in panels points here.
char panelled;

int64_t n_panels(const ggml_tensor * matrix) { return (matrix->ne[1] + panel_width - 1) / panel_width; }

/// The share of thread ith of nth in n items: [.first, .second).
std::pair<int64_t, int64_t> share(int64_t n, int ith, int nth) { return { n * ith / nth, n * (ith + 1) / nth }; }

template <typename T> T * data(ggml_tensor * tensor) { return static_cast<T *>(tensor->data); }

/// A window fits into the pointer that GGML keeps for an operation: the loader bounds widths by 255 and dilations by 4,096.
void * pack(const Window & w) {
    return reinterpret_cast<void *>(static_cast<uintptr_t>(w.width) | static_cast<uintptr_t>(w.stride) << 8 | static_cast<uintptr_t>(w.dilation) << 16 |
                                    static_cast<uintptr_t>(w.padding) << 32);
}

Window unpack(const void * packed) {
    const auto bits = reinterpret_cast<uintptr_t>(packed);
    return { static_cast<int>(bits & 0xff), static_cast<int>(bits >> 16 & 0xffff), static_cast<int>(bits >> 32), static_cast<int>(bits >> 8 & 0xff) };
}

/// src: x
void run_windows(ggml_tensor * dst, int ith, int nth, void * packed) {
    const ggml_tensor * x = dst->src[0];
    const Window window = unpack(packed);
    const int64_t n_in = x->ne[0], n_frames = x->ne[1];
    const auto [first, last] = share(dst->ne[1] * dst->ne[2], ith, nth);
    for (int64_t row = first; row < last; row++) {
        const float * frames = static_cast<const float *>(x->data) + row / dst->ne[1] * n_frames * n_in;
        float * out = data<float>(dst) + row * dst->ne[0];
        for (int tap = 0; tap < window.width; tap++, out += n_in) {
            const int64_t at = row % dst->ne[1] * window.stride + int64_t(tap) * window.dilation - window.padding;
            if (at >= 0 && at < n_frames) {
                std::copy_n(frames + at * n_in, n_in, out);
            } else {
                std::fill_n(out, n_in, 0.0f);
            }
        }
    }
}

// Kernels run on GGML's threads, where an exception would end the process: they allocate nothing.

/// A convolution of one sequence x [n_channels, n_frames]; out and residual [n_out, n_frames'].
struct Convolution {
    const ggml_tensor * matrix;
    const float * bias;
    Window window;
    const float * x;
    int64_t n_frames, n_channels;
    float * out;
    const float * residual; // or null

    static constexpr int64_t at_once = 48; // frames, which stay in the L2 cache for all panels

    /// Frames first .. last-1 of the result.
    void run(int64_t first, int64_t last) const {
        for (int64_t from = first; from < last; from += at_once) {
            const int n = static_cast<int>(std::min(at_once, last - from));
            for (int64_t panel = 0; panel < n_panels(matrix); panel++) {
                multiply(from, n, panel);
            }
        }
    }

    int64_t source(int64_t frame, int tap) const { return frame + int64_t(tap) * window.dilation - window.padding; }

    void multiply(int64_t from, int n, int64_t panel) const {
        const int64_t n_out = matrix->ne[1], column = panel * panel_width, n_columns = std::min<int64_t>(panel_width, n_out - column);
        float sums[at_once * panel_width];
        for (int64_t i = 0; i < n * panel_width; i++) {
            sums[i] = bias && i % panel_width < n_columns ? bias[column + i % panel_width] : 0.0f;
        }
        const float * weights = static_cast<const float *>(matrix->data) + panel * matrix->ne[0] * panel_width;
        if (source(from, 0) >= 0 && source(from + n - 1, window.width - 1) < n_frames) {
            add_frames(from, n, weights, sums);
        } else {
            for (int i = 0; i < n; i++) {
                add_edge(from + i, weights, sums + i * panel_width);
            }
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t c = 0; c < n_columns; c++) {
                const int64_t at = (from + i) * n_out + column + c;
                out[at] = sums[i * panel_width + c] + (residual ? residual[at] : 0.0f);
            }
        }
    }

    /// Frames whose windows lie within the sequence.
    void add_frames(int64_t from, int n, const float * weights, float * sums) const {
        const auto stride = static_cast<size_t>(n_channels);
        const float * rows = x + source(from, 0) * n_channels;
        if (window.dilation == 1) { // the taps of a frame lie side by side in x
            kernel_set()->panel(rows, stride, n, weights, panel_width, matrix->ne[0], sums, panel_width);
            return;
        }
        for (int tap = 0; tap < window.width; tap++) {
            kernel_set()->panel(rows + int64_t(tap) * window.dilation * n_channels, stride, n, weights + tap * n_channels * panel_width, panel_width,
                                n_channels, sums, panel_width);
        }
    }

    /// A frame near an end: only the taps that lie within.
    void add_edge(int64_t frame, const float * weights, float * sums) const {
        for (int tap = 0; tap < window.width; tap++) {
            const int64_t at = source(frame, tap);
            if (at >= 0 && at < n_frames) {
                kernel_set()->panel(x + at * n_channels, static_cast<size_t>(n_channels), 1, weights + tap * n_channels * panel_width, panel_width, n_channels,
                                    sums, panel_width);
            }
        }
    }
};

/// src: matrix, x, bias or null, residual or null
void run_convolve(ggml_tensor * dst, int ith, int nth, void * window) {
    const ggml_tensor * x = dst->src[1];
    const int64_t n_frames = dst->ne[1], size = dst->ne[0] * n_frames;
    const auto [first, last] = share(n_frames * dst->ne[2], ith, nth);
    for (int64_t b = first / std::max<int64_t>(n_frames, 1); b * n_frames < last; b++) {
        const Convolution convolution = {
            dst->src[0],
            dst->src[2] ? data<float>(dst->src[2]) : nullptr,
            unpack(window),
            static_cast<const float *>(x->data) + b * x->ne[1] * x->ne[0],
            x->ne[1],
            x->ne[0],
            data<float>(dst) + b * size,
            dst->src[3] ? data<float>(dst->src[3]) + b * size : nullptr,
        };
        convolution.run(std::max<int64_t>(first - b * n_frames, 0), std::min(last - b * n_frames, n_frames));
    }
}

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

bool has_kernel() { return kernel_set() && kernel_set()->panel && kernel_set()->softmax; }

} // namespace

void choose_panels(ggml_tensor * matrix) {
    if (matrix->type == GGML_TYPE_F32 && has_kernel()) {
        matrix->extra = &panelled;
    }
}

bool is_panelled(const ggml_tensor * matrix) { return matrix->extra == &panelled; }

size_t panelled_bytes(const ggml_tensor * matrix) { return static_cast<size_t>(n_panels(matrix) * panel_width * matrix->ne[0]) * sizeof(float); }

void store_panels(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows) {
    auto * to = static_cast<float *>(matrix->data);
    const int64_t n_in = matrix->ne[0];
    for (int64_t i = first; i < first + n_rows; i++) {
        float * panel = to + i / panel_width * n_in * panel_width + i % panel_width;
        for (int64_t k = 0; k < n_in; k++, rows += sizeof(float)) {
            memcpy(panel + k * panel_width, rows, sizeof(float));
        }
    }
    for (int64_t i = matrix->ne[1]; first + n_rows == matrix->ne[1] && i % panel_width != 0; i++) { // the rows that only fill the last panel
        float * panel = to + i / panel_width * n_in * panel_width + i % panel_width;
        for (int64_t k = 0; k < n_in; k++) {
            panel[k * panel_width] = 0.0f;
        }
    }
}

ggml_tensor * copy_windows(ggml_context * ctx, ggml_tensor * x, const Window & window) {
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    ggml_tensor * sources[] = { x };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, window.width * x->ne[0], window.count(x->ne[1]), x->ne[2], 1, sources, 1, run_windows,
                                     GGML_N_TASKS_MAX, pack(window));
    return ggml_set_name(y, "windows");
}

ggml_tensor * panel_convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual) {
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    residual = residual && !ggml_is_contiguous(residual) ? ggml_cont(ctx, residual) : residual;
    ggml_tensor * sources[] = { layer.weight, x, layer.bias, residual };
    ggml_tensor * y =
        ggml_custom_4d(ctx, GGML_TYPE_F32, layer.weight->ne[1], window.count(x->ne[1]), x->ne[2], 1, sources, 4, run_convolve, GGML_N_TASKS_MAX, pack(window));
    return ggml_set_name(y, "convolve");
}

bool has_panel_attention() { return has_kernel(); }

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
