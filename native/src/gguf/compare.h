// Compares the tensors of two files.
#pragma once

#include "clvp/model.h"

namespace clvp {

/// See compare_tensors() in clvp.h.
std::vector<TensorDifference> tensor_differences(const std::string & path_a, const std::string & path_b, const CompareOptions & options);

} // namespace clvp
