// The decoder's latents of a row of codes: what tortoise's diffusion stage is conditioned on.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// Throws invalid_argument for codes that do not fit the model or leave no room after the prompt.
void check_latents(const Prompt & prompt, const std::vector<int32_t> & codes, Positions positions, const Params & params);
/// Feeds mel start and all codes but the last one after a prompt, in one pass. Returns [n_codes, n_embd]: the hidden state, after the final
/// norm, from which each code is predicted. The prompt must not be a TextPrompt.
std::vector<float> latents(Call & call, const Weights & weights, const Params & params, const Prompt & prompt, const std::vector<int32_t> & codes,
                           Positions positions);

} // namespace clvp
