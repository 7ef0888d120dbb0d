// Converts rows and outputs of the towers.
#pragma once

#include "convert.h"

namespace binding {

clvp::Rows to_tower_rows(const Napi::Value & value);
clvp::DecoderRows to_decoder_rows(const Napi::Value & value);

Napi::Object to_js(Napi::Env env, const clvp::EncoderOutput & output);
Napi::Object to_js(Napi::Env env, const clvp::DecoderOutput & output);
Napi::Object to_js(Napi::Env env, const clvp::Similarity & similarity);

} // namespace binding
