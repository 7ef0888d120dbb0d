#include "model/convolution.h"

namespace clvp {

namespace {

/// The windows of x, [width * n_in, n_frames', n_batch]. Rows of the view overlap; ggml_view() refuses that, but every backend copies it.
ggml_tensor * windows(ggml_context * ctx, ggml_tensor * x, const Window & window, int64_t stride) {
    if (window.padding > 0) {
        x = ggml_pad_ext(ctx, x, 0, 0, window.padding, window.padding, 0, 0, 0, 0);
    }
    x = ggml_is_contiguous(x) ? x : ggml_cont(ctx, x);
    const int64_t n_in = x->ne[0], n_batch = x->ne[2], reach = int64_t(window.dilation) * (window.width - 1);
    const int64_t n_frames = (x->ne[1] - reach - 1) / stride + 1;
    ggml_tensor * view = ggml_view_1d(ctx, x, 1, 0);
    const int64_t ne[] = { n_in, window.width, n_frames, n_batch };
    const size_t nb[] = { x->nb[0], static_cast<size_t>(window.dilation) * x->nb[1], static_cast<size_t>(stride) * x->nb[1], x->nb[2] };
    for (int i = 0; i < 4; i++) {
        view->ne[i] = ne[i];
        view->nb[i] = nb[i];
    }
    return ggml_reshape_3d(ctx, ggml_cont(ctx, view), n_in * window.width, n_frames, n_batch);
}

} // namespace

ggml_tensor * convolve(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, int64_t stride) {
    if (is_panelled(layer.weight) && stride == 1) {
        return panel_convolve(ctx, layer, x, window);
    }
    if (window.width == 1 && window.padding == 0 && stride == 1) {
        return linear(ctx, layer, x);
    }
    return linear(ctx, layer, windows(ctx, x, window, stride));
}

ggml_tensor * convolve_add(ggml_context * ctx, const Linear & layer, ggml_tensor * x, const Window & window, ggml_tensor * residual) {
    return is_panelled(layer.weight) ? panel_convolve(ctx, layer, x, window, residual) : ggml_add(ctx, convolve(ctx, layer, x, window), residual);
}

ggml_tensor * upsample(ggml_context * ctx, const Linear & layer, ggml_tensor * x, int64_t rate) {
    const int64_t n_frames = x->ne[1], n_out = layer.weight->ne[1] / (2 * rate), width = rate * n_out;
    // A frame reaches into two blocks of `rate` frames: the first half of its taps into its own, the second half into the next.
    ggml_tensor * taps = linear(ctx, { layer.weight, nullptr }, x); // [2*width, n_frames]
    const auto half = [&](int64_t i) { return ggml_view_2d(ctx, taps, width, n_frames, taps->nb[1], static_cast<size_t>(i * width) * taps->nb[0]); };
    ggml_tensor * own = ggml_pad_ext(ctx, ggml_cont(ctx, half(0)), 0, 0, 0, 1, 0, 0, 0, 0);
    ggml_tensor * next = ggml_pad_ext(ctx, ggml_cont(ctx, half(1)), 0, 0, 1, 0, 0, 0, 0, 0);
    ggml_tensor * y = ggml_reshape_2d(ctx, ggml_add(ctx, own, next), n_out, rate * (n_frames + 1));
    return ggml_add(ctx, ggml_cont(ctx, frames_of(ctx, y, (rate + 1) / 2, rate * n_frames)), layer.bias);
}

ggml_tensor * reflect(ggml_context * ctx, ggml_tensor * x, int64_t n) {
    const int64_t n_frames = x->ne[1];
    ggml_tensor * y = x;
    for (int64_t i = 1; i <= n; i++) {
        y = ggml_concat(ctx, frames_of(ctx, x, i, 1), y, 1);
        y = ggml_concat(ctx, y, frames_of(ctx, x, n_frames - 1 - i, 1), 1);
    }
    return y;
}

ggml_tensor * frames_of(ggml_context * ctx, ggml_tensor * x, int64_t from, int64_t n) {
    return ggml_view_3d(ctx, x, x->ne[0], n, x->ne[2], x->nb[1], x->nb[2], static_cast<size_t>(from) * x->nb[1]);
}

} // namespace clvp
