// The group norm, for vectors of any width. Included like attend_lanes.h.

#include "kernels/exp_lanes.h"
#include "kernels/group_norm_kernel.h"

#include <cmath>

namespace clvp {

namespace {

/// The sum of a row, or of its squares around the mean.
template <bool squares> CLVP_INLINE float row_sum(const float * x, int64_t n, float mean) {
    const Lanes minus_mean = Lanes::all(-mean);
    Lanes sums = Lanes::all(0.0f);
    int64_t i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) {
        const Lanes each = Lanes::add(Lanes::load(x + i), minus_mean);
        sums = squares ? Lanes::multiply_add(each, each, sums) : Lanes::add(sums, each);
    }
    float sum = Lanes::sum(sums);
    for (; i < n; i++) {
        const float each = x[i] - mean;
        sum += squares ? each * each : each;
    }
    return sum;
}

/// The mean of all rows' numbers, or of their squares around `mean`.
template <bool squares> CLVP_INLINE float mean_of(const GroupRows & rows, float mean) {
    double sum = 0;
    for (int64_t t = 0; t < rows.n_frames; t++) {
        sum += static_cast<double>(row_sum<squares>(rows.x + static_cast<size_t>(t) * rows.stride, rows.n, mean));
    }
    return static_cast<float>(sum / static_cast<double>(rows.n * rows.n_frames));
}

CLVP_TARGET void normalise_group(const GroupRows & rows) {
    float factors[max_group + Lanes::width] = {}, offsets[max_group + Lanes::width] = {}; // of each channel
    const float mean = mean_of<false>(rows, 0.0f), inverse = 1.0f / std::sqrt(mean_of<true>(rows, mean) + rows.eps);
    for (int64_t c = 0; c < rows.n; c++) {
        const float scale = rows.scale ? 1.0f + rows.scale[c] : 1.0f;
        factors[c] = inverse * rows.weight[c] * scale;
        offsets[c] = rows.bias[c] * scale + (rows.scale ? rows.shift[c] : 0.0f);
    }
    const Lanes minus_mean = Lanes::all(-mean);
    for (int64_t t = 0; t < rows.n_frames; t++) {
        const float * x = rows.x + static_cast<size_t>(t) * rows.stride;
        float * out = rows.out + static_cast<size_t>(t) * rows.stride;
        for (int64_t c = 0; c < rows.n; c += Lanes::width) {
            const bool is_whole = c + Lanes::width <= rows.n;
            float last[Lanes::width] = {};
            for (int64_t i = c; i < rows.n && !is_whole; i++) {
                last[i - c] = x[i];
            }
            Lanes y = Lanes::add(is_whole ? Lanes::load(x + c) : Lanes::load(last), minus_mean);
            y = Lanes::multiply_add(y, Lanes::load(factors + c), Lanes::load(offsets + c));
            y = rows.silu ? Lanes::multiply(y, sigmoid(y)) : y;
            Lanes::store(is_whole ? out + c : last, y);
            for (int64_t i = c; i < rows.n && !is_whole; i++) {
                out[i] = last[i - c];
            }
        }
    }
}

} // namespace

} // namespace clvp
