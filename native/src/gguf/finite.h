// Finds NaN and infinite weights.
#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace clvp {

/// True if no weight is NaN or infinite. Takes whole blocks, at any alignment. Runs at memory speed.
bool all_finite(ggml_type type, const uint8_t * data, size_t n_bytes);

} // namespace clvp
