// Which format a sound has, and its decoder.
#pragma once

#include "audio/audio_sink.h"

namespace clvp {

/// Decodes WAV, MP3, FLAC or Ogg Vorbis. Throws audio for anything else.
Audio decode_any(const uint8_t * data, size_t n_bytes, AudioSink & sink);

} // namespace clvp
