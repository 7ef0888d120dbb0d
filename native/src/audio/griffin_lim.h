// From log-mel pictures back to sound, without weights: the filterbank is inverted, and the phases that mel features leave
// out are found by iteration. Speech stays intelligible and sounds metallic.
#pragma once

#include "audio/mel.h"

#include <functional>

namespace clvp {

/// Linear magnitudes [n_bins, n_frames], bins contiguous, whose mel power is nearest to exp(mel): not negative, least in the
/// Kullback-Leibler divergence, by Lee and Seung's multiplicative updates ("Algorithms for non-negative matrix factorization",
/// 2001) with the bank's own filters as the fixed factor. `mel` is not divided by norms. `check` is called
/// now and then, and ends the work by throwing.
std::vector<float> mel_magnitudes(const MelBank & bank, const Mel & mel, const std::function<void()> & check);

/// Samples [n_frames * hop] of such a picture: phases by the fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard,
/// "A fast Griffin-Lim algorithm", 2013) from a start that is always the same. Scaled down where they would go beyond 1,
/// never up. `check` is called in each iteration. Throws invalid_argument for more frames than memory allows.
std::vector<float> vocode(const MelBank & bank, const Mel & mel, uint32_t n_iterations, const std::function<void()> & check);

} // namespace clvp
