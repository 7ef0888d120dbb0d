// HiFi-GAN: latents and a voice to sound, in parts of a fixed length.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"

namespace clvp {

/// Frames of 24 kHz sound for n latents: each latent is four frames at 22.05 kHz, or as many as a HiFi-GAN makes of it.
int64_t sound_frames(int64_t n_latents, int64_t per_latent = frames_per_code);

/// Frames of a part. The whole sound is the parts one after the other, so that a part has the same samples whether more latents are known or not.
int64_t hifigan_part_frames(const HifiganParams & params);

/// How many parts can be computed from the first n latents; all of them if there are no more latents.
int64_t hifigan_parts(const HifiganParams & params, int64_t n_latents, bool is_end);

size_t hifigan_nodes(const HifiganParams & params);

/// Samples of parts first .. last-1, hop() for each frame. latents is [n_latents, n_latent], voice [n_voice].
std::vector<float> hifigan(Call & call, const HifiganWeights & weights, const HifiganParams & params, const std::vector<float> & latents,
                           const std::vector<float> & voice, int64_t first, int64_t last, const Progress & progress);

} // namespace clvp
