#include "kernels/group_norm.h"

#include "kernels/kernel_set.h"
#include "kernels/share.h"

#include <cstring>

namespace clvp {

namespace {

/// What the operation has to know besides its sources fits into the pointer that GGML keeps.
void * pack(int64_t n_group, bool silu, float eps) {
    uint32_t bits = 0;
    memcpy(&bits, &eps, sizeof bits);
    return reinterpret_cast<void *>(static_cast<uintptr_t>(bits) << 32 | static_cast<uintptr_t>(n_group) << 1 | static_cast<uintptr_t>(silu));
}

/// src: x, weight, bias, change or null
void run_group_norm(ggml_tensor * dst, int ith, int nth, void * packed) {
    const auto bits = reinterpret_cast<uintptr_t>(packed);
    const auto eps_bits = static_cast<uint32_t>(bits >> 32);
    float eps = 0;
    memcpy(&eps, &eps_bits, sizeof eps);
    const auto n_group = static_cast<int64_t>((bits & 0xffffffff) >> 1);
    const ggml_tensor * x = dst->src[0];
    const int64_t n_channels = x->ne[0], n_frames = x->ne[1], n = n_channels / n_group;
    const float * change = dst->src[3] ? data<float>(dst->src[3]) : nullptr;
    const auto [first, last] = share(n_group * x->ne[2], ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t channel = i % n_group * n, at = i / n_group * n_channels * n_frames + channel;
        kernel_set()->group_norm({
            data<float>(x) + at,
            static_cast<size_t>(n_channels),
            n_frames,
            n,
            data<float>(dst->src[1]) + channel,
            data<float>(dst->src[2]) + channel,
            change ? change + channel : nullptr,
            change ? change + n_channels + channel : nullptr,
            eps,
            (bits & 1) != 0,
            data<float>(dst) + at,
        });
    }
}

} // namespace

bool has_group_norm(int64_t n_channels) { return kernel_set() && n_channels <= max_group; }

ggml_tensor * fused_group_norm(ggml_context * ctx, const Norm & norm, ggml_tensor * x, int64_t n_group, const Modulation & modulation) {
    ggml_tensor * sources[] = { ggml_is_contiguous(x) ? x : ggml_cont(ctx, x), norm.weight, norm.bias, modulation.change };
    ggml_tensor * y = ggml_custom_4d(ctx, GGML_TYPE_F32, x->ne[0], x->ne[1], x->ne[2], 1, sources, 4, run_group_norm, GGML_N_TASKS_MAX,
                                     pack(n_group, modulation.silu, norm.eps));
    return ggml_set_name(y, "group_norm");
}

} // namespace clvp
