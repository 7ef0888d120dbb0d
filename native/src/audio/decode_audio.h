// Detects the format of an audio file and decodes it.
#pragma once

#include "audio/audio_sink.h"

namespace clvp {

/// Decodes WAV, MP3, FLAC or Ogg Vorbis. Throws audio for any other format.
Audio decode_any(const uint8_t * data, size_t n_bytes, AudioSink & sink);

} // namespace clvp
