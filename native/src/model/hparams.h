// Hyperparameters, read from a file's keys. Presence, type and range are checked before any of them is used.
#pragma once

#include "base/error.h"
#include "clvp/model.h"

namespace clvp {

/// How an encoder pools its hidden states into one vector.
enum class Summary { mean, last, first };

Summary summary_from_name(const std::string & name); // throws unsupported

/// Groups of a group norm over n_channels: tortoise's rule (32, reduced until it divides n_channels). Throws unsupported for 2 or fewer.
uint32_t group_count(uint32_t n_channels);
/// Number of leading dimensions of a head that are rotated: the reference's rule, rounded up to an even number.
uint32_t rotary_width(uint32_t n_proj, uint32_t n_head);

/// Reads and checks all parameters. Throws model_format, naming the key.
Params read_params(const Values & values);

} // namespace clvp
