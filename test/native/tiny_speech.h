// The tiny model with all stages of speech.
#pragma once

#include "tiny_model.h"

namespace tiny {

constexpr uint32_t n_diffusion = 32, n_mels = 20, n_noise = 4, n_hop = 16;

inline clvp::Values speech_values() {
    clvp::Values v = values();
    const auto set = [&](const std::string & stage, std::initializer_list<std::pair<const char *, uint32_t>> sizes) {
        for (const auto & [name, size] : sizes) {
            v["clvp." + stage + "." + name] = size;
        }
    };
    set("hifigan", { { "latent_length", n_embd }, { "channel_count", 16 }, { "conditioning_length", n_embd } });
    v["clvp.hifigan.upsample_rates"] = std::vector<int32_t>{ 8, 2 };
    v["clvp.hifigan.resblock_kernel_sizes"] = std::vector<int32_t>{ 3, 5 };
    v["clvp.hifigan.resblock_dilations"] = std::vector<int32_t>{ 1, 3 };
    set("diffusion", { { "embedding_length", n_diffusion },
                       { "head_count", 2 },
                       { "mel_channel_count", n_mels },
                       { "latent_length", n_embd },
                       { "code_count", n_speech },
                       { "context_block_count", 1 },
                       { "latent_block_count", 1 },
                       { "code_block_count", 1 },
                       { "integrator_block_count", 1 },
                       { "block_count", 2 },
                       { "tail_block_count", 1 } });
    set("vocoder", { { "noise_channel_count", n_noise },
                     { "channel_count", 4 },
                     { "mel_channel_count", n_mels },
                     { "hidden_channel_count", 8 },
                     { "predictor_block_count", 1 } });
    v["clvp.vocoder.strides"] = std::vector<int32_t>{ 4, 4 };
    v["clvp.vocoder.dilations"] = std::vector<int32_t>{ 1, 3 };
    v["clvp.vocoder.leaky_relu_slope"] = 0.2f;
    set("random", { { "layer_count", 3 }, { "decoder_length", n_embd }, { "diffusion_length", 2 * n_diffusion } });
    return v;
}

inline std::vector<clvp::NewTensor> speech_tensors(const std::string & type) {
    std::vector<clvp::NewTensor> list;
    const auto add = [&](const std::string & name, std::vector<uint64_t> dims, const std::string & t) { list.push_back({ name, t, std::move(dims) }); };
    const auto layer = [&](const std::string & name, uint64_t n_in, uint64_t n_out, uint64_t n_bias = 0) {
        add(name + ".weight", { n_in, n_out }, type);
        add(name + ".bias", { n_bias ? n_bias : n_out }, "f32");
    };
    const auto norm = [&](const std::string & name, uint64_t n) {
        add(name + ".weight", { n }, "f32");
        add(name + ".bias", { n }, "f32");
    };
    const auto attention = [&](const std::string & name, uint64_t n) {
        norm(name + ".norm", n);
        layer(name + ".attn_qkv", n, 3 * n);
        layer(name + ".attn_out", n, n);
        add(name + ".attn_bias.weight", { 2, 32 }, "f32");
    };
    const auto residual = [&](const std::string & name) {
        const uint64_t n = n_diffusion;
        norm(name + ".norm1", n);
        layer(name + ".in", n, n);
        layer(name + ".emb", n, 2 * n);
        norm(name + ".norm2", n);
        layer(name + ".out", 3 * n, n);
    };
    layer("hifigan.pre", 7 * n_embd, 16);
    layer("hifigan.cond", n_embd, 16);
    uint64_t channels = 16;
    for (uint64_t stage = 0; stage < 2; stage++) {
        channels /= 2;
        layer("hifigan.up." + std::to_string(stage), 2 * channels, 2 * (stage == 0 ? 8 : 2) * channels, channels);
        for (uint64_t kernel = 0; kernel < 2; kernel++) {
            for (const char * which : { "first", "second" }) {
                for (uint64_t d = 0; d < 2; d++) {
                    layer("hifigan.res." + std::to_string(stage) + "." + std::to_string(kernel) + "." + which + "." + std::to_string(d),
                          (3 + 2 * kernel) * channels, channels);
                }
            }
        }
    }
    layer("hifigan.post", 7 * channels, 1);
    const uint64_t n = n_diffusion;
    layer("diff.time.first", n, n);
    layer("diff.time.second", n, n);
    layer("diff.in", 3 * n_mels, n);
    layer("diff.mix", 2 * n, n);
    layer("diff.latent.in", 3 * n_embd, n);
    attention("diff.latent.blk.0", n);
    add("diff.code.embd.weight", { n, n_speech }, "f32");
    attention("diff.code.blk.0", n);
    norm("diff.code_norm", n);
    add("diff.uncond.weight", { n }, "f32");
    layer("diff.context.in.0", 3 * n_mels, n);
    layer("diff.context.in.1", 3 * n, 2 * n);
    attention("diff.context.blk.0", 2 * n);
    for (const char * name : { "diff.integrate.0", "diff.blk.0", "diff.blk.1" }) {
        residual(std::string(name) + ".res");
        attention(std::string(name) + ".attn", n);
    }
    residual("diff.tail.0.res");
    norm("diff.out_norm", n);
    layer("diff.out", 3 * n, 2 * n_mels);
    layer("vocoder.pre", 7 * n_noise, 4);
    for (const std::string block : { "vocoder.blk.0", "vocoder.blk.1" }) {
        layer(block + ".up", 4, 2 * 4 * 4, 4);
        layer(block + ".predict.in", 5 * n_mels, 8);
        layer(block + ".predict.res.0.first", 24, 8);
        layer(block + ".predict.res.0.second", 24, 8);
        layer(block + ".predict.kernel", 24, 2 * 8 * 3 * 4);
        layer(block + ".predict.bias", 24, 2 * 8);
        layer(block + ".conv.0", 12, 4);
        layer(block + ".conv.1", 12, 4);
    }
    layer("vocoder.post", 28, 1);
    for (uint64_t i = 0; i < 3; i++) {
        layer("random.decoder." + std::to_string(i), n_embd, n_embd);
        layer("random.diffusion." + std::to_string(i), 2 * n, 2 * n);
    }
    return list;
}

/// Writes the model and returns its path. All weights are F32.
inline std::string write_speech() {
    const std::string path = "tiny-speech.gguf";
    auto list = tensors("f32");
    const auto more = speech_tensors("f32");
    list.insert(list.end(), more.begin(), more.end());
    write_file(path, speech_values(), list);
    return path;
}

/// n latents in a row, [n, n_embd], the first ones the same for any n.
inline std::vector<float> latents(uint64_t n) {
    std::vector<float> data(n * n_embd);
    for (uint64_t i = 0; i < data.size(); i++) {
        data[i] = static_cast<float>(2 * clvp::uniform(77, i) - 1);
    }
    return data;
}

/// A voice for the diffusion stage.
inline std::vector<float> speaker() {
    std::vector<float> data(2 * n_diffusion);
    for (uint64_t i = 0; i < data.size(); i++) {
        data[i] = static_cast<float>(clvp::uniform(78, i) - 0.5);
    }
    return data;
}

} // namespace tiny
