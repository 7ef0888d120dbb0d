// What the audio decoders share: one sink for the frames they produce. Internal to decode_audio().
#pragma once

#include "base/error.h"

namespace clvp {

/// Takes interleaved or planar frames, mixes each to the mean of its channels, and keeps no more than are asked for.
class AudioSink {
public:
    explicit AudioSink(double max_seconds) : max_seconds_(max_seconds) {}

    /// Starts a clip. `n_declared` is the number of frames the file's header promises, 0 if it does not say.
    void open(uint32_t sample_rate, uint32_t n_channels, uint64_t n_declared);
    /// Appends frames; false when no more are wanted.
    bool push(const float * interleaved, uint64_t n_frames);
    bool push(const float * const * planes, uint64_t n_frames);
    /// The clip, checked: some frames, as many as promised (give or take `tolerance`), all of them finite.
    Audio finish(uint64_t tolerance);

    bool full() const { return audio_.samples.size() >= n_wanted_; }
    uint64_t n_wanted() const { return n_wanted_; }

private:
    bool push(const float * first, uint64_t frame_stride, const float * const * planes, uint64_t n_frames);

    double max_seconds_;
    Audio audio_;
    uint32_t n_channels_ = 0;
    uint64_t n_declared_ = 0;
    uint64_t n_wanted_ = 0; // frames after which push() says stop
    uint64_t n_max_ = 0;    // more frames than this are an error
};

/// An unsigned number in little-endian order.
inline uint64_t read_le(const uint8_t * data, size_t n_bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        value |= uint64_t(data[i]) << (8 * i);
    }
    return value;
}

/// What a walk over an Ogg file found.
struct OggStream {
    std::vector<std::vector<uint8_t>> headers; // its first three packets
    size_t n_bytes = 0;                        // from the start: pages that are whole and needed
};

/// Checks the pages up to the last one, or up to the one by which `n_wanted` samples have come.
OggStream read_ogg(const uint8_t * data, size_t n_bytes, uint64_t n_wanted);
[[noreturn]] void broken_ogg(const char * what);

/// Decodes an Ogg Vorbis stream after checking all that stb_vorbis takes on trust. Returns the clip.
Audio decode_vorbis(const uint8_t * data, size_t n_bytes, AudioSink & sink);

/// The rates that clips may have, in Hz.
constexpr uint32_t min_sample_rate = 1000, max_sample_rate = 384000;
/// The most samples that any function of audio makes: 1 GiB of them.
constexpr uint64_t max_samples = uint64_t(1) << 28;

} // namespace clvp
