#include "kernels/convolve.h"

#include "kernels/kernel_set.h"
#include "kernels/panel.h"
#include "kernels/share.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace clvp {

namespace {

void * pack_slope(float slope) { return reinterpret_cast<void *>(static_cast<uintptr_t>(std::lround(slope * 100.0f))); }
float unpack_slope(uintptr_t hundredths) { return static_cast<float>(hundredths) / 100.0f; }

// Kernels run on GGML's threads, where an exception would end the process: they allocate nothing.

/// src: taps, bias
void run_fold(ggml_tensor * dst, int ith, int nth, void * packed) {
    const auto rate = static_cast<int64_t>(reinterpret_cast<uintptr_t>(packed));
    const ggml_tensor * taps = dst->src[0];
    const float * bias = data<float>(dst->src[1]);
    const int64_t n_out = dst->ne[0], n_frames = taps->ne[1];
    const auto [first, last] = share(dst->ne[1], ith, nth);
    for (int64_t t = first; t < last; t++) {
        const int64_t at = t + (rate + 1) / 2, frame = at / rate;
        const float * own = data<float>(taps) + (frame * 2 * rate + at % rate) * n_out; // the frame's first tap
        const float * before = own - rate * n_out;                                      // the second tap of the frame before
        float * out = data<float>(dst) + t * n_out;
        if (frame == 0) {
            std::transform(own, own + n_out, bias, out, std::plus<float>());
        } else if (frame == n_frames) {
            std::transform(before, before + n_out, bias, out, std::plus<float>());
        } else {
            for (int64_t c = 0; c < n_out; c++) {
                out[c] = own[c] + before[c] + bias[c];
            }
        }
    }
}

/// src: x
void run_leaky(ggml_tensor * dst, int ith, int nth, void * slope) {
    const auto [first, last] = share(ggml_nelements(dst), ith, nth);
    const RowEpilogue all = { dst->data, dst->type == GGML_TYPE_BF16, 0, nullptr, unpack_slope(reinterpret_cast<uintptr_t>(slope)) };
    kernel_set()->epilogue(data<float>(dst->src[0]) + first, 0, 1, last - first, all.from(first));
}

/// A convolution of one sequence x [n_channels, n_frames], of F32 or BF16.
struct Convolution {
    const ggml_tensor * matrix;
    const float * bias;
    Window window;
    const void * x;
    ggml_type x_type;
    int64_t n_frames, n_channels;
    RowEpilogue result; // [n_out, n_frames']

    static constexpr int64_t at_once = 48; // frames, which stay in the L2 cache for all panels

    /// Frames first .. last-1 of the result.
    void run(int64_t first, int64_t last) const {
        const int64_t n = n_panels(matrix), at_a_time = x_type == GGML_TYPE_BF16 ? 2 : 1;
        for (int64_t from = first; from < last; from += at_once) {
            const int n_rows = static_cast<int>(std::min(at_once, last - from));
            for (int64_t panel = 0; panel < n; panel += at_a_time) {
                multiply(from, n_rows, panel, static_cast<int>(std::min(at_a_time, n - panel)));
            }
        }
    }

    /// Panels that are multiplied together: their sums lie side by side.
    struct Panels {
        int64_t at; // number of the matrix
        int n;
        size_t width() const { return static_cast<size_t>(n * panel_width); }
    };

    /// Adds the products of n frames' channels, from frame `frame` on, with `depth` columns of panels, from column `column` on.
    void add_products(int64_t frame, int n, const Panels & panels, int64_t column, int64_t depth, float * sums) const {
        const auto stride = static_cast<size_t>(n_channels);
        const int64_t first = frame * n_channels, at = panels.at + column * panel_width;
        const KernelSet & kernels = *kernel_set();
        if (x_type == GGML_TYPE_BF16) {
            const PairPanels pairs = { data<ggml_bf16_t>(matrix) + at, static_cast<size_t>(matrix->ne[0] * panel_width), panels.n, depth };
            kernels.bf16_pairs(static_cast<const ggml_bf16_t *>(x) + first, stride, n, pairs, sums);
            return;
        }
        const float * rows = static_cast<const float *>(x) + first;
        switch (matrix->type) {
        case GGML_TYPE_BF16: kernels.bf16_panel(rows, stride, n, data<ggml_bf16_t>(matrix) + at, panel_width, depth, sums, panel_width); break;
        case GGML_TYPE_F16: kernels.half_panel(rows, stride, n, data<ggml_fp16_t>(matrix) + at, panel_width, depth, sums, panel_width); break;
        default: kernels.panel(rows, stride, n, data<float>(matrix) + at, panel_width, depth, sums, panel_width);
        }
    }

