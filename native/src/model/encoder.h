// The text and the speech encoder, built by the same graph.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// Throws invalid_argument for rows that do not fit the model.
void check_encode(const char * what, const Rows & rows, const EncoderParams & params);
/// Runs rows of one length through an encoder, independently of each other.
EncoderOutput encode(Call & call, const EncoderWeights & weights, const EncoderParams & params, const Rows & rows);

} // namespace clvp
