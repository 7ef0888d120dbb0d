// Kernels for AVX2. Pairs of bytes are multiplied and added in 16 bits, which hold the largest sum, 2 * 127 * 127.
#include "kernels/kernel_set.h"

#ifdef CLVP_X86

#include <cfloat>
#include <cstring>
#include <immintrin.h>

#define CLVP_TARGET __attribute__((target("avx2,fma,f16c")))
#define CLVP_INLINE CLVP_TARGET __attribute__((always_inline)) static inline

namespace clvp {

namespace {

constexpr int max_columns = 4; // columns at a time, for one half of the rows

CLVP_INLINE __m256i four_columns(const Column & column, int64_t block, int quad) {
    int32_t bytes;
    memcpy(&bytes, column.quants + block * tile_block + quad * 4, sizeof bytes);
    return _mm256_set1_epi32(bytes);
}

CLVP_INLINE __m256i load32(const uint8_t * at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(at)); }

/// 4 columns of 8 rows, signed except for Q4_0 and Q4_K, whose codes are 0 to 15. `half` selects rows 0-7 or 8-15.
template <Form form> CLVP_INLINE __m256i load_quad(const uint8_t * quants, int64_t block, int quad, int half) {
    const __m256i low = _mm256_set1_epi8(15);
    if constexpr (form == Form::q8_0) {
        return load32(quants + (block * 8 + quad) * 64 + half * 32);
    } else {
        const bool of_pair = form == Form::q4_k;
        const __m256i both = load32(quants + (of_pair ? block / 2 * 8 + quad : block * 4 + quad % 4) * 64 + half * 32);
        const bool high = of_pair ? block % 2 : quad >= 4;
        const __m256i codes = _mm256_and_si256(high ? _mm256_srli_epi16(both, 4) : both, low);
        if constexpr (form == Form::iq4_nl) {
            return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(iq4_nl_values))), codes);
        }
        return codes;
    }
}

/// Dot products of one block of 8 rows with n columns.
template <Form form, int n> CLVP_INLINE void block_sums(const uint8_t * quants, int64_t b, int half, const Column (&x)[n], __m256i (&sum)[n]) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (int c = 0; c < n; c++) {
        sum[c] = _mm256_setzero_si256();
    }
    for (int j = 0; j < 8; j++) {
        const __m256i w = load_quad<form>(quants, b, j, half);
        if constexpr (form == Form::q4_0 || form == Form::q4_k) { // sums of eight pairs fit 16 bits: 8 * 2 * 15 * 127
            for (int c = 0; c < n; c++) {
                sum[c] = _mm256_add_epi16(sum[c], _mm256_maddubs_epi16(w, four_columns(x[c], b, j)));
            }
        } else {
            const __m256i size = _mm256_abs_epi8(w);
            for (int c = 0; c < n; c++) {
                const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(four_columns(x[c], b, j), w));
                sum[c] = _mm256_add_epi32(sum[c], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    for (int c = 0; c < n; c++) {
        if constexpr (form == Form::q4_0 || form == Form::q4_k) {
            sum[c] = _mm256_madd_epi16(sum[c], ones);
        }
        if constexpr (form == Form::q4_0) {
            sum[c] = _mm256_add_epi32(sum[c], _mm256_set1_epi32(x[c].parts[b].offset / 16)); // Q4_0's codes are offset by 8
        }
    }
}

CLVP_INLINE __m256 halves(const uint8_t * at) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(at))); }

/// Product of 8 rows of Q6_K, which has a scale for each 16 columns of a row, with n columns.
template <int n, bool ahead> CLVP_INLINE void multiply_q6_k(const Tile & tile, int half, const Column (&x)[n], __m256 (&total)[n]) {
    const __m256i ones = _mm256_set1_epi16(1), low = _mm256_set1_epi8(15), high = _mm256_set1_epi8(0x30);
    for (int64_t b = 0; b < tile.n_blocks; b++) {
        if constexpr (ahead) {
            fetch_ahead<Form::q6_k>(tile, b);
        }
        const uint8_t * quants = tile.quants + b / 8 * 3072 + half * 32;
        const uint8_t * scales = tile.scales + b / 8 * 288;
        const int part = static_cast<int>(b % 4), first_low = static_cast<int>(b % 8 / 4 * 16 + part % 2 * 8), first_high = static_cast<int>(b % 8 / 4 * 8);
        for (int side = 0; side < 2; side++) { // half of the block's columns
            __m256i sum[n];
            for (int c = 0; c < n; c++) { // Q6_K's codes are offset by 32
                const BlockParts & parts = x[c].parts[b];
                sum[c] = _mm256_set1_epi32((side ? parts.upper_offset : parts.offset - parts.upper_offset) / 4);
            }
            for (int j = side * 4; j < side * 4 + 4; j++) {
                const __m256i lows = load32(quants + (first_low + j) * 64), highs = load32(quants + 2048 + (first_high + j) * 64);
                const __m256i from = part == 0   ? _mm256_slli_epi16(highs, 4)
                                     : part == 1 ? _mm256_slli_epi16(highs, 2)
                                     : part == 2 ? highs
                                                 : _mm256_srli_epi16(highs, 2);
                const __m256i w = _mm256_or_si256(_mm256_and_si256(part < 2 ? lows : _mm256_srli_epi16(lows, 4), low), _mm256_and_si256(from, high));
                for (int c = 0; c < n; c++) {
                    sum[c] = _mm256_add_epi32(sum[c], _mm256_madd_epi16(_mm256_maddubs_epi16(w, four_columns(x[c], b, j)), ones));
                }
            }
            const auto * factors = reinterpret_cast<const __m128i *>(scales + 32 + (b % 8 * 2 + side) * 16 + half * 8);
            const __m256 scale = _mm256_mul_ps(halves(scales + half * 16), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(factors))));
            for (int c = 0; c < n; c++) {
                total[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[c]), _mm256_mul_ps(scale, _mm256_set1_ps(x[c].parts[b].scale)), total[c]);
            }
        }
    }
}

