// exp for vectors of any width, and the sigmoid, shared by attention and activations. Included like attend_lanes.h. Functions that take or return
// Lanes are always inlined (CLVP_INLINE): at calls between functions with a target attribute, GCC 12 clears the upper parts of
// vectors, return values included.
#pragma once

namespace clvp {

namespace {

/// exp(x) for x <= 0, accurate to 1 or 2 units in the last place: 2^k exp(r) with |r| <= ln(2) / 2, and six terms of the series.
CLVP_INLINE Lanes exp_of(Lanes x) {
    const Lanes least = Lanes::all(-87.0f); // exp of less is not a normal number
    const Lanes k = Lanes::round(Lanes::multiply(Lanes::max(x, least), Lanes::all(1.44269504f)));
    const Lanes r = Lanes::multiply_add(k, Lanes::all(1.42860677e-6f), Lanes::multiply_add(k, Lanes::all(-0.693148613f), Lanes::max(x, least)));
    Lanes sum = Lanes::all(1.0f / 720);
    constexpr float terms[] = { 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f };
    for (const float term : terms) {
        sum = Lanes::multiply_add(sum, r, Lanes::all(term));
    }
    return Lanes::multiply(sum, Lanes::power_of_two(k));
}

/// 1 / (1 + exp(-x)), of exponentials that stay bounded.
CLVP_INLINE Lanes sigmoid(Lanes x) {
    const Lanes minus = Lanes::all(-1.0f), zero = Lanes::all(0.0f), minus_x = Lanes::multiply(x, minus);
    const Lanes below = Lanes::multiply(Lanes::max(minus_x, zero), minus), minus_abs = Lanes::multiply(Lanes::max(x, minus_x), minus);
    return Lanes::divide(exp_of(below), Lanes::add(exp_of(minus_abs), Lanes::all(1.0f)));
}

} // namespace

} // namespace clvp
