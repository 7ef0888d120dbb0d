// Sampling in transformers' arithmetic: temperature, top-k, top-p, min-p, typical-p.
#pragma once

#include "base/error.h"
#include "clvp/generation.h"

namespace clvp {

/// Throws invalid_argument for settings outside their range.
void check_sampling(const Sampling & sampling);

/// Applies the warpers in place, in transformers' order; none with temperature 0. Each keeps at least min_keep ids.
void warp(std::vector<float> & scores, const Sampling & sampling, size_t min_keep = 1);

/// The ids with a score above minus infinity, in ascending order.
std::vector<int32_t> survivors(const std::vector<float> & logits);

/// The most likely id; on a tie, the lowest.
int32_t most_likely(const std::vector<float> & logits);
/// The id whose interval of the cumulative softmax(logits), in the order of ids, contains u in [0, 1).
int32_t draw(const std::vector<float> & logits, double u);

/// log(sum(exp(logits))) in double: log softmax(logits)[id] = logits[id] - log_sum(logits).
double log_sum(const float * logits, size_t n);

} // namespace clvp
