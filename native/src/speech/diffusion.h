// The diffusion model: one pass of the network, and the encoder of its voices.
#pragma once

#include "model/weights.h"
#include "runtime/call.h"
#include "speech/relative_attention.h"

namespace clvp {

size_t diffusion_nodes(const DiffusionParams & params);

/// What a spectrogram follows, fitted to its frames: [n_embd, n_frames].
std::vector<float> condition_latents(Call & call, const DiffusionWeights & weights, const DiffusionParams & params, const std::vector<float> & latents,
                                     const std::vector<float> & voice, int64_t n_frames);
/// The same from codes, which the model also was trained with.
std::vector<float> condition_codes(Call & call, const DiffusionWeights & weights, const DiffusionParams & params, const std::vector<int32_t> & codes,
                                   const std::vector<float> & voice, int64_t n_frames);

/// A voice, [2 * n_embd], of mel spectrograms of clips at 24 kHz.
std::vector<float> condition_clips(Call & call, const DiffusionWeights & weights, const DiffusionParams & params, const std::vector<Mel> & mels);

/// Passes of the network over one spectrogram.
class Diffusion {
public:
    /// `condition` [n_embd, n_frames] is empty for passes without one.
    Diffusion(const DiffusionWeights & weights, const DiffusionParams & params, int64_t n_frames, std::vector<float> condition);

    /// x [n_mels, n_frames], frame by frame, at a time step of 0 to 3,999 -> noise and variance, [2 * n_mels, n_frames]. With `free`, the
    /// pass without a condition comes second, [2 * n_mels, n_frames, 2].
    std::vector<float> pass(Call & call, const std::vector<float> & x, float time, bool free) const;

private:
    struct Layer {
        const DiffusionWeights::Residual * residual;
        const DiffusionWeights::Attention * attention = nullptr; // or none
        size_t bias = 0;
    };

    ggml_tensor * layer(Graph & graph, const Layer & layer, ggml_tensor * x, ggml_tensor * time) const;
    ggml_tensor * mix(Graph & graph, const std::vector<float> & x, ggml_tensor * y) const;
    std::vector<float> conditions(bool free) const;

    const DiffusionWeights & w_;
    const DiffusionParams & p_;
    const int64_t n_frames_;
    const std::vector<float> condition_;
    std::vector<DistanceBias> biases_;
    std::vector<Layer> integrator_, blocks_;
};

} // namespace clvp
