// The panel products, for vectors of any width. Included like attend_lanes.h.

#include "kernels/exp_lanes.h"
#include "kernels/panel_kernel.h"

#include <limits>
#include <type_traits>

namespace clvp {

namespace {

constexpr int panel_vectors = panel_width / Lanes::width;
/// Rows at a time: their sums fill most registers.
constexpr int panel_rows = Lanes::width >= 16 ? 12 : Lanes::width == 8 ? 6 : 3;

/// Columns of a panel that lie side by side.
template <typename T> constexpr int group_width = std::is_same_v<T, ggml_bf16_t> ? 2 : 1;

/// Vector v of column j of a group.
template <typename T> CLVP_INLINE Lanes column_of(const T * group, int, int v) { return Lanes::load(group + v * Lanes::width); }

CLVP_INLINE Lanes column_of(const ggml_bf16_t * group, int j, int v) {
    const ggml_bf16_t * pairs = group + 2 * v * Lanes::width;
    return j == 0 ? Lanes::load_first(pairs) : Lanes::load_second(pairs);
}

CLVP_INLINE void store_one(float * to, float x) { *to = x; }
CLVP_INLINE void store_one(ggml_bf16_t * to, float x) { *to = ggml_fp32_to_bf16(x); }

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
    constexpr int width = group_width<T>;
    for (int64_t k = 0; k < depth; k += width) {
        for (int j = 0; j < width; j++) {
            Lanes columns[panel_vectors];
            for (int v = 0; v < panel_vectors; v++) {
                columns[v] = column_of(panel, j, v);
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
        }
        panel += width * panel_stride;
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

template <bool is_bf16> CLVP_TARGET void epilogue_rows(const float * sums, size_t stride, int n, int64_t n_columns, const RowEpilogue & to) {
    using T = std::conditional_t<is_bf16, ggml_bf16_t, float>;
    const Lanes slope = Lanes::all(to.slope), zero = Lanes::all(0.0f);
    for (int i = 0; i < n; i++, sums += stride) {
        T * out = static_cast<T *>(to.out) + static_cast<size_t>(i) * to.stride;
        const float * residual = to.residual ? to.residual + static_cast<size_t>(i) * to.stride : nullptr;
        int64_t c = 0;
        for (; c + Lanes::width <= n_columns; c += Lanes::width) {
            Lanes x = Lanes::load(sums + c);
            x = residual ? Lanes::add(x, Lanes::load(residual + c)) : x;
            const Lanes above = Lanes::max(zero, x), below = Lanes::min(zero, x); // in this order NaN stays NaN
            Lanes::store(out + c, Lanes::multiply_add(below, slope, above));
        }
        for (; c < n_columns; c++) {
            const float x = sums[c] + (residual ? residual[c] : 0.0f);
            store_one(out + c, x > 0 ? x : x * to.slope);
        }
    }
}

CLVP_TARGET void epilogue(const float * sums, size_t stride, int n, int64_t n_columns, const RowEpilogue & to) {
    to.is_bf16 ? epilogue_rows<true>(sums, stride, n, n_columns, to) : epilogue_rows<false>(sums, stride, n, n_columns, to);
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
