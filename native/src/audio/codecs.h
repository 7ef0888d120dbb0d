/*
 * A plain C interface to miniaudio's WAV, FLAC and MP3 decoders, which miniaudio declares only inside its implementation.
 * Its public decoder guesses the format by trying all of them, and hides a file's declared length. This interface does neither.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum clvp_codec_kind { CLVP_CODEC_WAV, CLVP_CODEC_FLAC, CLVP_CODEC_MP3 };

struct clvp_codec {
    enum clvp_codec_kind kind;
    uint32_t sample_rate, n_channels;
    uint64_t n_declared;        /* frames that the header declares; 0 if unknown */
    uint32_t wav_tag, wav_bits; /* of a WAV: format tag (of the subformat if extensible), bits per sample */
    void * decoder;
};

/* Opens a file in memory, which must outlive the codec. 0 if it cannot be read. */
int clvp_codec_open(struct clvp_codec * codec, enum clvp_codec_kind kind, const void * data, size_t n_bytes);
/* Decodes up to n_frames interleaved frames; 0 at the end. */
uint64_t clvp_codec_read(struct clvp_codec * codec, uint64_t n_frames, float * frames);
/* True if the sample rate or channel count differs from the start of the stream. Only MP3 can change them. */
int clvp_codec_changed(const struct clvp_codec * codec);
void clvp_codec_close(struct clvp_codec * codec);

#ifdef __cplusplus
}
#endif
