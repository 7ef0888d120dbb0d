// Kernels for AVX-512 with integer dot products (VNNI): one instruction multiplies 64 pairs of bytes and adds them in groups of four.
#include "kernels/kernel_set.h"

#ifdef CLVP_X86

#include <cfloat>
#include <cstring>
#include <immintrin.h>

#define CLVP_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c")))
#define CLVP_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#define CLVP_INLINE CLVP_TARGET __attribute__((always_inline)) static inline

namespace clvp {

namespace {

constexpr int max_columns = 8; // columns at a time: as many sums fit in registers

/// n rows of x at one block, in groups of three that share a pointer: one pointer a row would not fit into the registers.
template <int n> struct Cursor {
    const uint8_t * quants[(n + 2) / 3];
    const BlockParts * parts[(n + 2) / 3];
    size_t stride;

    CLVP_INLINE Cursor at(const Columns & columns, int first, int64_t n_blocks) {
        Cursor cursor;
        cursor.stride = columns.stride;
        for (int g = 0; g < (n + 2) / 3; g++) {
            const Column column = column_at(columns, first + 3 * g, n_blocks);
            cursor.quants[g] = column.quants;
            cursor.parts[g] = column.parts;
        }
        return cursor;
    }
};

/// Four numbers of row c of a block.
template <int n> CLVP_INLINE __m512i four_columns(const Cursor<n> & x, int c, int quad) {
    int32_t bytes;
    memcpy(&bytes, x.quants[c / 3] + static_cast<size_t>(c % 3) * x.stride + quad * 4, sizeof bytes);
    return _mm512_set1_epi32(bytes);
}

template <int n> CLVP_INLINE const BlockParts & parts_at(const Cursor<n> & x, int c) {
    return *reinterpret_cast<const BlockParts *>(reinterpret_cast<const char *>(x.parts[c / 3]) + static_cast<size_t>(c % 3) * x.stride);
}

template <int n> CLVP_INLINE void next_block(Cursor<n> & x) {
    for (int g = 0; g < (n + 2) / 3; g++) {
        x.quants[g] += tile_block;
        x.parts[g]++;
    }
}

/// dpbusd takes one operand as unsigned bytes, so the matrix's bytes carry an offset. Starts the sum at minus the offset's contribution.
template <Form form> CLVP_INLINE __m512i first_sum(const BlockParts & parts) {
    if constexpr (form == Form::q4_k) {
        return _mm512_setzero_si512();
    } else {
        const __m512i offset = _mm512_set1_epi32(parts.offset);
        return form == Form::q4_0 ? _mm512_srai_epi32(offset, 4) : offset;
    }
}

CLVP_INLINE __m512i load64(const uint8_t * at) { return _mm512_loadu_si512(at); }

/// Loads a block: eight vectors, each 4 columns of 16 rows, as unsigned bytes.
template <Form form> CLVP_INLINE void load_block(const uint8_t * quants, int64_t block, __m512i (&w)[8]) {
    const __m512i low = _mm512_set1_epi8(15);
    if constexpr (form == Form::q8_0) {
        for (int j = 0; j < 8; j++) {
            w[j] = load64(quants + (block * 8 + j) * 64);
        }
    } else if constexpr (form == Form::q4_k) {
        for (int j = 0; j < 8; j++) {
            const __m512i both = load64(quants + (block / 2 * 8 + j) * 64);
            w[j] = _mm512_and_si512(block % 2 ? _mm512_srli_epi16(both, 4) : both, low);
        }
    } else {
        for (int j = 0; j < 4; j++) {
            const __m512i both = load64(quants + (block * 4 + j) * 64);
            w[j] = _mm512_and_si512(both, low);
            w[j + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
        }
        if constexpr (form == Form::iq4_nl) {
            const __m128i values = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i *>(iq4_nl_values)), _mm_set1_epi8(static_cast<char>(0x80)));
            const __m512i table = _mm512_broadcast_i32x4(values);
            for (int j = 0; j < 8; j++) {
                w[j] = _mm512_shuffle_epi8(table, w[j]);
            }
        }
    }
}

CLVP_INLINE __m512 halves(const uint8_t * at) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(at))); }

CLVP_INLINE __m512 bytes_to_floats(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)); }

