// The interface of the group norm's kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace clvp {

/// Channels of a group at most, for which the kernel has room.
constexpr int64_t max_group = 1024;

/// A group of n channels in n_frames rows, `stride` floats apart, and where its result goes, with the same stride.
struct GroupRows {
    const float * x;
    size_t stride;
    int64_t n_frames, n;
    const float * weight;
    const float * bias;
    const float * scale; // and shift: null for none
    const float * shift;
    float eps;
    bool silu;
    float * out;
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, over all numbers of the group; then y * (1 + scale) + shift; then SiLU.
using GroupNormKernel = void (*)(const GroupRows & rows);

} // namespace clvp
