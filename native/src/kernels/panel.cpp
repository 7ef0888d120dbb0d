#include "kernels/panel.h"

#include "kernels/kernel_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace clvp {

namespace {

/// The `extra` of a matrix in panels points here.
char panelled;

int64_t n_panels(const ggml_tensor * matrix) { return (matrix->ne[1] + panel_width - 1) / panel_width; }

/// The share of thread ith of nth in n items: [.first, .second).
std::pair<int64_t, int64_t> share(int64_t n, int ith, int nth) { return { n * ith / nth, n * (ith + 1) / nth }; }

template <typename T> T * data(ggml_tensor * tensor) { return static_cast<T *>(tensor->data); }

/// A window fits into the pointer that GGML keeps for an operation.
void * pack(const Window & w) {
    return reinterpret_cast<void *>((static_cast<uintptr_t>(w.width) << 32) | (static_cast<uintptr_t>(w.dilation) << 16) | static_cast<uintptr_t>(w.padding));
}

Window unpack(const void * packed) {
    const auto bits = reinterpret_cast<uintptr_t>(packed);
    return { static_cast<int>(bits >> 32), static_cast<int>(bits >> 16 & 0xffff), static_cast<int>(bits & 0xffff) };
}

/// Frames of one sequence, with zeros beyond both ends.
struct Frames {
    const float * data;
    int64_t n, n_channels;

    /// Frames from .. from+count-1; copied to `copy` if some lie beyond an end.
    const float * at(int64_t from, int64_t count, std::vector<float> & copy) const {
        if (from >= 0 && from + count <= n) {
            return data + from * n_channels;
        }
        copy.assign(static_cast<size_t>(count * n_channels), 0.0f);
        const int64_t first = std::max<int64_t>(from, 0), last = std::min(from + count, n);
        if (first < last) {
            std::copy(data + first * n_channels, data + last * n_channels, copy.begin() + (first - from) * n_channels);
        }
        return copy.data();
    }
};

/// One product of frames first .. last-1 of a sequence with all panels.
struct Convolution {
    const ggml_tensor * matrix;
    const float * bias;
    Window window;

    void run(const Frames & x, int64_t first, int64_t last, float * out, const float * residual) const {
        constexpr int64_t at_once = 48; // frames, which stay in the L2 cache for all panels
        std::vector<float> copy;
        for (int64_t from = first; from < last; from += at_once) {
            const int64_t n = std::min(at_once, last - from);
            const int64_t reach = int64_t(window.dilation) * (window.width - 1);
            const float * rows = x.at(from - window.padding, n + reach, copy);
            for (int64_t panel = 0; panel < n_panels(matrix); panel++) {
                multiply(rows, x.n_channels, panel, static_cast<int>(n), out + from * matrix->ne[1], residual ? residual + from * matrix->ne[1] : nullptr);
            }
        }
    }

    void multiply(const float * rows, int64_t n_channels, int64_t panel, int n, float * out, const float * residual) const {
        constexpr int64_t most = 48;
        const int64_t n_out = matrix->ne[1], column = panel * panel_width, n_columns = std::min<int64_t>(panel_width, n_out - column);
        float sums[most * panel_width];
        for (int64_t i = 0; i < n * panel_width; i++) {
            sums[i] = bias && i % panel_width < n_columns ? bias[column + i % panel_width] : 0.0f;
        }
        const float * weights = static_cast<const float *>(matrix->data) + panel * matrix->ne[0] * panel_width;
        const auto stride = static_cast<size_t>(n_channels);
        if (window.dilation == 1) { // the taps of a frame lie side by side in x
            kernel_set()->panel(rows, stride, n, weights, panel_width, matrix->ne[0], sums, panel_width);
        } else {
            for (int tap = 0; tap < window.width; tap++) {
                kernel_set()->panel(rows + int64_t(tap) * window.dilation * n_channels, stride, n, weights + tap * n_channels * panel_width, panel_width,
                                    n_channels, sums, panel_width);
            }
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t c = 0; c < n_columns; c++) {
                const int64_t at = i * n_out + column + c;
                out[at] = sums[i * panel_width + c] + (residual ? residual[at] : 0.0f);
            }
        }
    }
};

/// src: matrix, x, bias or null, residual or null
void run_convolve(ggml_tensor * dst, int ith, int nth, void * window) {
    const ggml_tensor * x = dst->src[1];
    const Convolution convolution = { dst->src[0], dst->src[2] ? data<float>(dst->src[2]) : nullptr, unpack(window) };
    const int64_t n_frames = dst->ne[1], size = dst->ne[0] * n_frames;
    const auto [first, last] = share(n_frames * dst->ne[2], ith, nth);
    for (int64_t b = first / std::max<int64_t>(n_frames, 1); b * n_frames < last; b++) {
        const Frames frames = { static_cast<const float *>(x->data) + b * x->ne[1] * x->ne[0], x->ne[1], x->ne[0] };
        convolution.run(frames, std::max<int64_t>(first - b * n_frames, 0), std::min(last - b * n_frames, n_frames), data<float>(dst) + b * size,
                        dst->src[3] ? data<float>(dst->src[3]) + b * size : nullptr);
    }
}

