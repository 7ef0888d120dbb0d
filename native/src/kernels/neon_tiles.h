// Products of tiles on ARM. Included like attend_lanes.h; `Products` adds up the bytes of half a block.
#include "kernels/tile_kernel.h"

#include <arm_neon.h>
#include <cstring>

namespace clvp {

namespace {

constexpr int max_columns = 4; // columns at a time, for one half of the rows: two vectors of four rows

CLVP_INLINE uint8x16_t load16(const uint8_t * at) { return vld1q_u8(at); }
CLVP_INLINE float32x4_t halves(const uint8_t * at) { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(at))); }

/// 4 columns of 4 rows, as signed bytes. `four` selects the rows: 4 * four to 4 * four + 3.
template <Form form> CLVP_INLINE int8x16_t load_quad(const uint8_t * quants, int64_t block, int quad, int four) {
    const uint8x16_t low = vdupq_n_u8(15);
    if constexpr (form == Form::q8_0) {
        return vreinterpretq_s8_u8(load16(quants + (block * 8 + quad) * 64 + four * 16));
    } else if constexpr (form == Form::q6_k) {
        const uint8_t * group = quants + block / 8 * 3072;
        const int part = static_cast<int>(block % 4), of_eight = static_cast<int>(block % 8 / 4);
        const uint8x16_t lows = load16(group + (of_eight * 16 + part % 2 * 8 + quad) * 64 + four * 16);
        const uint8x16_t highs = load16(group + 2048 + (of_eight * 8 + quad) * 64 + four * 16);
        const uint8x16_t from = part == 0 ? vshlq_n_u8(highs, 4) : part == 1 ? vshlq_n_u8(highs, 2) : part == 2 ? highs : vshrq_n_u8(highs, 2);
        const uint8x16_t code = vorrq_u8(part < 2 ? vandq_u8(lows, low) : vshrq_n_u8(lows, 4), vandq_u8(from, vdupq_n_u8(0x30)));
        return vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(32));
    } else {
        const bool of_pair = form == Form::q4_k;
        const uint8x16_t both = load16(quants + (of_pair ? block / 2 * 8 + quad : block * 4 + quad % 4) * 64 + four * 16);
        const uint8x16_t code = (of_pair ? block % 2 != 0 : quad >= 4) ? vshrq_n_u8(both, 4) : vandq_u8(both, low);
        if constexpr (form == Form::iq4_nl) {
            return vqtbl1q_s8(vld1q_s8(iq4_nl_values), code);
        }
        return form == Form::q4_0 ? vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(8)) : vreinterpretq_s8_u8(code);
    }
}

/// Sums of 8 rows, two vectors, with n columns.
template <int n> using Sums = int32x4_t[n][2];

/// Adds the products of a quad. `lane` is its place among the four that a vector of x holds.
template <Form form, int n, int lane>
CLVP_INLINE void add_quad(const uint8_t * quants, int64_t block, int first_quad, int half, const int8x16_t (&x)[n], Sums<n> & sums) {
    for (int v = 0; v < 2; v++) {
        const int8x16_t w = load_quad<form>(quants, block, first_quad + lane, half * 2 + v);
        for (int c = 0; c < n; c++) {
            sums[c][v] = vdotq_laneq_s32(sums[c][v], w, x[c], lane);
        }
    }
}

/// Adds the products of 16 columns of a block: four quads, from `first_quad` on.
template <Form form, int n> struct Dots {
    CLVP_INLINE void add(const uint8_t * quants, int64_t block, int first_quad, int half, const Column (&x)[n], Sums<n> & sums) {
        int8x16_t values[n];
        for (int c = 0; c < n; c++) {
            values[c] = vld1q_s8(reinterpret_cast<const int8_t *>(x[c].quants) + block * tile_block + first_quad * 4);
        }
        add_quad<form, n, 0>(quants, block, first_quad, half, values, sums);
        add_quad<form, n, 1>(quants, block, first_quad, half, values, sums);
        add_quad<form, n, 2>(quants, block, first_quad, half, values, sums);
        add_quad<form, n, 3>(quants, block, first_quad, half, values, sums);
    }
};

CLVP_INLINE uint8x8_t load4(const uint8_t * at) {
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return vreinterpret_u8_u32(vdup_n_u32(bytes));
}

CLVP_INLINE float32x4_t bytes_to_floats(uint8x8_t bytes) { return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes)))); }

