/* clvp/speech_params.h: sizes of the stages that turn codes into sound. A file may lack any of them: their sizes are 0 then. */
#pragma once

#include <cstdint>
#include <vector>

namespace clvp {

/// HiFi-GAN (HifiganGenerator of hifidecoder.pth): latents and a voice to sound.
struct HifiganParams {
    uint32_t n_latent = 0, n_voice = 0;           // widths of a latent and of the voice
    uint32_t n_channels = 0;                      // after the first convolution; half as many after each upsampling
    std::vector<int32_t> rates;                   // of the upsamplings
    std::vector<int32_t> kernel_sizes, dilations; // of the residual blocks
    /// Samples for each frame.
    uint32_t hop() const {
        uint32_t n = 1;
        for (int32_t rate : rates) {
            n *= static_cast<uint32_t>(rate);
        }
        return n;
    }
    /// Frames for each latent, before they are stretched from 22.05 to 24 kHz. tortoise's 4, unless they would last longer than a code's 1,024
    /// samples: a generator that makes 512 or 1,024 samples of a frame has 2 frames or 1.
    uint32_t frames_per_latent() const {
        const uint32_t n = hop();
        return n == 512 ? 2 : n == 1024 ? 1 : 4;
    }
};

/// The diffusion model (DiffusionTts of diffusion_decoder.pth): latents or codes and a voice to a mel spectrogram.
struct DiffusionParams {
    uint32_t n_embd = 0, n_head = 0, n_mels = 0;
    uint32_t n_latent = 0, n_codes = 0;            // the inputs
    uint32_t n_context_block = 0;                  // attention blocks of the encoder of voices
    uint32_t n_latent_block = 0, n_code_block = 0; // attention blocks over latents, over codes
    uint32_t n_integrator = 0, n_block = 0;        // layers of a residual block and an attention block: of the input, of the whole
    uint32_t n_tail = 0;                           // residual blocks at the end
};

/// UnivNet (UnivNetGenerator of vocoder.pth): a mel spectrogram and noise to sound.
struct VocoderParams {
    uint32_t n_noise = 0, n_channels = 0, n_mels = 0, n_hidden = 0;
    uint32_t n_predictor_block = 0;          // residual blocks of each kernel predictor
    std::vector<int32_t> strides, dilations; // of the upsamplings, of the convolutions after each
    float slope = 0.2f;                      // of the leaky ReLU
    /// Samples for each frame.
    uint32_t hop() const {
        uint32_t n = 1;
        for (int32_t stride : strides) {
            n *= static_cast<uint32_t>(stride);
        }
        return n;
    }
};

/// Random voices (RandomLatentConverter of rlg_auto.pth and rlg_diffuser.pth). A width is 0 where its file was absent.
struct RandomParams {
    uint32_t n_layer = 0;
    uint32_t n_decoder = 0, n_diffusion = 0;
};

} // namespace clvp
