#include "model/convolution.h"

#include "kernels/panel.h"
#include "kernels/tile.h"

namespace clvp {

ggml_tensor * windows(ggml_context * ctx, ggml_tensor * x, const Window & window, bool on_cpu) {
    if (on_cpu) {
        return copy_windows(ctx, x, window);
    }
    // A view whose rows overlap would be simpler, but GGML's scheduler ends the process over it where graphs are split between devices.
    x = window.padding > 0 ? ggml_pad_ext(ctx, x, 0, 0, window.padding, window.padding, 0, 0, 0, 0) : x;
    const int64_t n = window.count(x->ne[1] - 2 * window.padding);
    ggml_tensor * rows = nullptr;
    for (int tap = 0; tap < window.width; tap++) {
        ggml_tensor * taps = ggml_view_3d(ctx, x, x->ne[0], n, x->ne[2], static_cast<size_t>(window.stride) * x->nb[1], x->nb[2],
                                          static_cast<size_t>(tap * window.dilation) * x->nb[1]);
        rows = rows ? ggml_concat(ctx, rows, taps, 0) : taps;
    }
    return ggml_is_contiguous(rows) ? rows : ggml_cont(ctx, rows);
}

/// Whether a convolution can round its windows from the frames themselves: no block may reach from one frame into the next.
static bool rounds_windows(const Linear & layer, const ggml_tensor * x) { return is_tiled(layer.weight) && x->ne[0] % tile_block == 0; }

ggml_tensor * convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window) {
    if (is_panelled(layer.weight) && window.stride == 1) {
        return panel_convolve(ctx, layer, x, window);
    }
    if (rounds_windows(layer, x)) {
        return tile_product(ctx, layer, tile_windows(ctx, x, window));
    }
    const bool is_whole = window.width == 1 && window.padding == 0 && window.stride == 1;
    return linear(ctx, layer, is_whole ? x : windows(ctx, x, window, is_on_cpu(layer.weight)));
}

ggml_tensor * convolve_add(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual) {
    if (is_panelled(layer.weight)) {
        return panel_convolve(ctx, layer, x, window, { residual });
    }
    if (rounds_windows(layer, x)) {
        return tile_product(ctx, layer, tile_windows(ctx, x, window), residual);
    }
    return ggml_add(ctx, convolve(ctx, layer, x, window), residual);
}

ggml_tensor * leaky(ggml_context * ctx, ggml_tensor * x, float slope, const Linear & next) {
    if (is_panelled(next.weight)) {
        return panel_leaky(ctx, x, slope, panel_input(next.weight));
    }
    return ggml_leaky_relu(ctx, ggml_is_contiguous(x) ? x : ggml_cont(ctx, x), slope, false);
}

ggml_tensor * convolve_leaky(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, float slope, const Linear * next) {
    if (is_panelled(layer.weight) && window.stride == 1) {
        return panel_convolve(ctx, layer, x, window, { nullptr, slope, next ? panel_input(next->weight) : GGML_TYPE_F32 });
    }
    x = convolve(ctx, layer, x, window);
    return next ? leaky(ctx, x, slope, *next) : ggml_leaky_relu(ctx, x, slope, false);
}

ggml_tensor * upsample(ggml_context * ctx, const Linear & layer, ggml_tensor * x, int64_t rate) {
    const int64_t n_frames = x->ne[1], n_out = layer.weight->ne[1] / (2 * rate), width = rate * n_out;
    // A frame reaches into two blocks of `rate` frames: the first half of its taps into its own, the second half into the next.
    ggml_tensor * taps = linear(ctx, { layer.weight, nullptr }, x); // [2*width, n_frames]
    if (is_on_cpu(layer.weight)) {
        return fold_taps(ctx, taps, layer.bias, rate);
    }
    taps = ggml_pad_ext(ctx, taps, 0, 0, 1, 1, 0, 0, 0, 0);
    const auto half = [&](int64_t i) {
        return ggml_view_2d(ctx, taps, width, n_frames + 1, taps->nb[1],
                            static_cast<size_t>(1 - i) * taps->nb[1] + static_cast<size_t>(i * width) * taps->nb[0]);
    };
    ggml_tensor * y = ggml_reshape_2d(ctx, ggml_add(ctx, half(0), half(1)), n_out, rate * (n_frames + 1));
    return ggml_add(ctx, frames_of(ctx, y, (rate + 1) / 2, rate * n_frames), layer.bias);
}

ggml_tensor * reflect(ggml_context * ctx, ggml_tensor * x, int64_t n) {
    const int64_t n_frames = x->ne[1];
    ggml_tensor *before = frames_of(ctx, x, 1, 1), *behind = frames_of(ctx, x, n_frames - 2, 1);
    for (int64_t i = 2; i <= n; i++) {
        before = ggml_concat(ctx, frames_of(ctx, x, i, 1), before, 1);
        behind = ggml_concat(ctx, behind, frames_of(ctx, x, n_frames - 1 - i, 1), 1);
    }
    return ggml_concat(ctx, ggml_concat(ctx, before, x, 1), behind, 1);
}

ggml_tensor * frames_of(ggml_context * ctx, ggml_tensor * x, int64_t from, int64_t n) {
    return ggml_view_3d(ctx, x, x->ne[0], n, x->ne[2], x->nb[1], x->nb[2], static_cast<size_t>(from) * x->nb[1]);
}

} // namespace clvp
