/* clvp/types.h: parameter and result types of the functions in clvp.h. */
#pragma once

#include "clvp/error.h"
#include "clvp/generation.h"
#include "clvp/model.h"
#include "clvp/towers.h"

namespace clvp {

/// Mono samples in [-1, 1].
struct Audio {
    std::vector<float> samples;
    uint32_t sample_rate = 0; // Hz

    /// The same sound at another sample rate, by windowed sinc interpolation; ceil(n * rate / sample_rate) samples.
    std::vector<float> resampled(uint32_t rate) const;
};

/// A log-mel spectrogram: data is [n_mels, n_frames], frames contiguous.
struct Mel {
    uint32_t n_mels = 0, n_frames = 0;
    std::vector<float> data;
};

/// Options of Session::preview().
struct PreviewOptions {
    uint32_t n_iterations = 60; // of the phase estimation; 1 to 1000
};

struct SessionOptions {
    uint32_t n_threads = 0; // 0 for the number of physical cores available to this process
    /// Type of keys and values while candidates are drawn: "auto" (F32 for an F32 model, else F16), "f32", "f16", or "q8_0", which takes
    /// half the memory of F16. "q8_0" needs the CPU and a head size that is a multiple of 32; steps whose attention weights are recorded
    /// use F16. Throws unsupported.
    std::string kv_type = "auto";
};

} // namespace clvp
