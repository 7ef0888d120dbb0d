// Products of rows of x with a panel: 16 columns of a matrix, side by side.
#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace clvp {

constexpr int panel_width = 16;

/// Adds products to n rows of 16 sums: out[i * out_stride + c] += sum over k of x[i * x_stride + k] * panel[k * panel_stride + c], for k below
/// `depth`. Strides are in floats. Rows of x may overlap.
using PanelKernel = void (*)(const float * x, size_t x_stride, int n, const float * panel, size_t panel_stride, int64_t depth, float * out, size_t out_stride);

/// The same with a panel of F16.
using HalfPanelKernel = void (*)(const float * x, size_t x_stride, int n, const ggml_fp16_t * panel, size_t panel_stride, int64_t depth, float * out,
                                 size_t out_stride);

/// out[i] = x[i] + sigmoid(a[i]) * tanh(b[i]), for n numbers.
using GateKernel = void (*)(const float * a, const float * b, const float * x, int64_t n, float * out);

/// softmax of n numbers in place.
using SoftmaxKernel = void (*)(float * x, int64_t n);

} // namespace clvp
