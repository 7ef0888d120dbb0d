#include "kernels/panel.h"

#include "kernels/kernel_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
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

    /// Adds the products of n rows with the part of a panel that starts at number `at` of the matrix.
    void add_products(const float * rows, int n, int64_t at, int64_t depth, float * sums) const {
        const auto stride = static_cast<size_t>(n_channels);
        if (matrix->type == GGML_TYPE_F16) {
            kernel_set()->half_panel(rows, stride, n, static_cast<const ggml_fp16_t *>(matrix->data) + at, panel_width, depth, sums, panel_width);
        } else {
            kernel_set()->panel(rows, stride, n, static_cast<const float *>(matrix->data) + at, panel_width, depth, sums, panel_width);
        }
    }

    int64_t source(int64_t frame, int tap) const { return frame + int64_t(tap) * window.dilation - window.padding; }

    void multiply(int64_t from, int n, int64_t panel) const {
        const int64_t n_out = matrix->ne[1], column = panel * panel_width, n_columns = std::min<int64_t>(panel_width, n_out - column);
        float sums[at_once * panel_width], start[panel_width] = {};
        if (bias) {
            std::copy_n(bias + column, n_columns, start);
        }
        for (int i = 0; i < n; i++) {
            std::copy_n(start, panel_width, sums + i * panel_width);
        }
        const int64_t weights = panel * matrix->ne[0] * panel_width;
        // Frames whose windows reach beyond either end are few, and cost more.
        const auto begin = static_cast<int>(std::clamp<int64_t>(-source(from, 0), 0, n));
        const auto end = static_cast<int>(std::clamp<int64_t>(n_frames - source(from, window.width - 1), begin, n));
        for (int i = 0; i < n; i++) {
            if (i < begin || i >= end) {
                add_edge(from + i, weights, sums + i * panel_width);
            }
        }
        if (begin < end) {
            add_frames(from + begin, end - begin, weights, sums + begin * panel_width);
        }
        for (int i = 0; i < n; i++) {
            const int64_t at = (from + i) * n_out + column;
            if (residual) {
                std::transform(sums + i * panel_width, sums + i * panel_width + n_columns, residual + at, out + at, std::plus<float>());
            } else {
                std::copy_n(sums + i * panel_width, n_columns, out + at);
            }
        }
    }

    /// Frames whose windows lie within the sequence.
    void add_frames(int64_t from, int n, int64_t weights, float * sums) const {
        const float * rows = x + source(from, 0) * n_channels;
        if (window.dilation == 1) { // the taps of a frame lie side by side in x
            add_products(rows, n, weights, matrix->ne[0], sums);
            return;
        }
        for (int tap = 0; tap < window.width; tap++) {
            add_products(rows + int64_t(tap) * window.dilation * n_channels, n, weights + tap * n_channels * panel_width, n_channels, sums);
        }
    }

    /// A frame near an end: only the taps that lie within.
    void add_edge(int64_t frame, int64_t weights, float * sums) const {
        for (int tap = 0; tap < window.width; tap++) {
            const int64_t at = source(frame, tap);
            if (at >= 0 && at < n_frames) {
                add_products(x + at * n_channels, 1, weights + tap * n_channels * panel_width, n_channels, sums);
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

/// A convolution whose kernels change from frame to frame, and the gate behind it.
class LocalGate {
public:
    static constexpr int at_once = 48; // places

    /// Floats of working memory: a frame's kernels in panels, and sums.
    static int64_t scratch(int64_t n) { return n_panels(n) * panel_width * (3 * n + at_once); }

    LocalGate(const ggml_tensor * kernels, const ggml_tensor * biases, const float * y, const float * x, int64_t n_places, float * out, float * scratch)
        : kernels_(kernels), biases_(biases), n_(kernels->ne[0] / 3), hop_(n_places / kernels->ne[2]), n_places_(n_places), y_(y), x_(x), out_(out),
          panels_(scratch), sums_(scratch + n_panels(n_) * panel_width * 3 * n_) {}

    void run(int64_t frame) {
        take_kernels(frame);
        const auto * bias = reinterpret_cast<const float *>(static_cast<const char *>(biases_->data) + static_cast<size_t>(frame) * biases_->nb[1]);
        for (int64_t from = frame * hop_; from < (frame + 1) * hop_; from += at_once) {
            const int n = static_cast<int>(std::min<int64_t>(at_once, (frame + 1) * hop_ - from));
            for (int i = 0; i < n; i++) {
                std::copy_n(bias, 2 * n_, sums_ + i * width());
            }
            multiply(from, n);
            for (int i = 0; i < n; i++) {
                const float * sums = sums_ + i * width();
                kernel_set()->gate(sums, sums + n_, x_ + (from + i) * n_, n_, out_ + (from + i) * n_);
            }
        }
    }

private:
    static int64_t n_panels(int64_t n) { return (2 * n + panel_width - 1) / panel_width; }
    int64_t width() const { return n_panels(n_) * panel_width; }

    void take_kernels(int64_t frame) {
        const auto * rows = reinterpret_cast<const float *>(static_cast<const char *>(kernels_->data) + static_cast<size_t>(frame) * kernels_->nb[2]);
        for (int64_t row = 0; row < 2 * n_; row++) {
            float * to = panels_ + row / panel_width * 3 * n_ * panel_width + row % panel_width;
            for (int64_t k = 0; k < 3 * n_; k++) {
                to[k * panel_width] = rows[row * 3 * n_ + k];
            }
        }
    }

    /// Adds the products of places from .. from+n-1. The taps of a place lie side by side in y; those beyond its ends are zeros.
    void multiply(int64_t from, int n) {
        const int64_t before = from == 0, behind = from + n == n_places_;
        add(from + before, static_cast<int>(n - before - behind), -1, 3);
        if (n_places_ == 1) {
            add(from, 1, 0, 1);
            return;
        }
        if (before) {
            add(from, 1, 0, 2);
        }
        if (behind) {
            add(from + n - 1, 1, -1, 2);
        }
    }

    /// Taps first .. first+n_taps-1 of n places; the middle one is 0.
    void add(int64_t place, int n, int first, int n_taps) {
        const int64_t block = place % hop_ % at_once;
        for (int64_t panel = 0; panel < n_panels(n_) && n > 0; panel++) {
            kernel_set()->panel(y_ + (place + first) * n_, static_cast<size_t>(n_), n, panels_ + (panel * 3 + first + 1) * n_ * panel_width, panel_width,
                                n_taps * n_, sums_ + block * width() + panel * panel_width, static_cast<size_t>(width()));
        }
    }

    const ggml_tensor *kernels_, *biases_;
    const int64_t n_, hop_, n_places_;
    const float *y_, *x_;
    float *out_, *panels_, *sums_;
};

constexpr int gate_tasks = 64; // threads at most, each with its scratch

/// src: kernels, biases, y, x. dst: the result, then the scratch of each thread.
void run_gate(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor *kernels = dst->src[0], *y = dst->src[2];
    nth = std::min(nth, gate_tasks); // GGML calls all its threads
    if (ith >= nth) {
        return;
    }
    const int64_t n = y->ne[0], n_places = y->ne[1];
    float * scratch = data<float>(dst) + n * n_places + ith * LocalGate::scratch(n);
    LocalGate gate(kernels, dst->src[1], static_cast<const float *>(y->data), static_cast<const float *>(dst->src[3]->data), n_places, data<float>(dst),
                   scratch);
    const auto [first, last] = share(kernels->ne[2], ith, nth);
    for (int64_t frame = first; frame < last; frame++) {
        gate.run(frame);
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
    const bool is_half = matrix->type == GGML_TYPE_F16 && has_kernel() && kernel_set()->half_panel;
    if (is_half || (matrix->type == GGML_TYPE_F32 && has_kernel())) {
        matrix->extra = &panelled;
    }
}

bool is_panelled(const ggml_tensor * matrix) { return matrix->extra == &panelled; }

size_t panelled_bytes(const ggml_tensor * matrix) { return static_cast<size_t>(n_panels(matrix) * panel_width * matrix->ne[0]) * ggml_type_size(matrix->type); }

void store_panels(ggml_tensor * matrix, int64_t first, const uint8_t * rows, int64_t n_rows) {
    const size_t size = ggml_type_size(matrix->type), step = panel_width * size;
    const int64_t n_in = matrix->ne[0];
    const auto place = [&](int64_t row) {
        return data<uint8_t>(matrix) + static_cast<size_t>(row / panel_width * n_in * panel_width + row % panel_width) * size;
    };
    for (int64_t i = first; i < first + n_rows; i++) {
        uint8_t * to = place(i);
        for (int64_t k = 0; k < n_in; k++, rows += size, to += step) {
            memcpy(to, rows, size);
        }
    }
    for (int64_t i = matrix->ne[1]; first + n_rows == matrix->ne[1] && i % panel_width != 0; i++) { // the rows that only fill the last panel
        uint8_t * to = place(i);
        for (int64_t k = 0; k < n_in; k++, to += step) {
            memset(to, 0, size);
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

bool has_panel_gate() { return has_kernel() && kernel_set()->gate; }

ggml_tensor * panel_gate(ggml_context * ctx, const LocalKernels & kernels, ggml_tensor * y, ggml_tensor * x) {
    y = ggml_is_contiguous(y) ? y : ggml_cont(ctx, y);
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    const int64_t n = y->ne[0], n_places = y->ne[1];
    ggml_tensor * sources[] = { kernels.kernel, kernels.bias, y, x };
    ggml_tensor * gated =
        ggml_custom_4d(ctx, GGML_TYPE_F32, n * n_places + gate_tasks * LocalGate::scratch(n), 1, 1, 1, sources, 4, run_gate, gate_tasks, nullptr);
    ggml_set_name(gated, "gate");
    return ggml_view_2d(ctx, gated, n, n_places, static_cast<size_t>(n) * sizeof(float), 0);
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
