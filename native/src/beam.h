// Beam search, as transformers runs it: the most likely rows rather than drawn ones.
#pragma once

#include "decoder.h"
#include "sampler.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_beams(const BeamOptions & options, const Params & params);

/// Best first. Beams share the prefix's keys and values; a beam that goes on in several copies its own part only.
std::vector<Candidate> search_beams(Backend & backend, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                                    const std::vector<float> & voice, const BeamOptions & options, Timings & timings);

} // namespace clvp
