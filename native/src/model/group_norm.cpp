#include "model/group_norm.h"

namespace clvp {

ggml_tensor * group_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, const Modulation & modulation) {
    const int64_t n = x->ne[0], n_frames = x->ne[1], n_batch = x->ne[2], n_group = group_count(static_cast<uint32_t>(n));
    if (is_on_cpu(norm.weight) && has_group_norm(n / n_group)) {
        return fused_group_norm(ctx, norm, x, n_group, modulation);
    }
    ggml_tensor * y = ggml_cont(ctx, ggml_transpose(ctx, x)); // [n_frames, n, n_batch]: ggml_group_norm() needs the channels outermost
    y = ggml_group_norm(ctx, ggml_reshape_4d(ctx, y, n_frames, 1, n, n_batch), static_cast<int>(n_group), norm.eps);
    y = ggml_cont(ctx, ggml_transpose(ctx, ggml_reshape_3d(ctx, y, n_frames, n, n_batch)));
    y = ggml_add(ctx, ggml_mul(ctx, y, norm.weight), norm.bias);
    if (ggml_tensor * change = modulation.change) {
        y = ggml_add(ctx, y, ggml_mul(ctx, y, ggml_view_1d(ctx, change, n, 0)));
        y = ggml_add(ctx, y, ggml_view_1d(ctx, change, n, static_cast<size_t>(n) * change->nb[0]));
    }
    return modulation.silu ? ggml_silu(ctx, y) : y;
}

} // namespace clvp
