// Decodes audio and computes mel features, without a model.
#include "clvp.h"

#include "audio/decode_audio.h"
#include "audio/mel.h"

#include <cmath>

namespace clvp {

Audio decode_audio(const void * data, size_t n_bytes, double max_seconds) {
    if (!(max_seconds >= 0) || !std::isfinite(max_seconds)) {
        fail(Code::invalid_argument, "Expected a finite number of seconds >= 0 for max_seconds but received %g", max_seconds);
    }
    if (data == nullptr || n_bytes == 0) {
        fail(Code::audio, "the audio is empty: expected the bytes of a WAV, MP3, FLAC or Ogg Vorbis file");
    }
    try {
        AudioSink sink(max_seconds);
        return decode_any(static_cast<const uint8_t *>(data), n_bytes, sink);
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory to decode %zu bytes of audio", n_bytes);
    }
}

Mel mel_features(const std::vector<float> & samples, const MelParams & params, uint64_t n_samples) {
    const uint64_t n = n_samples ? n_samples : samples.size();
    MelParams sizes = params;
    sizes.seconds = 1; // unused: the length is n, which is checked below
    validate(sizes);
    if (n > uint64_t(1) << 31 || (n / params.hop + 1) * params.n_mels > max_mel_values) {
        fail(Code::invalid_argument, "Expected samples for at most %llu mel values but received %llu samples: shorten the audio",
             (unsigned long long)max_mel_values, (unsigned long long)n);
    }
    try {
        return MelBank(sizes).compute(samples, n);
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory for mel features of %llu samples", (unsigned long long)n);
    }
}

} // namespace clvp
