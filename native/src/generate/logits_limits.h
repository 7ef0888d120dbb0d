// What may not be drawn next: transformers' processors between the logits and the warpers.
#pragma once

#include "base/error.h"

namespace clvp {

/// The ids that end a row.
std::vector<int32_t> stop_ids(const DrawOptions & options, const Params & params);
/// Throws invalid_argument for limits and stops that the model cannot meet.
void check_limits(const DrawOptions & options, const Params & params);

/// Repetition penalty, repeated runs, bad words, stops that come too early, suppressed ids: in place, in transformers' order.
/// `seen` are the ids so far, those of the prompt first; the penalty passes over n_padding of these; n_drawn are drawn.
void apply_limits(std::vector<float> & scores, const std::vector<int32_t> & seen, size_t n_padding, size_t n_drawn, const DrawOptions & options,
                  const Params & params);

/// Divides positive scores of ids already seen, and multiplies negative ones.
void penalise_repetition(std::vector<float> & scores, const std::vector<int32_t> & seen, float penalty);

} // namespace clvp
