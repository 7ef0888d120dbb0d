// Random voices: normal numbers through a small network.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

size_t random_nodes(const RandomParams & params);

/// noise [n] -> a voice [n], by the layers of RandomWeights.
std::vector<float> random_voice(Call & call, const std::vector<Linear> & layers, const std::vector<float> & noise);

} // namespace clvp
