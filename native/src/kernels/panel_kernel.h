// Products of rows of x with a panel: 16 columns of a matrix, side by side.
#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace clvp {

constexpr int panel_width = 16;

/// Adds products to n rows of 16 sums: out[i * out_stride + c] += sum over k of x[i * x_stride + k] * panel[k * panel_stride + c], for k below
/// `depth`. Strides are in numbers. Rows of x may overlap. A panel of BF16 holds pairs of columns, as panel.h tells.
template <typename Weight>
using PanelKernel = void (*)(const float * x, size_t x_stride, int n, const Weight * panel, size_t panel_stride, int64_t depth, float * out, size_t out_stride);

/// One or two panels of BF16 that hold pairs of columns, the second `stride` numbers behind the first. `depth` is even.
struct PairPanels {
    const ggml_bf16_t * first;
    size_t stride;
    int n;
    int64_t depth;
};

/// The same for x of BF16, and rows of 16 or 32 sums side by side.
using PairKernel = void (*)(const ggml_bf16_t * x, size_t x_stride, int n, const PairPanels & panels, float * out);

/// Where the rows of a result go, and what is done to them.
struct RowEpilogue {
    void * out; // of F32, or of BF16
    bool is_bf16;
    size_t stride;          // of its rows, and of the residual's
    const float * residual; // added, if not null
    float slope;            // of a leaky ReLU behind that; 1 for none

    /// From number `at` on.
    RowEpilogue from(int64_t at) const {
        void * const first = is_bf16 ? static_cast<void *>(static_cast<ggml_bf16_t *>(out) + at) : static_cast<float *>(out) + at;
        return { first, is_bf16, stride, residual ? residual + at : nullptr, slope };
    }
};

/// Finishes n rows of n_columns sums, which are `stride` numbers apart.
using EpilogueKernel = void (*)(const float * sums, size_t stride, int n, int64_t n_columns, const RowEpilogue & to);

/// out[i] = x[i] + sigmoid(a[i]) * tanh(b[i]), for n numbers.
using GateKernel = void (*)(const float * a, const float * b, const float * x, int64_t n, float * out);

/// softmax of n numbers in place.
using SoftmaxKernel = void (*)(float * x, int64_t n);

} // namespace clvp
