// The codebook that a model may carry: what each speech code looks like, so that codes can be seen and heard. No tower uses it.
#pragma once

#include "clvp/types.h"
#include "ggml.h"

namespace clvp {

/// Throws model_format if a level is no number, or one that no sound has.
void check_codebook(const ggml_tensor * codebook);

/// The frames of codes, one code behind the other: ln of mel power [n_mels, frames_per_code * n_codes].
/// Throws invalid_argument for no codes, too many, or one that the codebook lacks.
Mel codebook_mel(const ggml_tensor * codebook, const std::vector<int32_t> & codes);

} // namespace clvp
