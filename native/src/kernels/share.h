// How the threads of GGML share the work of an operation.
#pragma once

#include "ggml.h"

#include <cstdint>
#include <utility>

namespace clvp {

/// The part of n items for thread ith of nth: [.first, .second).
inline std::pair<int64_t, int64_t> share(int64_t n, int ith, int nth) { return { n * ith / nth, n * (ith + 1) / nth }; }

template <typename T> T * data(ggml_tensor * tensor) { return static_cast<T *>(tensor->data); }
template <typename T> const T * data(const ggml_tensor * tensor) { return static_cast<const T *>(tensor->data); }

} // namespace clvp
