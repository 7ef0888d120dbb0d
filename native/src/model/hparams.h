// Hyperparameters: read from a file's keys, each checked for presence, type and range before anything is built on it.
#pragma once

#include "base/error.h"

namespace clvp {

/// How an encoder's hidden states become one vector.
enum class Summary { mean, last, first };

Summary summary_from_name(const std::string & name); // throws unsupported

/// Groups of a group norm over n_channels: tortoise's rule (32, or fewer until they divide). Throws unsupported for 2 or fewer.
uint32_t group_count(uint32_t n_channels);
/// Leading dimensions of a head that are rotated: the reference's rule, an odd width rounded up.
uint32_t rotary_width(uint32_t n_proj, uint32_t n_head);

/// Reads and checks all parameters. Throws model_format, naming the key.
Params read_params(const Values & values);

} // namespace clvp
