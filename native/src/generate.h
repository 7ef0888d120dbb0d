// Drawing candidates: one prefill, then steps over all live candidates until each has stopped.
#pragma once

#include "decoding.h"

namespace clvp {

/// Throws invalid_argument for options that the model cannot meet.
void check_generate(const GenerateOptions & options);

Generated generate(Backend & backend, const Weights & weights, const Params & params, const Prompt & prompt, const GenerateOptions & options,
                   Timings & timings);

} // namespace clvp