    void multiply(int64_t from, int n, int64_t panel, int n_panels) const {
        const Panels panels = { panel * matrix->ne[0] * panel_width, n_panels };
        const size_t width = panels.width();
        const int64_t n_out = matrix->ne[1], column = panel * panel_width, n_columns = std::min(static_cast<int64_t>(width), n_out - column);
        float sums[at_once * 2 * panel_width], start[2 * panel_width] = {};
        if (bias) {
            std::copy_n(bias + column, n_columns, start);
        }
        for (int i = 0; i < n; i++) {
            std::copy_n(start, width, sums + static_cast<size_t>(i) * width);
        }
        // Frames whose windows reach beyond either end are few, and cost more.
        const auto begin = static_cast<int>(std::clamp<int64_t>(-window.frame(from, 0), 0, n));
        const auto end = static_cast<int>(std::clamp<int64_t>(n_frames - window.frame(from, window.width - 1), begin, n));
        for (int i = 0; i < n; i++) {
            if (i < begin || i >= end) {
                add_edge(from + i, panels, sums + static_cast<size_t>(i) * width);
            }
        }
        if (begin < end) {
            add_frames(from + begin, end - begin, panels, sums + static_cast<size_t>(begin) * width);
        }
        kernel_set()->epilogue(sums, width, n, n_columns, result.from(from * n_out + column));
    }

    /// Frames whose windows lie within the sequence.
    void add_frames(int64_t from, int n, const Panels & panels, float * sums) const {
        if (window.dilation == 1) { // the taps of a frame lie side by side in x
            add_products(window.frame(from, 0), n, panels, 0, matrix->ne[0], sums);
            return;
        }
        for (int tap = 0; tap < window.width; tap++) {
            add_products(window.frame(from, tap), n, panels, tap * n_channels, n_channels, sums);
        }
    }

    /// A frame near an end: only the taps that lie within.
    void add_edge(int64_t frame, const Panels & panels, float * sums) const {
        for (int tap = 0; tap < window.width; tap++) {
            const int64_t at = window.frame(frame, tap);
            if (at >= 0 && at < n_frames) {
                add_products(at, 1, panels, tap * n_channels, n_channels, sums);
            }
        }
    }
};

/// src: matrix, x, bias or null, residual or null
void run_convolve(ggml_tensor * dst, int ith, int nth, void * packed) {
    const ggml_tensor * x = dst->src[1];
    Window window = unpack_window(packed);
    const float slope = unpack_slope(static_cast<uintptr_t>(window.stride));
    window.stride = 1;
    const int64_t n_frames = dst->ne[1];
    const RowEpilogue result = { dst->data, dst->type == GGML_TYPE_BF16, static_cast<size_t>(dst->ne[0]), dst->src[3] ? data<float>(dst->src[3]) : nullptr,
                                 slope };
    const auto [first, last] = share(n_frames * dst->ne[2], ith, nth);
    for (int64_t b = first / std::max<int64_t>(n_frames, 1); b * n_frames < last; b++) {
        const Convolution convolution = {
            dst->src[0], dst->src[2] ? data<float>(dst->src[2]) : nullptr, window, data<char>(x) + static_cast<size_t>(b) * x->nb[2], x->type, x->ne[1],
            x->ne[0],    result.from(b * dst->ne[0] * n_frames),
        };
        convolution.run(std::max<int64_t>(first - b * n_frames, 0), std::min(last - b * n_frames, n_frames));
    }
}

ggml_tensor * contiguous(ggml_context * ctx, ggml_tensor * x) { return ggml_is_contiguous(x) ? x : ggml_cont(ctx, x); }

} // namespace

ggml_tensor * fold_taps(ggml_context * ctx, ggml_tensor * taps, ggml_tensor * bias, int64_t rate) {
    ggml_tensor * sources[] = { taps, bias };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, bias->ne[0], rate * taps->ne[1], 1, 1, sources, 2, run_fold, GGML_N_TASKS_MAX,
                                     reinterpret_cast<void *>(static_cast<uintptr_t>(rate)));
    return ggml_set_name(y, "fold");
}

ggml_type panel_input(const ggml_tensor * matrix) {
    return is_panelled(matrix) && matrix->type == GGML_TYPE_BF16 && kernel_set()->bf16_pairs ? GGML_TYPE_BF16 : GGML_TYPE_F32;
}

ggml_tensor * panel_leaky(ggml_context * ctx, ggml_tensor * x, float slope, ggml_type type) {
    ggml_tensor * sources[] = { contiguous(ctx, x) };
    ggml_tensor * y = ggml_custom_4d(ctx, type, x->ne[0], x->ne[1], x->ne[2], x->ne[3], sources, 1, run_leaky, GGML_N_TASKS_MAX, pack_slope(slope));
    return ggml_set_name(y, "leaky");
}

ggml_tensor * panel_convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, const Epilogue & epilogue) {
    x = panel_input(layer.weight) == GGML_TYPE_BF16 && x->type == GGML_TYPE_F32 ? panel_leaky(ctx, x, 1.0f, GGML_TYPE_BF16) : contiguous(ctx, x);
    ggml_tensor * sources[] = { layer.weight, x, layer.bias, epilogue.residual ? contiguous(ctx, epilogue.residual) : nullptr };
    ggml_tensor * y = ggml_custom_4d(ctx, epilogue.type, layer.weight->ne[1], window.count(x->ne[1]), x->ne[2], 1, sources, 4, run_convolve, GGML_N_TASKS_MAX,
                                     pack_window(window, static_cast<int>(std::lround(epilogue.slope * 100.0f))));
    return ggml_set_name(y, "convolve");
}

} // namespace clvp