/// Q4_K's scales and minima of one block of 8 rows.
CLVP_INLINE void load_scale(const uint8_t * at, int block, int half, __m256 & scale, __m256 & min) {
    auto bytes = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i *>(at + 64 + i * 16 + half * 8)); };
    const __m128i six = _mm_set1_epi8(63), four = _mm_set1_epi8(15), two = _mm_set1_epi8(3);
    __m128i a, b;
    if (block < 4) {
        a = _mm_and_si128(bytes(block), six);
        b = _mm_and_si128(bytes(block + 4), six);
    } else {
        const __m128i low = bytes(block + 4);
        auto high = [&](int i) { return _mm_slli_epi16(_mm_and_si128(_mm_srli_epi16(bytes(i), 6), two), 4); };
        a = _mm_or_si128(_mm_and_si128(low, four), high(block - 4));
        b = _mm_or_si128(_mm_and_si128(_mm_srli_epi16(low, 4), four), high(block));
    }
    scale = _mm256_mul_ps(halves(at + half * 16), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(a)));
    min = _mm256_mul_ps(halves(at + 32 + half * 16), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(b)));
}

/// Product of 8 rows of any other form with n columns.
template <Form form, int n, bool ahead> CLVP_INLINE void multiply_blocks(const Tile & tile, int half, const Column (&x)[n], __m256 (&total)[n]) {
    for (int64_t b = 0; b < tile.n_blocks; b++) {
        if constexpr (ahead) {
            fetch_ahead<form>(tile, b);
        }
        __m256i sum[n];
        block_sums<form, n>(tile.quants, b, half, x, sum);
        __m256 scale, min;
        if constexpr (form == Form::q4_k) {
            load_scale(tile.scales + b / 8 * 256, static_cast<int>(b % 8), half, scale, min);
        } else {
            scale = halves(tile.scales + b * 32 + half * 16);
        }
        for (int c = 0; c < n; c++) {
            total[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[c]), _mm256_mul_ps(scale, _mm256_set1_ps(x[c].parts[b].scale)), total[c]);
            if constexpr (form == Form::q4_k) {
                total[c] = _mm256_fnmadd_ps(min, _mm256_set1_ps(x[c].parts[b].scaled_sum), total[c]);
            }
        }
    }
}

CLVP_INLINE void store_rows(__m256 values, int n_rows, float * out) {
    if (n_rows >= 8) {
        _mm256_storeu_ps(out, values);
    } else if (n_rows > 0) {
        float all[8];
        _mm256_storeu_ps(all, values);
        memcpy(out, all, static_cast<size_t>(n_rows) * sizeof(float));
    }
}

/// Product of 8 rows, half a tile, with n columns.
template <Form form, int n, bool ahead>
CLVP_INLINE void multiply(const Tile & tile, int half, const Columns & columns, int first, const float * bias, float * out, size_t stride) {
    Column x[n];
    __m256 total[n];
    for (int c = 0; c < n; c++) {
        x[c] = column_at(columns, first + c, tile.n_blocks);
        total[c] = _mm256_setzero_ps();
    }
    if constexpr (form == Form::q6_k) {
        multiply_q6_k<n, ahead>(tile, half, x, total);
    } else {
        multiply_blocks<form, n, ahead>(tile, half, x, total);
    }
    const int n_rows = tile.n_rows - half * 8;
    float added[8] = {};
    if (bias && n_rows > 0) {
        memcpy(added, bias + half * 8, static_cast<size_t>(n_rows < 8 ? n_rows : 8) * sizeof(float));
    }
    for (int c = 0; c < n; c++) {
        store_rows(_mm256_add_ps(total[c], _mm256_loadu_ps(added)), n_rows, out + static_cast<size_t>(first + c) * stride + half * 8);
    }
}

/// Multiplies the next n of the columns, if there are so many. The first pass over a tile asks for the next one.
template <Form form, int n>
CLVP_INLINE bool pass(const Tile & tile, int half, const Columns & columns, int & done, const float * bias, float * out, size_t stride) {
    if (columns.n - done < n) {
        return false;
    }
    if (half == 0 && done == 0) {
        multiply<form, n, true>(tile, half, columns, 0, bias, out, stride);
    } else {
        multiply<form, n, false>(tile, half, columns, done, bias, out, stride);
    }
    done += n;
    return true;
}

