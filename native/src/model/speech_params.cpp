#include "model/speech_params.h"

#include "model/hparams.h"
#include "model/keys.h"

namespace clvp {

namespace {

constexpr size_t max_stages = 16;       // upsamplings, kernels or dilations
constexpr uint32_t max_rate = 1u << 14; // of an upsampling
constexpr uint32_t max_dilation = 4096;
constexpr uint32_t max_kernel = 255;
constexpr uint32_t max_hop = 1u << 14; // samples for a frame

/// What two stages exchange must have the same width.
void check_width(const char * key, uint32_t value, const char * what, uint32_t expected) {
    if (value != expected) {
        fail(Code::model_format, "the key %s is %u: expected %u, %s", key, value, expected, what);
    }
}

void check_hop(const char * key, const std::vector<int32_t> & rates) {
    uint64_t hop = 1;
    for (int32_t rate : rates) {
        hop *= static_cast<uint64_t>(rate);
        if (hop > max_hop) {
            fail(Code::model_format, "the key %s makes more than %u samples of a frame", key, max_hop);
        }
    }
}

} // namespace

HifiganParams read_hifigan(const Values & values, const DecoderParams & decoder) {
    const KeyReader keys(values, "clvp.hifigan.");
    HifiganParams p;
    if (!keys.has("channel_count")) {
        return p;
    }
    p.n_channels = keys.size("channel_count", 2, max_width);
    p.n_latent = keys.size("latent_length", 1, max_width);
    p.n_voice = keys.size("conditioning_length", 1, max_width);
    check_width("clvp.hifigan.latent_length", p.n_latent, "the decoder's width", decoder.n_embd);
    check_width("clvp.hifigan.conditioning_length", p.n_voice, "the decoder's width", decoder.n_embd);
    p.rates = keys.sizes("upsample_rates", 1, max_stages, max_rate);
    for (int32_t rate : p.rates) {
        if (rate % 2 != 0) {
            fail(Code::model_format, "the key clvp.hifigan.upsample_rates holds %d: expected even numbers", rate);
        }
    }
    p.kernel_sizes = keys.sizes("resblock_kernel_sizes", 1, max_stages, max_kernel);
    p.dilations = keys.sizes("resblock_dilations", 1, max_stages, max_dilation);
    check_hop("clvp.hifigan.upsample_rates", p.rates);
    for (int32_t size : p.kernel_sizes) {
        if (size % 2 == 0) {
            fail(Code::model_format, "the key clvp.hifigan.resblock_kernel_sizes holds %d: expected odd numbers", size);
        }
    }
    if (p.n_channels % (1u << p.rates.size()) != 0) {
        fail(Code::model_format, "the key clvp.hifigan.channel_count is %u: expected a number that can be halved %zu times", p.n_channels, p.rates.size());
    }
    return p;
}

DiffusionParams read_diffusion(const Values & values, const DecoderParams & decoder) {
    const KeyReader keys(values, "clvp.diffusion.");
    DiffusionParams p;
    if (!keys.has("embedding_length")) {
        return p;
    }
    p.n_embd = keys.size("embedding_length", 2, max_width / 2);
    p.n_head = keys.heads("head_count", p.n_embd);
    p.n_mels = keys.size("mel_channel_count", 1, 1024);
    p.n_latent = keys.size("latent_length", 1, max_width);
    check_width("clvp.diffusion.latent_length", p.n_latent, "the decoder's width", decoder.n_embd);
    p.n_codes = keys.size("code_count", 1, max_vocab);
    p.n_context_block = keys.size("context_block_count", 0, max_layers);
    p.n_latent_block = keys.size("latent_block_count", 0, max_layers);
    p.n_code_block = keys.size("code_block_count", 0, max_layers);
    p.n_integrator = keys.size("integrator_block_count", 0, max_layers);
    p.n_block = keys.size("block_count", 0, max_layers);
    p.n_tail = keys.size("tail_block_count", 0, max_layers);
    keys.checked<uint32_t>("embedding_length", group_count);
    keys.checked<uint32_t>("embedding_length", [](uint32_t n) { group_count(2 * n); }); // the encoder of voices is twice as wide
    return p;
}

VocoderParams read_vocoder(const Values & values, const DiffusionParams & diffusion) {
    const KeyReader keys(values, "clvp.vocoder.");
    VocoderParams p;
    if (!keys.has("channel_count")) {
        return p;
    }
    p.n_channels = keys.size("channel_count", 1, 4096);
    p.n_noise = keys.size("noise_channel_count", 1, 4096);
    p.n_mels = keys.size("mel_channel_count", 1, 1024);
    p.n_hidden = keys.size("hidden_channel_count", 1, 4096);
    p.n_predictor_block = keys.size("predictor_block_count", 0, max_layers);
    p.strides = keys.sizes("strides", 1, max_stages, max_rate);
    p.dilations = keys.sizes("dilations", 1, max_stages, max_dilation);
    p.slope = keys.eps("leaky_relu_slope");
    check_hop("clvp.vocoder.strides", p.strides);
    if (diffusion.n_embd > 0) {
        check_width("clvp.vocoder.mel_channel_count", p.n_mels, "the diffusion model's", diffusion.n_mels);
    }
    return p;
}

RandomParams read_random(const Values & values, const Params & params) {
    const KeyReader keys(values, "clvp.random.");
    RandomParams p;
    if (!keys.has("layer_count")) {
        return p;
    }
    p.n_layer = keys.size("layer_count", 1, 64);
    p.n_decoder = keys.size("decoder_length", 0, max_width);
    p.n_diffusion = keys.size("diffusion_length", 0, max_width);
    if (p.n_decoder > 0) {
        check_width("clvp.random.decoder_length", p.n_decoder, "the decoder's width", params.decoder.n_embd);
    }
    if (p.n_diffusion > 0 && params.diffusion.n_embd > 0) {
        check_width("clvp.random.diffusion_length", p.n_diffusion, "twice the diffusion model's width", 2 * params.diffusion.n_embd);
    }
    return p;
}

} // namespace clvp
