// The sink of the audio decoders: mixes to mono, limits the length and rejects damaged audio.
#include "audio/audio_sink.h"

#include <algorithm>
#include <cmath>

namespace clvp {

static constexpr double max_clip_seconds = 3600; // limit without max_seconds, against decompression bombs

void AudioSink::open(uint32_t sample_rate, uint32_t n_channels, uint64_t n_declared) {
    if (sample_rate < min_sample_rate || sample_rate > max_sample_rate) {
        fail(Code::audio, "the audio's sample rate is %u Hz: expected %u to %u", sample_rate, min_sample_rate, max_sample_rate);
    }
    if (n_channels == 0) {
        fail(Code::audio, "the audio has no channels");
    }
    audio_.sample_rate = sample_rate;
    n_channels_ = n_channels;
    n_declared_ = n_declared;
    n_max_ = std::min(max_samples, uint64_t(max_clip_seconds * sample_rate));
    n_wanted_ = n_max_ + 1;
    if (max_seconds_ > 0 && max_seconds_ * sample_rate < double(n_wanted_)) {
        n_wanted_ = uint64_t(std::ceil(max_seconds_ * sample_rate));
    }
    if (n_declared > n_max_ && n_wanted_ > n_max_) {
        fail(Code::audio, "the audio is too long: %.0f seconds, but at most %.0f are allowed; cut it, or decode only its first seconds",
             double(n_declared) / sample_rate, double(n_max_) / sample_rate);
    }
}

bool AudioSink::push(const float * first, uint64_t frame_stride, const float * const * planes, uint64_t n_frames) {
    n_frames = std::min<uint64_t>(n_frames, n_wanted_ - audio_.samples.size());
    for (uint64_t i = 0; i < n_frames; i++) {
        double sum = 0;
        for (uint32_t c = 0; c < n_channels_; c++) {
            sum += planes ? planes[c][i] : first[i * frame_stride + c];
        }
        const float mean = float(sum / n_channels_);
        if (!std::isfinite(mean)) {
            fail(Code::audio, "the audio is damaged: sample %zu is NaN or infinite", audio_.samples.size());
        }
        audio_.samples.push_back(mean);
    }
    if (audio_.samples.size() > n_max_) {
        fail(Code::audio, "the audio is too long: more than %.0f seconds; cut it, or decode only its first seconds", double(n_max_) / audio_.sample_rate);
    }
    return !full();
}

bool AudioSink::push(const float * interleaved, uint64_t n_frames) { return push(interleaved, n_channels_, nullptr, n_frames); }

bool AudioSink::push(const float * const * planes, uint64_t n_frames) { return push(nullptr, 0, planes, n_frames); }

Audio AudioSink::finish(uint64_t tolerance) {
    const uint64_t n_frames = audio_.samples.size();
    if (n_frames == 0) {
        fail(Code::audio, "the audio has no samples: the file is empty, truncated or damaged");
    }
    if (!full() && n_frames + tolerance < n_declared_) {
        fail(Code::audio, "the audio is truncated or damaged: its header promises %llu samples but %llu could be decoded", (unsigned long long)n_declared_,
             (unsigned long long)n_frames);
    }
    return std::move(audio_);
}

} // namespace clvp