template <Form form> CLVP_TARGET void all_columns(const Tile & tile, const Columns & columns, const float * bias, float * out, size_t stride) {
    for (int half = 0; half < 2; half++) {
        int done = 0;
        while (pass<form, max_columns>(tile, half, columns, done, bias, out, stride)) {
        }
        while (pass<form, 1>(tile, half, columns, done, bias, out, stride)) {
        }
    }
}

/// Rounds as GGML does for Q8_0, but keeps the scale in F32. A block with a NaN or infinite number gets a NaN scale.
CLVP_TARGET void round_blocks(const float * x, int64_t n_blocks, int64_t first, int64_t count, uint8_t * column) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    for (int64_t b = first; b < first + count; b++, x += tile_block) {
        __m256 part[4], largest = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
        for (int i = 0; i < 4; i++) {
            part[i] = _mm256_loadu_ps(x + i * 8);
            largest = _mm256_max_ps(largest, _mm256_andnot_ps(sign, part[i]));
            odd = _mm256_or_ps(odd, _mm256_cmp_ps(part[i], part[i], _CMP_UNORD_Q));
        }
        float each[8], most = 0;
        _mm256_storeu_ps(each, largest);
        for (float value : each) {
            most = value > most ? value : most;
        }
        if (_mm256_movemask_ps(odd) != 0 || !(most <= FLT_MAX)) {
            spoil_block(column, n_blocks, b);
            continue;
        }
        const __m256 inverse = _mm256_set1_ps(most > 0 ? 127.0f / most : 0.0f);
        __m256i whole[4], sum = _mm256_setzero_si256();
        for (int i = 0; i < 4; i++) {
            whole[i] = _mm256_cvtps_epi32(_mm256_mul_ps(part[i], inverse));
            sum = _mm256_add_epi32(sum, whole[i]);
        }
        const __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
        const __m256i in_order = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(column + b * tile_block), in_order);
        int32_t parts[8], upper[8], all = 0, last = 0;
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(parts), sum);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(upper), _mm256_add_epi32(whole[2], whole[3]));
        for (int i = 0; i < 8; i++) {
            all += parts[i];
            last += upper[i];
        }
        parts_of(column, n_blocks)[b] = block_parts(most / 127.0f, all, last);
    }
}

struct Lanes {
    static constexpr int width = 8;
    __m256 v;

    CLVP_INLINE Lanes all(float x) { return { _mm256_set1_ps(x) }; }
    CLVP_INLINE Lanes all(ggml_fp16_t x) { return { _mm256_cvtph_ps(_mm_set1_epi16(static_cast<short>(x))) }; }
    CLVP_INLINE Lanes load(const float * from) { return { _mm256_loadu_ps(from) }; }
    CLVP_INLINE Lanes load(const ggml_fp16_t * from) { return { _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from))) }; }
    CLVP_INLINE Lanes load(const int8_t * from) {
        return { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from)))) };
    }
    /// The first or the second of 8 pairs.
    CLVP_INLINE Lanes load_first(const ggml_bf16_t * pairs) {
        return { _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(pairs)), 16)) };
    }
    CLVP_INLINE Lanes load_second(const ggml_bf16_t * pairs) {
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(pairs));
        return { _mm256_castsi256_ps(_mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(0xffff0000)))) };
    }
    CLVP_INLINE void store(ggml_bf16_t * to, Lanes x) { // rounded to even
        const __m256i bits = _mm256_castps_si256(x.v), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7fff)), 16);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm256_castsi256_si128(packed));
    }
    CLVP_INLINE void store(float * to, Lanes x) { _mm256_storeu_ps(to, x.v); }
    CLVP_INLINE void store(ggml_fp16_t * to, Lanes x) { _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm256_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT)); }
    CLVP_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return { _mm256_fmadd_ps(a.v, b.v, c.v) }; }
    CLVP_INLINE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
    CLVP_INLINE Lanes multiply(Lanes a, Lanes b) { return { _mm256_mul_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes divide(Lanes a, Lanes b) { return { _mm256_div_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes add(Lanes a, Lanes b) { return { _mm256_add_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes max(Lanes a, Lanes b) { return { _mm256_max_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes min(Lanes a, Lanes b) { return { _mm256_min_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes round(Lanes x) { return { _mm256_round_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC) }; }
    CLVP_INLINE Lanes power_of_two(Lanes k) {
        return { _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k.v), _mm256_set1_epi32(127)), 23)) };
    }
    CLVP_INLINE float sum(Lanes x) {
        const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
};

} // namespace

} // namespace clvp

#include "kernels/attend_lanes.h"
#include "kernels/group_norm_lanes.h"
#include "kernels/panel_lanes.h"
#include "kernels/row_lanes.h"

namespace clvp {

const KernelSet avx2_kernels = {
    "avx2",
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
