// Norms and activations of rows before and after tiled products. Included like attend_lanes.h.

#include "kernels/exp_lanes.h"
#include "kernels/tile_kernel.h"

namespace clvp {

namespace {

/// (x - mean) / sqrt(variance + eps) * weight + bias, or x / sqrt(mean square + eps) * weight, one block at a time, so that the
/// normalised row is never stored in F32.
template <RoundKernel round> CLVP_TARGET void normalise(const float * x, int64_t n_blocks, const NormWeights & norm, uint8_t * column) {
    const int64_t n = n_blocks * tile_block;
    Lanes sums = Lanes::all(0.0f);
    for (int64_t i = 0; i < n && norm.bias; i += Lanes::width) {
        sums = Lanes::add(sums, Lanes::load(x + i));
    }
    const Lanes minus_mean = Lanes::all(-Lanes::sum(sums) / static_cast<float>(n));
    Lanes squares = Lanes::all(0.0f);
    for (int64_t i = 0; i < n; i += Lanes::width) {
        const Lanes centred = Lanes::add(Lanes::load(x + i), minus_mean);
        squares = Lanes::multiply_add(centred, centred, squares);
    }
    const Lanes factor = Lanes::all(1.0f / std::sqrt(Lanes::sum(squares) / static_cast<float>(n) + norm.eps));
    for (int64_t b = 0; b < n_blocks; b++) {
        float block[tile_block];
        for (int i = 0; i < tile_block; i += Lanes::width) {
            const int64_t at = b * tile_block + i;
            const Lanes y = Lanes::multiply(Lanes::add(Lanes::load(x + at), minus_mean), factor), weight = Lanes::load(norm.weight + at);
            Lanes::store(block + i, norm.bias ? Lanes::multiply_add(y, weight, Lanes::load(norm.bias + at)) : Lanes::multiply(y, weight));
        }
        round(block, n_blocks, b, 1, column);
    }
}

template <typename Function> CLVP_TARGET void each(float * x, int64_t n) {
    for (int64_t i = 0; i < n; i += Lanes::width) {
        Lanes::store(x + i, Function::of(Lanes::load(x + i)));
    }
}

CLVP_INLINE Lanes minus_abs(Lanes x) {
    const Lanes minus = Lanes::all(-1.0f);
    return Lanes::multiply(Lanes::max(x, Lanes::multiply(x, minus)), minus);
}

/// 0.5 x (1 + tanh(c (x + 0.044715 x^3))), c = sqrt(2/pi): x / (1 + e) with e = exp(-2c (x + 0.044715 x^3)), and for x < 0 with
/// numerator and denominator multiplied by exp(2c ...), so that e stays bounded.
struct GeluTanh {
    CLVP_INLINE Lanes of(Lanes x) {
        constexpr float c = 2.0f * 0.7978845608028654f;
        const Lanes square = Lanes::multiply(x, x), slope = Lanes::multiply_add(square, Lanes::all(0.044715f * c), Lanes::all(c));
        const Lanes e = exp_of(minus_abs(Lanes::multiply(x, slope)));
        const Lanes above = Lanes::max(x, Lanes::all(0.0f)), below = Lanes::multiply_add(above, Lanes::all(-1.0f), x);
        return Lanes::divide(Lanes::multiply_add(below, e, above), Lanes::add(e, Lanes::all(1.0f)));
    }
};

/// x (1 + erf(x / sqrt 2)) / 2 by the tail q = erfc(z) / 2, z = |x| / sqrt 2: x q below zero, x - x q above. With t = 1 / (1 + z / 2),
/// erfc(z) = t exp(-z^2 + p(t)) to 1.2e-7 of its value: p is the Chebyshev fit of Numerical Recipes (erfcc).
struct Gelu {
    CLVP_INLINE Lanes of(Lanes x) {
        constexpr float p[] = { -0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f, -0.18628806f, 0.09678418f, 0.37409196f, 1.00002368f, -1.26551223f };
        const Lanes minus_z = Lanes::multiply(minus_abs(x), Lanes::all(0.70710678f));
        const Lanes t = Lanes::divide(Lanes::all(1.0f), Lanes::multiply_add(minus_z, Lanes::all(-0.5f), Lanes::all(1.0f)));
        Lanes sum = Lanes::all(0.17087277f);
        for (const float term : p) {
            sum = Lanes::multiply_add(sum, t, Lanes::all(term));
        }
        const Lanes minus_square = Lanes::multiply(Lanes::multiply(minus_z, minus_z), Lanes::all(-1.0f));
        const Lanes q = Lanes::multiply(Lanes::multiply(t, Lanes::all(0.5f)), exp_of(Lanes::add(minus_square, sum)));
        const Lanes above = Lanes::max(x, Lanes::all(0.0f)), below = Lanes::multiply_add(above, Lanes::all(-1.0f), x);
        return Lanes::multiply_add(Lanes::multiply_add(above, Lanes::all(-1.0f), below), q, above);
    }
};

} // namespace

} // namespace clvp