/// Product of 16 rows of Q6_K, which has a scale for each 16 columns of a row, with n columns.
template <int n, bool ahead> CLVP_INLINE void multiply_q6_k(const Tile & tile, Cursor<n> x, __m512 (&total)[n]) {
    const __m512i low = _mm512_set1_epi8(15), high = _mm512_set1_epi8(0x30);
    for (int64_t b = 0; b < tile.n_blocks; b++) {
        if constexpr (ahead) {
            fetch_ahead<Form::q6_k>(tile, b);
        }
        const uint8_t * quants = tile.quants + b / 8 * 3072;
        const uint8_t * scales = tile.scales + b / 8 * 288;
        const int part = static_cast<int>(b % 4), first_low = static_cast<int>(b % 8 / 4 * 16 + part % 2 * 8), first_high = static_cast<int>(b % 8 / 4 * 8);
        const __m512 d = halves(scales);
        for (int half = 0; half < 2; half++) {
            __m512i sum[n];
            for (int c = 0; c < n; c++) { // Q6_K's codes are offset by 32
                const BlockParts & parts = parts_at(x, c);
                sum[c] = _mm512_set1_epi32((half ? parts.upper_offset : parts.offset - parts.upper_offset) / 4);
            }
            for (int j = half * 4; j < half * 4 + 4; j++) {
                const __m512i lows = load64(quants + (first_low + j) * 64), highs = load64(quants + 2048 + (first_high + j) * 64);
                const __m512i from = part == 0   ? _mm512_slli_epi16(highs, 4)
                                     : part == 1 ? _mm512_slli_epi16(highs, 2)
                                     : part == 2 ? highs
                                                 : _mm512_srli_epi16(highs, 2);
                const __m512i w = _mm512_or_si512(_mm512_and_si512(part < 2 ? lows : _mm512_srli_epi16(lows, 4), low), _mm512_and_si512(from, high));
                for (int c = 0; c < n; c++) {
                    sum[c] = _mm512_dpbusd_epi32(sum[c], w, four_columns(x, c, j));
                }
            }
            const auto * factors = reinterpret_cast<const __m128i *>(scales + 32 + (b % 8 * 2 + half) * 16);
            const __m512 scale = _mm512_mul_ps(d, bytes_to_floats(_mm_loadu_si128(factors)));
            for (int c = 0; c < n; c++) {
                total[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[c]), _mm512_mul_ps(scale, _mm512_set1_ps(parts_at(x, c).scale)), total[c]);
            }
        }
        next_block(x);
    }
}

/// Q4_K's scales and minima of the eight blocks of 256 columns.
struct Scales {
    __m512 scale[8], min[8];
};

CLVP_INLINE void load_scales(const uint8_t * at, Scales & scales) {
    const __m512 d = halves(at), d_min = halves(at + 32);
    const __m128i six = _mm_set1_epi8(63), four = _mm_set1_epi8(15), two = _mm_set1_epi8(3);
    auto bytes = [at](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(at + 64 + i * 16)); };
    for (int j = 0; j < 8; j++) {
        __m128i scale, min;
        if (j < 4) {
            scale = _mm_and_si128(bytes(j), six);
            min = _mm_and_si128(bytes(j + 4), six);
        } else {
            const __m128i low = bytes(j + 4);
            auto high = [&](int i) { return _mm_slli_epi16(_mm_and_si128(_mm_srli_epi16(bytes(i), 6), two), 4); };
            scale = _mm_or_si128(_mm_and_si128(low, four), high(j - 4));
            min = _mm_or_si128(_mm_and_si128(_mm_srli_epi16(low, 4), four), high(j));
        }
        scales.scale[j] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(scale)));
        scales.min[j] = _mm512_mul_ps(d_min, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(min)));
    }
}

/// Product of 16 rows of any other form with n columns.
template <Form form, int n, bool ahead> CLVP_INLINE void multiply_blocks(const Tile & tile, Cursor<n> x, __m512 (&total)[n]) {
    Scales scales;
    for (int64_t b = 0; b < tile.n_blocks; b++) {
        if constexpr (ahead) {
            fetch_ahead<form>(tile, b);
        }
        if constexpr (form == Form::q4_k) {
            if (b % 8 == 0) {
                load_scales(tile.scales + b / 8 * 256, scales);
            }
        }
        __m512i w[8], sum[n];
        load_block<form>(tile.quants, b, w);
        for (int c = 0; c < n; c++) {
            sum[c] = first_sum<form>(parts_at(x, c));
        }
        for (int j = 0; j < 8; j++) {
            for (int c = 0; c < n; c++) {
                sum[c] = _mm512_dpbusd_epi32(sum[c], w[j], four_columns(x, c, j));
            }
        }
        const __m512 scale = form == Form::q4_k ? scales.scale[b % 8] : halves(tile.scales + b * 32);
        for (int c = 0; c < n; c++) {
            total[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[c]), _mm512_mul_ps(scale, _mm512_set1_ps(parts_at(x, c).scale)), total[c]);
            if constexpr (form == Form::q4_k) {
                total[c] = _mm512_fnmadd_ps(scales.min[b % 8], _mm512_set1_ps(parts_at(x, c).scaled_sum), total[c]);
            }
        }
        next_block(x);
    }
}

