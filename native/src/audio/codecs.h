/*
 * A door to miniaudio's WAV, FLAC and MP3 decoders, which it declares only inside its implementation. Its public
 * decoder guesses formats by trying them all and hides how long a file claims to be; this one does neither. Plain C.
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
    uint64_t n_declared;        /* frames that the header promises; 0 if it does not say */
    uint32_t wav_tag, wav_bits; /* of a WAV: format tag (of the subformat if extensible), bits of a sample */
    void * decoder;
};

/* Opens a file in memory, which must outlive the codec. 0 if it cannot be read. */
int clvp_codec_open(struct clvp_codec * codec, enum clvp_codec_kind kind, const void * data, size_t n_bytes);
/* Decodes up to n_frames interleaved frames; 0 at the end. */
uint64_t clvp_codec_read(struct clvp_codec * codec, uint64_t n_frames, float * frames);
/* Whether the stream now has another rate or number of channels than at its start, which only MP3 can. */
int clvp_codec_changed(const struct clvp_codec * codec);
void clvp_codec_close(struct clvp_codec * codec);

#ifdef __cplusplus
}
#endif
