// Kernels for ARM with dot products of bytes. The sums are the same whole numbers as on x86, and each block is added in F32 in the same order, so
// that these kernels round alike.
#include "kernels/kernel_set.h"

#ifdef CLVP_ARM

#include <cfloat>

#ifdef __clang__
#define CLVP_TARGET __attribute__((target("dotprod")))
#else
#define CLVP_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define CLVP_INLINE CLVP_TARGET __attribute__((always_inline)) static inline

#include "kernels/neon_tiles.h"

namespace clvp {

namespace {

template <Form form> CLVP_TARGET void all_columns(const Tile & tile, const Columns & columns, const float * bias, float * out, size_t stride) {
    for (int half = 0; half < 2; half++) {
        int done = 0;
        while (pass<form, max_columns, Dots>(tile, columns, done, half, bias, out, stride)) {
        }
        pass<form, 2, Dots>(tile, columns, done, half, bias, out, stride);
        pass<form, 1, Dots>(tile, columns, done, half, bias, out, stride);
    }
}

/// Rounds as GGML does for Q8_0, but keeps the scale in F32. A block with a NaN or infinite number gets a NaN scale.
CLVP_TARGET void round_blocks(const float * x, int64_t n_blocks, int64_t first, int64_t count, uint8_t * column) {
    for (int64_t b = first; b < first + count; b++, x += tile_block) {
        float32x4_t most = vabsq_f32(vld1q_f32(x));
        for (int i = 4; i < tile_block; i += 4) {
            most = vmaxq_f32(most, vabsq_f32(vld1q_f32(x + i)));
        }
        const float largest = vmaxvq_f32(most); // NaN if there is one
        if (!(largest <= FLT_MAX)) {
            spoil_block(column, n_blocks, b);
            continue;
        }
        const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
        auto * to = reinterpret_cast<int8_t *>(column) + b * tile_block;
        int32x4_t halves_sums[2] = { vdupq_n_s32(0), vdupq_n_s32(0) };
        for (int i = 0; i < tile_block; i += 8) {
            const int32x4_t low = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), inverse)), high = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), inverse));
            vst1_s8(to + i, vqmovn_s16(vcombine_s16(vqmovn_s32(low), vqmovn_s32(high))));
            halves_sums[i / 16] = vaddq_s32(halves_sums[i / 16], vaddq_s32(low, high));
        }
        const int32_t upper = vaddvq_s32(halves_sums[1]);
        parts_of(column, n_blocks)[b] = block_parts(largest / 127.0f, upper + vaddvq_s32(halves_sums[0]), upper);
    }
}

struct Lanes {
    static constexpr int width = 4;
    float32x4_t v;

    CLVP_INLINE Lanes all(float x) { return { vdupq_n_f32(x) }; }
    CLVP_INLINE Lanes all(ggml_fp16_t x) { return { vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(x))) }; }
    CLVP_INLINE Lanes load(const float * from) { return { vld1q_f32(from) }; }
    CLVP_INLINE Lanes load(const ggml_fp16_t * from) { return { vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))) }; }
    CLVP_INLINE Lanes load(const int8_t * from) {
        int32_t bytes;
        memcpy(&bytes, from, sizeof bytes);
        return { vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(bytes)))))) };
    }
    /// The first or the second of 4 pairs.
    CLVP_INLINE Lanes load_first(const ggml_bf16_t * pairs) { return { vreinterpretq_f32_u32(vshlq_n_u32(load_pairs(pairs), 16)) }; }
    CLVP_INLINE Lanes load_second(const ggml_bf16_t * pairs) { return { vreinterpretq_f32_u32(vandq_u32(load_pairs(pairs), vdupq_n_u32(0xffff0000))) }; }
    CLVP_INLINE void store(ggml_bf16_t * to, Lanes x) { // rounded to even
        const uint32x4_t bits = vreinterpretq_u32_f32(x.v), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
        const uint16x4_t rounded = vshrn_n_u32(vaddq_u32(vaddq_u32(bits, odd), vdupq_n_u32(0x7fff)), 16);
        memcpy(to, &rounded, sizeof rounded);
    }
    CLVP_INLINE void store(float * to, Lanes x) { vst1q_f32(to, x.v); }
    CLVP_INLINE void store(ggml_fp16_t * to, Lanes x) { vst1_u16(to, vreinterpret_u16_f16(vcvt_f16_f32(x.v))); }
    CLVP_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return { vfmaq_f32(c.v, a.v, b.v) }; }
    CLVP_INLINE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
    CLVP_INLINE Lanes multiply(Lanes a, Lanes b) { return { vmulq_f32(a.v, b.v) }; }
    CLVP_INLINE Lanes divide(Lanes a, Lanes b) { return { vdivq_f32(a.v, b.v) }; }
    CLVP_INLINE Lanes add(Lanes a, Lanes b) { return { vaddq_f32(a.v, b.v) }; }
    CLVP_INLINE Lanes max(Lanes a, Lanes b) { return { vmaxq_f32(a.v, b.v) }; }
    CLVP_INLINE Lanes min(Lanes a, Lanes b) { return { vminq_f32(a.v, b.v) }; }
    CLVP_INLINE Lanes round(Lanes x) { return { vrndnq_f32(x.v) }; }
    CLVP_INLINE Lanes power_of_two(Lanes k) { return { vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(k.v), vdupq_n_s32(127)), 23)) }; }
    CLVP_INLINE float sum(Lanes x) { return vaddvq_f32(x.v); }

private:
    CLVP_INLINE uint32x4_t load_pairs(const ggml_bf16_t * pairs) {
        uint32x4_t both;
        memcpy(&both, pairs, sizeof both);
        return both;
    }
};

} // namespace

} // namespace clvp

#include "kernels/attend_lanes.h"
#include "kernels/group_norm_lanes.h"
#include "kernels/panel_lanes.h"
#include "kernels/row_lanes.h"

namespace clvp {

const KernelSet dotprod_kernels = {
    "dotprod",
    round_blocks,
    normalise<round_blocks>,
    each<Gelu>,
    each<GeluTanh>,
    0,
    all_columns<Form::q8_0>,
    all_columns<Form::q4_0>,
    all_columns<Form::iq4_nl>,
    all_columns<Form::q4_k>,
    all_columns<Form::q6_k>,
    store_f16,
    store_q8_0,
    attend<ggml_fp16_t>,
    attend<float>,
    attend<Q8Block>,
    multiply_panel<float>,
    multiply_panel<ggml_fp16_t>,
    multiply_panel<ggml_bf16_t>,
    nullptr,
    epilogue,
    gate,
    softmax,
    normalise_group,
};

} // namespace clvp

#endif
