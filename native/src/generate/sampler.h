// From scores to a token, as transformers does it: temperature, top-k, top-p, min-p, typical-p.
#pragma once

#include "base/error.h"

namespace clvp {

/// Throws invalid_argument for settings outside their range.
void check_sampling(const Sampling & sampling);

/// The warpers in transformers' order, in place; none with temperature 0. Each leaves at least min_keep ids.
void warp(std::vector<float> & scores, const Sampling & sampling, size_t min_keep = 1);

/// The ids that are still possible, by id.
std::vector<int32_t> survivors(const std::vector<float> & logits);

/// The most likely id; the first of equals.
int32_t most_likely(const std::vector<float> & logits);
/// The id whose share of softmax(logits), laid out by id, holds u in [0, 1).
int32_t draw(const std::vector<float> & logits, double u);

/// log of the sum of exp(logits), in double: log softmax(logits)[id] is logits[id] less this.
double log_sum(const float * logits, size_t n);

} // namespace clvp
