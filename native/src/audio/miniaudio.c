/*
 * The only translation unit with the audio decoders: WAV, MP3 and FLAC from miniaudio, Ogg Vorbis from stb_vorbis.
 * Only these three decoders of miniaudio are compiled: no devices, threads, files or engine.
 */
#ifndef NDEBUG
#define NDEBUG /* a failed assert in a decoder would abort the process on a damaged file */
#endif
/* On damaged files the decoders overflow signed integers and rely on wrap-around, so make that defined. */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("signed-integer-overflow"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC optimize("wrapv")
#endif

#define STB_VORBIS_NO_PUSHDATA_API
#define STB_VORBIS_NO_STDIO
#define STB_VORBIS_NO_INTEGER_CONVERSION
#define STB_VORBIS_MAX_CHANNELS 2 /* more are rejected; limits the stack that a frame takes */
#include "stb_vorbis.c"
/* stb_vorbis' names would affect miniaudio. Without this guard macro, miniaudio does not use stb_vorbis itself. */
#undef STB_VORBIS_INCLUDE_STB_VORBIS_H
#undef L
#undef C
#undef R
#undef PLAYBACK_MONO
#undef PLAYBACK_LEFT
#undef PLAYBACK_RIGHT

#define MA_NO_DEVICE_IO
#define MA_NO_THREADING
#define MA_NO_ENCODING
#define MA_NO_ENGINE
#define MA_NO_NODE_GRAPH
#define MA_NO_RESOURCE_MANAGER
#define MA_NO_GENERATION
#define MA_NO_RUNTIME_LINKING
#define MA_DR_FLAC_NO_OGG
#define MA_DR_MP3_FLOAT_OUTPUT
#define MINIAUDIO_IMPLEMENTATION
#include "miniaudio.h"

#include "audio/codecs.h"

/* Frames that a WAV's header declares, or 0 if unknown. miniaudio reports only the frames that are present. */
static uint64_t wav_declared(const ma_uint8 * data, ma_dr_wav * wav) {
    const ma_uint8 * field = data + wav->dataChunkDataPos - 4;
    const ma_bool32 rifx = wav->container == ma_dr_wav_container_rifx;
    uint64_t size = rifx ? (uint64_t)field[0] << 24 | (uint64_t)field[1] << 16 | (uint64_t)field[2] << 8 | field[3] : ma_dr_wav_bytes_to_u32(field);
    if (wav->container == ma_dr_wav_container_rf64 && size == 0xFFFFFFFF) {
        size = ma_dr_wav_bytes_to_u64(data + 28); /* in the chunk "ds64", which always comes first */
    } else if (size >= 0x7FFF0000) {
        return 0; /* placeholders of programs that cannot seek back to fill in the size */
    }
    return size / ma_dr_wav_get_bytes_per_pcm_frame(wav);
}

static int open_wav(struct clvp_codec * codec, const void * data, size_t n_bytes) {
    ma_dr_wav * wav = codec->decoder = calloc(1, sizeof *wav);
    if (!wav || !ma_dr_wav_init_memory_ex(wav, data, n_bytes, NULL, NULL, MA_DR_WAV_SEQUENTIAL, NULL)) {
        return 0;
    }
    codec->sample_rate = wav->sampleRate;
    codec->n_channels = wav->channels;
    codec->wav_tag = wav->translatedFormatTag;
    codec->wav_bits = wav->bitsPerSample;
    codec->n_declared = wav_declared(data, wav);
    return 1;
}

static int open_flac(struct clvp_codec * codec, const void * data, size_t n_bytes) {
    ma_dr_flac * flac = codec->decoder = ma_dr_flac_open_memory(data, n_bytes, NULL);
    if (!flac) {
        return 0;
    }
    codec->sample_rate = flac->sampleRate;
    codec->n_channels = flac->channels;
    codec->n_declared = flac->totalPCMFrameCount;
    return 1;
}

static int open_mp3(struct clvp_codec * codec, const void * data, size_t n_bytes) {
    ma_dr_mp3 * mp3 = codec->decoder = calloc(1, sizeof *mp3);
    if (!mp3 || !ma_dr_mp3_init_memory(mp3, data, n_bytes, NULL)) {
        return 0;
    }
    const uint64_t n_skipped = (uint64_t)mp3->delayInPCMFrames + mp3->paddingInPCMFrames;
    codec->sample_rate = mp3->sampleRate;
    codec->n_channels = mp3->channels;
    if (mp3->totalPCMFrameCount != MA_UINT64_MAX && mp3->totalPCMFrameCount > n_skipped) {
        codec->n_declared = mp3->totalPCMFrameCount - n_skipped;
    }
    return 1;
}

int clvp_codec_open(struct clvp_codec * codec, enum clvp_codec_kind kind, const void * data, size_t n_bytes) {
    memset(codec, 0, sizeof *codec);
    codec->kind = kind;
    const int is_open = kind == CLVP_CODEC_WAV    ? open_wav(codec, data, n_bytes)
                        : kind == CLVP_CODEC_FLAC ? open_flac(codec, data, n_bytes)
                                                  : open_mp3(codec, data, n_bytes);
    if (!is_open && kind != CLVP_CODEC_FLAC) {
        free(codec->decoder);
    }
    return is_open;
}

uint64_t clvp_codec_read(struct clvp_codec * codec, uint64_t n_frames, float * frames) {
    switch (codec->kind) {
    case CLVP_CODEC_WAV: return ma_dr_wav_read_pcm_frames_f32(codec->decoder, n_frames, frames);
    case CLVP_CODEC_FLAC: return ma_dr_flac_read_pcm_frames_f32(codec->decoder, n_frames, frames);
    default: return ma_dr_mp3_read_pcm_frames_f32(codec->decoder, n_frames, frames);
    }
}

int clvp_codec_changed(const struct clvp_codec * codec) {
    const ma_dr_mp3 * mp3 = codec->decoder;
    return codec->kind == CLVP_CODEC_MP3 && (mp3->mp3FrameSampleRate != codec->sample_rate || mp3->mp3FrameChannels != codec->n_channels);
}

void clvp_codec_close(struct clvp_codec * codec) {
    switch (codec->kind) {
    case CLVP_CODEC_WAV:
        ma_dr_wav_uninit(codec->decoder);
        free(codec->decoder);
        break;
    case CLVP_CODEC_FLAC: ma_dr_flac_close(codec->decoder); break;
    default:
        ma_dr_mp3_uninit(codec->decoder);
        free(codec->decoder);
        break;
    }
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