/// Product of 16 rows with n columns.
template <Form form, int n, bool ahead>
CLVP_INLINE void multiply(const Tile & tile, const Columns & columns, int first, const float * bias, float * out, size_t stride) {
    const Cursor<n> x = Cursor<n>::at(columns, first, tile.n_blocks);
    __m512 total[n];
    for (int c = 0; c < n; c++) {
        total[c] = _mm512_setzero_ps();
    }
    if constexpr (form == Form::q6_k) {
        multiply_q6_k<n, ahead>(tile, x, total);
    } else {
        multiply_blocks<form, n, ahead>(tile, x, total);
    }
    const auto used = static_cast<__mmask16>((1u << tile.n_rows) - 1);
    const __m512 added = bias ? _mm512_maskz_loadu_ps(used, bias) : _mm512_setzero_ps();
    for (int c = 0; c < n; c++) {
        _mm512_mask_storeu_ps(out + static_cast<size_t>(first + c) * stride, used, _mm512_add_ps(total[c], added));
    }
}

/// Multiplies the next n of the columns, if there are so many. The first pass over a tile asks for the next one.
template <Form form, int n> CLVP_INLINE bool pass(const Tile & tile, const Columns & columns, int & done, const float * bias, float * out, size_t stride) {
    if (columns.n - done < n) {
        return false;
    }
    if (done == 0) {
        multiply<form, n, true>(tile, columns, 0, bias, out, stride);
    } else {
        multiply<form, n, false>(tile, columns, done, bias, out, stride);
    }
    done += n;
    return true;
}

template <Form form> CLVP_TARGET void all_columns(const Tile & tile, const Columns & columns, const float * bias, float * out, size_t stride) {
    int done = 0;
    while (pass<form, max_columns>(tile, columns, done, bias, out, stride)) {
    }
    pass<form, 4>(tile, columns, done, bias, out, stride);
    pass<form, 2>(tile, columns, done, bias, out, stride);
    pass<form, 1>(tile, columns, done, bias, out, stride);
}

/// Rounds as GGML does for Q8_0, but keeps the scale in F32. A block with a NaN or infinite number gets a NaN scale.
CLVP_TARGET void round_blocks(const float * x, int64_t n_blocks, int64_t first, int64_t count, uint8_t * column) {
    for (int64_t b = first; b < first + count; b++, x += tile_block) {
        const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
        const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
        if (_mm512_cmp_ps_mask(low, high, _CMP_UNORD_Q) != 0 || !(largest <= FLT_MAX)) {
            spoil_block(column, n_blocks, b);
            continue;
        }
        const __m512 inverse = _mm512_set1_ps(largest > 0 ? 127.0f / largest : 0.0f);
        const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(low, inverse)), c = _mm512_cvtps_epi32(_mm512_mul_ps(high, inverse));
        auto * to = reinterpret_cast<__m128i *>(column + b * tile_block);
        _mm_storeu_si128(to, _mm512_cvtsepi32_epi8(a));
        _mm_storeu_si128(to + 1, _mm512_cvtsepi32_epi8(c));
        const int32_t upper = _mm512_reduce_add_epi32(c);
        parts_of(column, n_blocks)[b] = block_parts(largest / 127.0f, upper + _mm512_reduce_add_epi32(a), upper);
    }
}

struct Lanes {
    static constexpr int width = 16;
    __m512 v;

