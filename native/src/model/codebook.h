// The optional codebook of a model: the mel frames of each speech code, for plots, previews and the codes of recordings.
#pragma once

#include "clvp/types.h"
#include "ggml.h"

namespace clvp {

/// Throws model_format if a level is NaN or outside the range of real audio.
void check_codebook(const ggml_tensor * codebook);

/// The frames of the codes, concatenated: ln of mel power [n_mels, frames_per_code * n_codes].
/// Throws invalid_argument if there are no codes or too many, or if a code is not in the codebook.
Mel codebook_mel(const ggml_tensor * codebook, const std::vector<int32_t> & codes);

/// The inverse: the nearest code of each group of frames_per_code frames. Cuts incomplete groups off. Calls `check`, which may throw to stop
/// the work, before each entry of the codebook.
std::vector<int32_t> nearest_codes(const ggml_tensor * codebook, const Mel & mel, const std::function<void()> & check);

} // namespace clvp