/// Scales, or minima, of Q4_K of a block of 4 rows, without the factor that all blocks of a row share.
CLVP_INLINE float32x4_t six_bits(const uint8_t * at, int block, int four, bool of_min) {
    const uint8_t * bytes = at + 64 + four * 4; // each of the 12 for 16 rows
    if (block < 4) {
        return bytes_to_floats(vand_u8(load4(bytes + (of_min ? block + 4 : block) * 16), vdup_n_u8(63)));
    }
    const uint8x8_t both = load4(bytes + (block + 4) * 16), low = of_min ? vshr_n_u8(both, 4) : vand_u8(both, vdup_n_u8(15));
    return bytes_to_floats(vorr_u8(low, vshl_n_u8(vshr_n_u8(load4(bytes + (of_min ? block : block - 4) * 16), 6), 4)));
}

/// Product of 8 rows with n columns.
template <Form form, int n, bool ahead, template <Form, int> class Products>
CLVP_INLINE void multiply(const Tile & tile, const Columns & columns, int first, int half, const float * bias, float * out, size_t stride) {
    Column x[n];
    float32x4_t total[n][2];
    for (int c = 0; c < n; c++) {
        x[c] = column_at(columns, first + c, tile.n_blocks);
        total[c][0] = total[c][1] = vdupq_n_f32(0.0f);
    }
    for (int64_t b = 0; b < tile.n_blocks; b++) {
        if constexpr (ahead) {
            fetch_ahead<form>(tile, b);
        }
        if constexpr (form == Form::q6_k) { // which has a scale for each 16 columns of a row
            const uint8_t * scales = tile.scales + b / 8 * 288;
            for (int side = 0; side < 2; side++) {
                Sums<n> sums = {};
                Products<form, n>::add(tile.quants, b, side * 4, half, x, sums);
                for (int v = 0; v < 2; v++) {
                    const int four = half * 2 + v;
                    const int16x8_t factors = vmovl_s8(vreinterpret_s8_u8(load4(scales + 32 + (b % 8 * 2 + side) * 16 + four * 4)));
                    const float32x4_t scale = vmulq_f32(halves(scales + four * 8), vcvtq_f32_s32(vmovl_s16(vget_low_s16(factors))));
                    for (int c = 0; c < n; c++) {
                        total[c][v] = vfmaq_f32(total[c][v], vcvtq_f32_s32(sums[c][v]), vmulq_n_f32(scale, x[c].parts[b].scale));
                    }
                }
            }
        } else {
            Sums<n> sums = {};
            Products<form, n>::add(tile.quants, b, 0, half, x, sums);
            Products<form, n>::add(tile.quants, b, 4, half, x, sums);
            for (int v = 0; v < 2; v++) {
                const int four = half * 2 + v;
                float32x4_t scale, min = vdupq_n_f32(0.0f);
                if constexpr (form == Form::q4_k) {
                    const uint8_t * scales = tile.scales + b / 8 * 256;
                    scale = vmulq_f32(halves(scales + four * 8), six_bits(scales, static_cast<int>(b % 8), four, false));
                    min = vmulq_f32(halves(scales + 32 + four * 8), six_bits(scales, static_cast<int>(b % 8), four, true));
                } else {
                    scale = halves(tile.scales + b * 32 + four * 8);
                }
                for (int c = 0; c < n; c++) {
                    total[c][v] = vfmaq_f32(total[c][v], vcvtq_f32_s32(sums[c][v]), vmulq_n_f32(scale, x[c].parts[b].scale));
                    if constexpr (form == Form::q4_k) {
                        total[c][v] = vfmsq_n_f32(total[c][v], min, x[c].parts[b].scaled_sum);
                    }
                }
            }
        }
    }
    for (int c = 0; c < n; c++) {
        float sums[8];
        vst1q_f32(sums, total[c][0]);
        vst1q_f32(sums + 4, total[c][1]);
        float * to = out + static_cast<size_t>(first + c) * stride;
        for (int row = half * 8; row < half * 8 + 8 && row < tile.n_rows; row++) {
            to[row] = sums[row - half * 8] + (bias ? bias[row] : 0.0f);
        }
    }
}

/// Multiplies the next n of the columns, if there are so many. The first pass over a half of a tile asks for the next one.
template <Form form, int n, template <Form, int> class Products>
CLVP_INLINE bool pass(const Tile & tile, const Columns & columns, int & done, int half, const float * bias, float * out, size_t stride) {
    if (columns.n - done < n) {
        return false;
    }
    if (done == 0 && half == 0) {
        multiply<form, n, true, Products>(tile, columns, 0, half, bias, out, stride);
    } else {
        multiply<form, n, false, Products>(tile, columns, done, half, bias, out, stride);
    }
    done += n;
    return true;
}

} // namespace

} // namespace clvp
