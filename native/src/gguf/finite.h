// Are weights numbers?
#pragma once

#include "ggml.h"

#include <cstddef>
#include <cstdint>

namespace clvp {

/// Whether none of the weights in whole blocks, at any address, is NaN or infinite. As fast as memory.
bool all_finite(ggml_type type, const uint8_t * data, size_t n_bytes);

} // namespace clvp
