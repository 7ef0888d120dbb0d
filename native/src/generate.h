// Drawing candidates: one prefill, then steps over all live candidates until each has stopped.
#pragma once

#include "decoder.h"
#include "sampler.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_generate(const GenerateOptions & options, const Params & params);
/// Throws invalid_argument for a text whose prefix has more rows than there are positions to take away.
void check_prefix(size_t n_text_ids, PrefixPositions prefix_positions, const Params & params);

std::vector<Candidate> generate(Backend & backend, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                                const std::vector<float> & voice, const GenerateOptions & options, Timings & timings);

/// Throws model_format for logits that are no numbers.
void check_logits(const std::vector<float> & logits);
/// Ids that the speech encoder has no embedding for can't be ranked: only the stop among them may be drawn.
void suppress_unrankable(std::vector<float> & logits, const Params & params);

/// The type of keys and values that suits the weights: F32 keeps exact models exact, F16 halves the cache of the others.
ggml_type kv_type(const Params & params);

} // namespace clvp