    CLVP_INLINE Lanes all(float x) { return { _mm512_set1_ps(x) }; }
    CLVP_INLINE Lanes all(ggml_fp16_t x) { return { _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<short>(x))) }; }
    CLVP_INLINE Lanes load(const float * from) { return { _mm512_loadu_ps(from) }; }
    CLVP_INLINE Lanes load(const ggml_fp16_t * from) { return { _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from))) }; }
    CLVP_INLINE Lanes load(const int8_t * from) {
        return { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)))) };
    }
    /// The first or the second of 16 pairs.
    CLVP_INLINE Lanes load_first(const ggml_bf16_t * pairs) { return { _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(pairs), 16)) }; }
    CLVP_INLINE Lanes load_second(const ggml_bf16_t * pairs) {
        return { _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(pairs), _mm512_set1_epi32(static_cast<int>(0xffff0000)))) };
    }
    CLVP_INLINE void store(ggml_bf16_t * to, Lanes x) { // rounded to even
        const __m512i bits = _mm512_castps_si512(x.v), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
    }
    CLVP_INLINE void store(float * to, Lanes x) { _mm512_storeu_ps(to, x.v); }
    CLVP_INLINE void store(ggml_fp16_t * to, Lanes x) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT)); }
    CLVP_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return { _mm512_fmadd_ps(a.v, b.v, c.v) }; }
    CLVP_INLINE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
    CLVP_INLINE Lanes multiply(Lanes a, Lanes b) { return { _mm512_mul_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes divide(Lanes a, Lanes b) { return { _mm512_div_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes add(Lanes a, Lanes b) { return { _mm512_add_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes max(Lanes a, Lanes b) { return { _mm512_max_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes min(Lanes a, Lanes b) { return { _mm512_min_ps(a.v, b.v) }; }
    CLVP_INLINE Lanes round(Lanes x) { return { _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC) }; }
    CLVP_INLINE Lanes power_of_two(Lanes k) { return { _mm512_scalef_ps(_mm512_set1_ps(1.0f), k.v) }; }
    CLVP_INLINE float sum(Lanes x) { return _mm512_reduce_add_ps(x.v); }
};

} // namespace

} // namespace clvp

#include "kernels/attend_lanes.h"
#include "kernels/group_norm_lanes.h"
#include "kernels/panel_lanes.h"
#include "kernels/row_lanes.h"

namespace clvp {

namespace {

/// n rows with pairs of columns of one or two panels: one instruction multiplies 32 pairs of numbers.
template <int n, int n_panels> CLVP_BF16 void multiply_pair_rows(const ggml_bf16_t * x, size_t x_stride, const PairPanels & panels, float * out) {
    constexpr int groups = (n + 2) / 3; // as in multiply_rows()
    __m512 sums[n][n_panels];
    const ggml_bf16_t * rows[groups];
    for (int i = 0; i < n; i++) {
        for (int p = 0; p < n_panels; p++) {
            sums[i][p] = _mm512_loadu_ps(out + (i * panels.n + p) * panel_width);
        }
    }
    for (int g = 0; g < groups; g++) {
        rows[g] = x + static_cast<size_t>(3 * g) * x_stride;
    }
    const ggml_bf16_t * panel = panels.first;
    for (int64_t k = 0; k < panels.depth; k += 2, panel += 2 * panel_width) {
        __m512i columns[n_panels];
        for (int p = 0; p < n_panels; p++) {
            columns[p] = _mm512_loadu_si512(panel + static_cast<size_t>(p) * panels.stride);
        }
        for (int i = 0; i < n; i++) {
            int32_t pair;
            memcpy(&pair, rows[i / 3] + static_cast<size_t>(i % 3) * x_stride, sizeof pair);
            const __m512i factor = _mm512_set1_epi32(pair);
            for (int p = 0; p < n_panels; p++) {
                sums[i][p] = _mm512_dpbf16_ps(sums[i][p], reinterpret_cast<__m512bh>(factor), reinterpret_cast<__m512bh>(columns[p]));
            }
        }
        for (int g = 0; g < groups; g++) {
            rows[g] += 2;
        }
    }
    for (int i = 0; i < n; i++) {
        for (int p = 0; p < n_panels; p++) {
            _mm512_storeu_ps(out + (i * panels.n + p) * panel_width, sums[i][p]);
        }
    }
}

template <int n, int n_panels>
CLVP_BF16 void pair_rows(const ggml_bf16_t * x, size_t x_stride, int n_rows, const PairPanels & panels, float * out, int & done) {
    for (; done + n <= n_rows; done += n) {
        multiply_pair_rows<n, n_panels>(x + static_cast<size_t>(done) * x_stride, x_stride, panels, out + done * panels.n * panel_width);
    }
}

template <int n_panels> CLVP_BF16 void all_rows(const ggml_bf16_t * x, size_t x_stride, int n, const PairPanels & panels, float * out) {
    int done = 0;
    pair_rows<panel_rows, n_panels>(x, x_stride, n, panels, out, done);
    pair_rows<6, n_panels>(x, x_stride, n, panels, out, done);
    pair_rows<3, n_panels>(x, x_stride, n, panels, out, done);
    pair_rows<1, n_panels>(x, x_stride, n, panels, out, done);
}

CLVP_BF16 void multiply_pairs(const ggml_bf16_t * x, size_t x_stride, int n, const PairPanels & panels, float * out) {
    panels.n == 2 ? all_rows<2>(x, x_stride, n, panels, out) : all_rows<1>(x, x_stride, n, panels, out);
}

KernelSet with_bf16() {
    KernelSet set = avx512_kernels;
    set.name = "avx512-bf16";
    set.bf16_pairs = multiply_pairs;
    return set;
}

} // namespace

const KernelSet avx512_kernels = {
    "avx512-vnni",
    round_blocks,
    normalise<round_blocks>,
    each<Gelu>,
    each<GeluTanh>,
    0x80,
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

const KernelSet bf16_kernels = with_bf16();

} // namespace clvp

#endif
