#include "kernels/window.h"

#include "kernels/share.h"

#include <algorithm>

namespace clvp {

void * pack_window(const Window & w, int stride) {
    return reinterpret_cast<void *>(static_cast<uintptr_t>(w.width) | static_cast<uintptr_t>(stride) << 8 | static_cast<uintptr_t>(w.dilation) << 16 |
                                    static_cast<uintptr_t>(w.padding) << 32);
}

Window unpack_window(const void * packed) {
    const auto bits = reinterpret_cast<uintptr_t>(packed);
    return { static_cast<int>(bits & 0xff), static_cast<int>(bits >> 16 & 0xffff), static_cast<int>(bits >> 32), static_cast<int>(bits >> 8 & 0xff) };
}

/// src: x
static void run_windows(ggml_tensor * dst, int ith, int nth, void * packed) {
    const ggml_tensor * x = dst->src[0];
    const Window window = unpack_window(packed);
    const int64_t n_in = x->ne[0], n_frames = x->ne[1];
    const auto [first, last] = share(dst->ne[1] * dst->ne[2], ith, nth);
    for (int64_t row = first; row < last; row++) {
        const float * frames = data<float>(x) + row / dst->ne[1] * n_frames * n_in;
        float * out = data<float>(dst) + row * dst->ne[0];
        for (int tap = 0; tap < window.width; tap++, out += n_in) {
            const int64_t at = window.frame(row % dst->ne[1], tap);
            if (at >= 0 && at < n_frames) {
                std::copy_n(frames + at * n_in, n_in, out);
            } else {
                std::fill_n(out, n_in, 0.0f);
            }
        }
    }
}

ggml_tensor * copy_windows(ggml_context * ctx, ggml_tensor * x, const Window & window) {
    ggml_tensor * sources[] = { ggml_is_contiguous(x) ? x : ggml_cont(ctx, x) };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, window.width * x->ne[0], window.count(x->ne[1]), x->ne[2], 1, sources, 1, run_windows,
                                     GGML_N_TASKS_MAX, pack_window(window, window.stride));
    return ggml_set_name(y, "windows");
}

} // namespace clvp
