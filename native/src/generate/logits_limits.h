// Excludes tokens from drawing: transformers' processors between the logits and the warpers.
#pragma once

#include "base/error.h"
#include "clvp/generation.h"
#include "clvp/model.h"

namespace clvp {

/// The ids that end a row.
std::vector<int32_t> stop_ids(const DrawOptions & options, const Params & params);
/// Throws invalid_argument for limits and stops that do not fit the model.
void check_limits(const DrawOptions & options, const Params & params);

/// Applies repetition penalty, repeated n-grams, bad words, minimum length and suppressed ids: in place, in transformers' order.
/// `seen` holds the ids so far, those of the prompt first. The penalty skips the first n_padding ids; the last n_drawn were drawn.
void apply_limits(std::vector<float> & scores, const std::vector<int32_t> & seen, size_t n_padding, size_t n_drawn, const DrawOptions & options,
                  const Params & params);

/// Divides positive scores of ids in `seen` by the penalty, and multiplies negative scores by it.
void penalise_repetition(std::vector<float> & scores, const std::vector<int32_t> & seen, float penalty);

} // namespace clvp
