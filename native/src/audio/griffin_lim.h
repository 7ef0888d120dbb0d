// Converts log-mel features back to audio without a neural network: inverts the filterbank, then finds the phases, which mel
// features do not contain, by iteration. Speech stays intelligible but sounds metallic.
#pragma once

#include "audio/mel.h"

#include <functional>

namespace clvp {

/// Linear magnitudes [n_bins, n_frames], bins contiguous, whose mel power is nearest to exp(mel): non-negative, with the least
/// Kullback-Leibler divergence, by Lee and Seung's multiplicative updates ("Algorithms for non-negative matrix factorization",
/// 2001) with the bank's own filters as the fixed factor. `mel` is not divided by norms. `check` is called
/// regularly and may throw to stop the work.
std::vector<float> mel_magnitudes(const MelBank & bank, const Mel & mel, const std::function<void()> & check);

/// Samples [n_frames * hop] of log-mel features: phases by the fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard,
/// "A fast Griffin-Lim algorithm", 2013) from a fixed start. Samples are scaled down if
/// they would exceed 1, never up. `check` is called in each iteration. Throws invalid_argument for more frames than memory allows.
std::vector<float> griffin_lim(const MelBank & bank, const Mel & mel, uint32_t n_iterations, const std::function<void()> & check);

} // namespace clvp
