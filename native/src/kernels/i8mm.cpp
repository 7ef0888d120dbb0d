// Kernels for ARM with products of matrices of bytes: 2 x 2 rows of 8 bytes in one instruction. All else is as with dot products.
#include "kernels/kernel_set.h"

#ifdef CLVP_ARM

#ifdef __clang__
#define CLVP_TARGET __attribute__((target("dotprod,i8mm")))
#else
#define CLVP_TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#endif
#define CLVP_INLINE CLVP_TARGET __attribute__((always_inline)) static inline

#include "kernels/neon_tiles.h"

namespace clvp {

namespace {

/// The same for pairs of columns, by products of 2 x 2 rows of 8 bytes.
template <Form form, int n> struct Squares {
    CLVP_INLINE void add(const uint8_t * quants, int64_t block, int first_quad, int half, const Column (&x)[n], Sums<n> & sums) {
        int32x4_t squares[n / 2][4] = {}; // of two rows: [first row, second row][first column, second column]
        for (int quad = first_quad; quad < first_quad + 4; quad += 2) {
            int8x16_t pairs[n / 2];
            for (int c = 0; c < n / 2; c++) {
                const auto at = [&](int i) { return vld1_s8(reinterpret_cast<const int8_t *>(x[2 * c + i].quants) + block * tile_block + quad * 4); };
                pairs[c] = vcombine_s8(at(0), at(1));
            }
            for (int v = 0; v < 2; v++) {
                const int32x4_t even = vreinterpretq_s32_s8(load_quad<form>(quants, block, quad, half * 2 + v));
                const int32x4_t odd = vreinterpretq_s32_s8(load_quad<form>(quants, block, quad + 1, half * 2 + v));
                const int8x16_t rows[2] = { vreinterpretq_s8_s32(vzip1q_s32(even, odd)), vreinterpretq_s8_s32(vzip2q_s32(even, odd)) };
                for (int c = 0; c < n / 2; c++) {
                    for (int r = 0; r < 2; r++) {
                        squares[c][2 * v + r] = vmmlaq_s32(squares[c][2 * v + r], rows[r], pairs[c]);
                    }
                }
            }
        }
        for (int c = 0; c < n / 2; c++) {
            for (int v = 0; v < 2; v++) {
                sums[2 * c][v] = vaddq_s32(sums[2 * c][v], vuzp1q_s32(squares[c][2 * v], squares[c][2 * v + 1]));
                sums[2 * c + 1][v] = vaddq_s32(sums[2 * c + 1][v], vuzp2q_s32(squares[c][2 * v], squares[c][2 * v + 1]));
            }
        }
    }
};

template <Form form> CLVP_TARGET void all_columns(const Tile & tile, const Columns & columns, const float * bias, float * out, size_t stride) {
    for (int half = 0; half < 2; half++) {
        int done = 0;
        while (pass<form, max_columns, Squares>(tile, columns, done, half, bias, out, stride)) {
        }
        pass<form, 2, Squares>(tile, columns, done, half, bias, out, stride);
        pass<form, 1, Dots>(tile, columns, done, half, bias, out, stride);
    }
}

KernelSet with_i8mm() {
    KernelSet set = dotprod_kernels;
    set.name = "i8mm";
    set.q8_0 = all_columns<Form::q8_0>;
    set.q4_0 = all_columns<Form::q4_0>;
    set.iq4_nl = all_columns<Form::iq4_nl>;
    set.q4_k = all_columns<Form::q4_k>;
    set.q6_k = all_columns<Form::q6_k>;
    return set;
}

} // namespace

const KernelSet i8mm_kernels = with_i8mm();

} // namespace clvp

#endif
