// The panel products, for vectors of any width. Included like attend_lanes.h.

#include "kernels/exp_lanes.h"
#include "kernels/panel_kernel.h"

#include <limits>

namespace clvp {

namespace {

constexpr int panel_vectors = panel_width / Lanes::width;
/// Rows at a time: their sums fill most registers.
constexpr int panel_rows = Lanes::width >= 16 ? 12 : Lanes::width == 8 ? 6 : 3;

/// n rows, in groups of three that share a pointer: one pointer a row would not fit into the registers.
template <int n, typename T>
CLVP_TARGET void multiply_rows(const float * x, size_t x_stride, const T * panel, size_t panel_stride, int64_t depth, float * out, size_t out_stride) {
    constexpr int groups = (n + 2) / 3;
    Lanes sums[n][panel_vectors];
    const float * rows[groups];
    for (int i = 0; i < n; i++) {
        for (int v = 0; v < panel_vectors; v++) {
            sums[i][v] = Lanes::load(out + static_cast<size_t>(i) * out_stride + v * Lanes::width);
        }
    }
    for (int g = 0; g < groups; g++) {
        rows[g] = x + static_cast<size_t>(3 * g) * x_stride;
    }
    for (int64_t k = 0; k < depth; k++) {
        Lanes columns[panel_vectors];
        for (int v = 0; v < panel_vectors; v++) {
            columns[v] = Lanes::load(panel + v * Lanes::width);
        }
        for (int i = 0; i < n; i++) {
            const Lanes factor = Lanes::all(rows[i / 3][static_cast<size_t>(i % 3) * x_stride]);
            for (int v = 0; v < panel_vectors; v++) {
                sums[i][v] = Lanes::multiply_add(factor, columns[v], sums[i][v]);
            }
        }
        for (int g = 0; g < groups; g++) {
            rows[g]++;
        }
        panel += panel_stride;
    }
    for (int i = 0; i < n; i++) {
        for (int v = 0; v < panel_vectors; v++) {
            Lanes::store(out + static_cast<size_t>(i) * out_stride + v * Lanes::width, sums[i][v]);
        }
    }
}

template <typename T>
CLVP_TARGET void multiply_panel(const float * x, size_t x_stride, int n, const T * panel, size_t panel_stride, int64_t depth, float * out, size_t out_stride) {
    int i = 0;
    for (; i + panel_rows <= n; i += panel_rows) {
        multiply_rows<panel_rows>(x + static_cast<size_t>(i) * x_stride, x_stride, panel, panel_stride, depth, out + static_cast<size_t>(i) * out_stride,
                                  out_stride);
    }
    for (; i + 3 <= n; i += 3) {
        multiply_rows<3>(x + static_cast<size_t>(i) * x_stride, x_stride, panel, panel_stride, depth, out + static_cast<size_t>(i) * out_stride, out_stride);
    }
    for (; i < n; i++) {
        multiply_rows<1>(x + static_cast<size_t>(i) * x_stride, x_stride, panel, panel_stride, depth, out + static_cast<size_t>(i) * out_stride, out_stride);
    }
}

/// 1 / (1 + exp(-x)), of exponentials that stay bounded.
CLVP_INLINE Lanes sigmoid(Lanes x) {
    const Lanes minus = Lanes::all(-1.0f), zero = Lanes::all(0.0f), minus_x = Lanes::multiply(x, minus);
    const Lanes below = Lanes::multiply(Lanes::max(minus_x, zero), minus), minus_abs = Lanes::multiply(Lanes::max(x, minus_x), minus);
    return Lanes::divide(exp_of(below), Lanes::add(exp_of(minus_abs), Lanes::all(1.0f)));
}

/// tanh(b) = 2 sigmoid(2b) - 1: to 1e-7, as much as sound needs.
CLVP_INLINE Lanes gated(Lanes a, Lanes b, Lanes x) {
    const Lanes tanh = Lanes::multiply_add(sigmoid(Lanes::add(b, b)), Lanes::all(2.0f), Lanes::all(-1.0f));
    return Lanes::multiply_add(sigmoid(a), tanh, x);
}

CLVP_TARGET void gate(const float * a, const float * b, const float * x, int64_t n, float * out) {
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        Lanes::store(out + i, gated(Lanes::load(a + i), Lanes::load(b + i), Lanes::load(x + i)));
    }
    for (; i < n; i++) {
        float found[Lanes::width];
        Lanes::store(found, gated(Lanes::all(a[i]), Lanes::all(b[i]), Lanes::all(x[i])));
        out[i] = found[0];
    }
}

CLVP_TARGET void softmax(float * x, int64_t n) {
    float largest = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < n; i++) {
        largest = x[i] > largest ? x[i] : largest;
    }
    const Lanes minus_largest = Lanes::all(-largest);
    Lanes sums = Lanes::all(0.0f);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        const Lanes e = exp_of(Lanes::add(Lanes::load(x + i), minus_largest));
        Lanes::store(x + i, e);
        sums = Lanes::add(sums, e);
    }
    float sum = Lanes::sum(sums);
    for (; i < n; i++) {
        x[i] = std::exp(x[i] - largest);
        sum += x[i];
    }
    const float factor = 1.0f / sum;
    for (i = 0; i < n; i++) {
        x[i] *= factor;
    }
}

} // namespace

} // namespace clvp
