/* clvp/speech.h: options of the stages that turn codes into sound. */
#pragma once

#include "clvp/types.h"

#include <cstdint>
#include <string>
#include <vector>

namespace clvp {

/// How Session::diffuse() removes the noise. Defaults are tortoise's preset "fast".
struct DiffusionSampling {
    uint32_t n_steps = 80; // passes of the model, 1 to 4,000
    /// "p": the reference's own sampler, which adds noise in every step. "ddim": the same steps without new noise (Song, Meng and Ermon 2020).
    /// "dpm++2m": a solver of second order, steps even in log(signal / noise) (Lu and others 2022).
    std::string sampler = "p";
    float guidance = 2.0f;    // how far to go from the result without a condition (cond_free_k), 0 to 100; 0 saves half of the passes
    float guidance_from = 0;  // the share of the steps, from the first, that have no guidance, 0 to 1: each takes half of the time
    bool ramp = true;         // guidance grows from 0 in the first step to all of it in the last
    float temperature = 1.0f; // of the noise to start with, 0 to 2
    uint64_t seed = 0;        // of all noise
    /// Noise to use in place of the seed's: [n_mels, n_frames], before the temperature; and for each step, in the order of use. Empty: the seed's.
    std::vector<float> noise, step_noise;
    Progress progress;
    AbortFlag abort;
};

/// A pass of the diffusion model, for comparisons with other programs.
struct DiffusionPass {
    Mel x;                      // [n_mels, n_frames]
    float time = 0;             // 0 to 3,999
    std::vector<float> latents; // [n, n_latent], or empty
    std::vector<int32_t> codes; // in place of latents
    std::vector<float> voice;   // [2 * n_embd]
    bool is_free = false;       // without a condition: needs neither latents, codes nor a voice
};

/// Which parts of HiFi-GAN's sound to compute: it is made in parts of 64 frames, which do not depend on how many are asked for together.
struct SoundParts {
    uint32_t first = 0, last = 0; // last is excluded
    bool is_end = true;           // false: more latents will follow those given
    Progress progress;
    AbortFlag abort;
};

struct VocoderOptions {
    uint64_t seed = 0;
    std::vector<float> noise; // [n_noise, n_frames + 10] to use in place of the seed's
    Progress progress;
    AbortFlag abort;
};

enum class RandomVoice { decoder, diffusion };

constexpr uint32_t speech_rate = 24000; // samples a second of the speech stages

} // namespace clvp