/// Attention of some queries of one head.
class HeadAttention {
public:
    /// q, k and v are rows of `stride` floats.
    HeadAttention(const float * q, const float * k, const float * v, size_t stride, int64_t d_head, int64_t n_tokens, const float * bias)
        : q_(q), v_(v), stride_(stride), d_head_(d_head), n_tokens_(n_tokens), bias_(bias) {
        keys_.assign(static_cast<size_t>(n_blocks() * d_head * panel_width), 0.0f);
        for (int64_t t = 0; t < n_tokens; t++) { // to panels of 16 keys
            for (int64_t c = 0; c < d_head; c++) {
                keys_[static_cast<size_t>((t / panel_width * d_head + c) * panel_width + t % panel_width)] =
                    k[static_cast<size_t>(t) * stride + static_cast<size_t>(c)];
            }
        }
    }

    /// Queries first .. first+n-1, at most `at_once`. `out` has rows of `out_stride` floats.
    void run(int64_t first, int n, float * out, size_t out_stride) {
        const int64_t width = n_blocks() * panel_width;
        const float scale = 1.0f / std::sqrt(static_cast<float>(d_head_));
        scores_.assign(static_cast<size_t>(n * width), 0.0f);
        for (int64_t block = 0; block < n_blocks(); block++) {
            kernel_set()->panel(q_ + static_cast<size_t>(first) * stride_, stride_, n, keys_.data() + block * d_head_ * panel_width, panel_width, d_head_,
                                scores_.data() + block * panel_width, static_cast<size_t>(width));
        }
        for (int i = 0; i < n; i++) {
            float * row = scores_.data() + i * width;
            for (int64_t t = 0; t < n_tokens_; t++) {
                row[t] = row[t] * scale + bias_[t - first - i + n_tokens_ - 1];
            }
            kernel_set()->softmax(row, n_tokens_);
        }
        mixed_.assign(static_cast<size_t>(n) * panel_width, 0.0f);
        for (int64_t c = 0; c < d_head_; c += panel_width) {
            mix(c, n, width, out, out_stride);
        }
    }

    static constexpr int at_once = 24;

private:
    int64_t n_blocks() const { return (n_tokens_ + panel_width - 1) / panel_width; }

    /// Channels c .. c+15 of the values, weighted by the scores.
    void mix(int64_t c, int n, int64_t width, float * out, size_t out_stride) {
        const int64_t n_columns = std::min<int64_t>(panel_width, d_head_ - c);
        const float * values = v_ + c;
        size_t stride = stride_;
        if (n_columns < panel_width) { // the kernel reads whole panels
            narrow_.assign(static_cast<size_t>(n_tokens_) * panel_width, 0.0f);
            for (int64_t t = 0; t < n_tokens_; t++) {
                std::copy_n(values + static_cast<size_t>(t) * stride_, n_columns, narrow_.begin() + t * panel_width);
            }
            values = narrow_.data();
            stride = panel_width;
        }
        std::fill(mixed_.begin(), mixed_.end(), 0.0f);
        kernel_set()->panel(scores_.data(), static_cast<size_t>(width), n, values, stride, n_tokens_, mixed_.data(), panel_width);
        for (int i = 0; i < n; i++) {
            std::copy_n(mixed_.begin() + i * panel_width, n_columns, out + static_cast<size_t>(i) * out_stride + c);
        }
    }

    const float *q_, *v_;
    const size_t stride_;
    const int64_t d_head_, n_tokens_;
    const float * bias_; // of one head, by distance
    std::vector<float> keys_, scores_, mixed_, narrow_;
};

/// src: qkv, bias
void run_attend(ggml_tensor * dst, int ith, int nth, void * userdata) {
    const ggml_tensor * qkv = dst->src[0];
    const ggml_tensor * bias = dst->src[1];
    const auto n_head = static_cast<int64_t>(reinterpret_cast<uintptr_t>(userdata));
    const int64_t n_embd = dst->ne[0], n_tokens = dst->ne[1], d_head = n_embd / n_head;
    const auto [first, last] = share(n_head * dst->ne[2], ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t batch = i / n_head, head = i % n_head;
        const float * q = static_cast<const float *>(qkv->data) + batch * n_tokens * 3 * n_embd + head * d_head;
        HeadAttention attention(q, q + n_embd, q + 2 * n_embd, static_cast<size_t>(3 * n_embd), d_head, n_tokens,
                                static_cast<const float *>(bias->data) + head * bias->ne[0]);
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

ggml_tensor * panel_convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual) {
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    residual = residual && !ggml_is_contiguous(residual) ? ggml_cont(ctx, residual) : residual;
    const int64_t n_frames = x->ne[1] + 2 * window.padding - int64_t(window.dilation) * (window.width - 1);
    ggml_tensor * sources[] = { layer.weight, x, layer.bias, residual };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, layer.weight->ne[1], n_frames, x->ne[2], 1, sources, 4, run_convolve, GGML_N_TASKS_MAX, pack(window));
    return ggml_set_name(y, "convolve");
}

bool has_panel_attention() { return has_kernel(); }

ggml_tensor * panel_attend(ggml_context * ctx, ggml_tensor * qkv, int64_t n_head, ggml_tensor * bias) {
    ggml_tensor * sources[] = { qkv, bias };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, qkv->ne[0] / 3, qkv->ne[1], qkv->ne[2], 1, sources, 2, run_attend, GGML_N_TASKS_MAX,
                                     reinterpret_cast<void *>(static_cast<uintptr_t>(n_head)));
    return ggml_set_name(y, "attend");
}

} // namespace clvp
