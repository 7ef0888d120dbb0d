// Shared by the audio decoders: one sink for the frames they produce. Internal to decode_audio().
#pragma once

#include "clvp/types.h"

#include "base/error.h"

namespace clvp {

/// Takes interleaved or planar frames, mixes each to the mean of its channels, and keeps at most the requested number.
class AudioSink {
public:
    explicit AudioSink(double max_seconds) : max_seconds_(max_seconds) {}

    /// Starts a clip. `n_declared` is the number of frames that the file's header declares, or 0 if unknown.
    void open(uint32_t sample_rate, uint32_t n_channels, uint64_t n_declared);
    /// Appends frames. Returns false when no more are needed.
    bool push(const float * interleaved, uint64_t n_frames);
    bool push(const float * const * planes, uint64_t n_frames);
    /// Checks and returns the clip: at least one frame, the declared number of frames (within `tolerance`), all finite.
    Audio finish(uint64_t tolerance);

    bool full() const { return audio_.samples.size() >= n_wanted_; }
    uint64_t n_wanted() const { return n_wanted_; }

private:
    bool push(const float * first, uint64_t frame_stride, const float * const * planes, uint64_t n_frames);

    double max_seconds_;
    Audio audio_;
    uint32_t n_channels_ = 0;
    uint64_t n_declared_ = 0;
    uint64_t n_wanted_ = 0; // number of frames after which push() returns false
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

/// The result of checking an Ogg file.
struct OggStream {
    std::vector<std::vector<uint8_t>> headers; // its first three packets
    size_t n_bytes = 0;                        // length, from the start, of the complete pages that are needed
};

/// Checks the pages up to the last one, or up to the one that completes `n_wanted` samples.
OggStream read_ogg(const uint8_t * data, size_t n_bytes, uint64_t n_wanted);
[[noreturn]] void broken_ogg(const char * what);

/// Decodes an Ogg Vorbis stream after checking everything that stb_vorbis does not check. Returns the clip.
Audio decode_vorbis(const uint8_t * data, size_t n_bytes, AudioSink & sink);

/// Sample rates that clips may have, in Hz.
constexpr uint32_t min_sample_rate = 1000, max_sample_rate = 384000;
/// The largest number of samples that an audio function produces: 1 GiB.
constexpr uint64_t max_samples = uint64_t(1) << 28;

} // namespace clvp
