// The algorithm of attend_kernel.h. Included by each file that has vectors: it defines CLVP_TARGET, the attribute of functions for
// its kind of CPU, and a type Lanes with a width, loads of floats and halves, and the arithmetic below.

#include "attend_kernel.h"

namespace clvp {

namespace {

constexpr int block_size = 32; // of Q8_0

template <typename T> CLVP_TARGET float dot(const float * a, const T * b, int64_t n) {
    Lanes sum = Lanes::all(0.0f);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        sum = Lanes::multiply_add(Lanes::load(a + i), Lanes::load(b + i), sum);
    }
    float total = Lanes::sum(sum);
    for (; i < n; i++) {
        total += a[i] * to_float(b[i]);
    }
    return total;
}

/// Of Q8_0, whose numbers come in blocks.
CLVP_TARGET float dot(const float * a, const Q8Block * b, int64_t n) {
    float total = 0;
    for (int64_t i = 0; i < n; i += block_size, b++) {
        Lanes sum = Lanes::all(0.0f);
        for (int k = 0; k < block_size; k += Lanes::width) {
            sum = Lanes::multiply_add(Lanes::load(a + i + k), Lanes::load(b->quants + k), sum);
        }
        total += to_float(b->scale) * Lanes::sum(sum);
    }
    return total;
}

/// out += factor * x
template <typename T> CLVP_TARGET void add_scaled(float * out, float factor, const T * x, int64_t n) {
    const Lanes factors = Lanes::all(factor);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        Lanes::store(out + i, Lanes::multiply_add(factors, Lanes::load(x + i), Lanes::load(out + i)));
    }
    for (; i < n; i++) {
        out[i] += factor * to_float(x[i]);
    }
}

/// Sums of 64 values at a time stay in registers over all positions.
template <typename T> CLVP_TARGET void mix_64(const Span & span, int64_t d_head, int64_t at, const float * weights, float * out) {
    constexpr int n = 64 / Lanes::width;
    Lanes sums[n];
    for (int k = 0; k < n; k++) {
        sums[k] = Lanes::load(out + at + k * Lanes::width);
    }
    const T * values = static_cast<const T *>(span.values) + at;
    for (int64_t i = 0; i < span.n; i++, values += d_head) {
        const Lanes weight = Lanes::all(weights[i]);
        for (int k = 0; k < n; k++) {
            sums[k] = Lanes::multiply_add(weight, Lanes::load(values + k * Lanes::width), sums[k]);
        }
    }
    for (int k = 0; k < n; k++) {
        Lanes::store(out + at + k * Lanes::width, sums[k]);
    }
}

template <typename T> CLVP_TARGET void mix_numbers(const Span & span, int64_t d_head, const float * weights, float * out) {
    int64_t at = 0;
    for (; at + 64 <= d_head; at += 64) {
        mix_64<T>(span, d_head, at, weights, out);
    }
    for (int64_t i = 0; at < d_head && i < span.n; i++) {
        add_scaled(out + at, weights[i], static_cast<const T *>(span.values) + i * d_head + at, d_head - at);
    }
}

CLVP_TARGET void mix_blocks(const Span & span, int64_t d_head, const float * weights, float * out) {
    const auto * block = static_cast<const Q8Block *>(span.values);
    for (int64_t i = 0; i < span.n; i++) {
        for (int64_t at = 0; at < d_head; at += block_size, block++) {
            const Lanes factor = Lanes::all(weights[i] * to_float(block->scale));
            for (int k = 0; k < block_size; k += Lanes::width) {
                Lanes::store(out + at + k, Lanes::multiply_add(factor, Lanes::load(block->quants + k), Lanes::load(out + at + k)));
            }
        }
    }
}

/// out += the values, each times its weight
template <typename T> CLVP_TARGET void mix(const Span & span, int64_t d_head, const float * weights, float * out) {
    if constexpr (std::is_same_v<T, Q8Block>) {
        mix_blocks(span, d_head, weights, out);
    } else {
        mix_numbers<T>(span, d_head, weights, out);
    }
}

/// exp(x) for x <= 0, to a unit or two in the last place: 2^k exp(r) with |r| <= ln(2) / 2, and six terms of the series.
CLVP_TARGET Lanes exp_of(Lanes x) {
    const Lanes least = Lanes::all(-87.0f); // below lie no normal numbers
    const Lanes k = Lanes::round(Lanes::multiply(Lanes::max(x, least), Lanes::all(1.44269504f)));
    const Lanes r = Lanes::multiply_add(k, Lanes::all(1.42860677e-6f), Lanes::multiply_add(k, Lanes::all(-0.693148613f), Lanes::max(x, least)));
    Lanes sum = Lanes::all(1.0f / 720);
    constexpr float terms[] = { 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f };
    for (const float term : terms) {
        sum = Lanes::multiply_add(sum, r, Lanes::all(term));
    }
    return Lanes::multiply(sum, Lanes::power_of_two(k));
}

/// scores = exp(scores - most); gives their sum.
CLVP_TARGET float exponentials(float * scores, int64_t n, float most) {
    Lanes sums = Lanes::all(0.0f);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        const Lanes e = exp_of(Lanes::add(Lanes::load(scores + i), Lanes::all(-most)));
        Lanes::store(scores + i, e);
        sums = Lanes::add(sums, e);
    }
    float sum = Lanes::sum(sums);
    for (; i < n; i++) {
        scores[i] = std::exp(scores[i] - most);
        sum += scores[i];
    }
    return sum;
}

template <typename T> CLVP_TARGET void attend(const float * q, int64_t d_head, const Span * spans, int n_spans, float scale, float * scores, float * out) {
    const int64_t per_position = std::is_same_v<T, Q8Block> ? d_head / block_size : d_head;
    int64_t n = 0;
    float most = -INFINITY;
    for (const Span * span = spans; span < spans + n_spans; span++) {
        for (int64_t i = 0; i < span->n; i++, n++) {
            scores[n] = dot(q, static_cast<const T *>(span->keys) + i * per_position, d_head) * scale;
            most = scores[n] > most ? scores[n] : most;
        }
    }
    const float sum = exponentials(scores, n, most);
    for (int64_t i = 0; i < d_head; i++) {
        out[i] = 0;
    }
    const float * weights = scores;
    for (const Span * span = spans; span < spans + n_spans; span++) {
        mix<T>(*span, d_head, weights, out);
        weights += span->n;
    }
    for (int64_t i = 0; i < d_head; i++) {
        out[i] /= sum;
    }
}

} // namespace

} // namespace clvp
