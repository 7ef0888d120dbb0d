// A small random model written by the core's own Writer, for tests that need no checkpoint.
#pragma once

#include "base/random.h"
#include "clvp.h"

#include <cmath>
#include <cstdio>
#include <string>

namespace tiny {

constexpr uint32_t n_embd = 64, n_layer = 2, n_head = 2, n_ff = 96, n_vocab = 130, n_speech = 128, n_text = 40, n_proj = 32;
constexpr int32_t bos = 128, eos = 129;

/// Each tower has n_blocks blocks; the conditioning encoder has half as many.
inline clvp::Values values(uint32_t n_blocks = n_layer) {
    clvp::Values v;
    v["general.architecture"] = std::string("clvp");
    v["general.name"] = std::string("tiny");
    v["clvp.format_version"] = 1u;
    v["clvp.type"] = std::string("f32");
    for (const char * tower : { "text", "speech" }) {
        const std::string p = std::string("clvp.") + tower + ".";
        v[p + "vocab_size"] = std::string(tower) == "text" ? n_text : n_speech;
        v[p + "embedding_length"] = n_embd;
        v[p + "feed_forward_length"] = n_ff;
        v[p + "projection_length"] = n_proj;
        v[p + "block_count"] = n_blocks;
        v[p + "head_count"] = n_head;
        v[p + "attention_bias"] = false;
        v[p + "rotary"] = true;
        v[p + "norm_epsilon"] = 1e-5f;
        v[p + "activation"] = std::string("gelu");
        v[p + "summary"] = std::string("mean");
    }
    v["clvp.text.bos_token_id"] = static_cast<int32_t>(n_text - 1);
    v["clvp.text.eos_token_id"] = 0;
    v["clvp.decoder.vocab_size"] = n_vocab;
    v["clvp.decoder.position_count"] = 80u;
    v["clvp.decoder.text_position_count"] = 30u;
    v["clvp.decoder.embedding_length"] = n_embd;
    v["clvp.decoder.feed_forward_length"] = n_ff;
    v["clvp.decoder.block_count"] = n_blocks;
    v["clvp.decoder.conditioning_block_count"] = n_blocks / 2;
    v["clvp.decoder.head_count"] = n_head;
    v["clvp.decoder.attention_bias"] = true;
    v["clvp.decoder.layer_norm_epsilon"] = 1e-5f;
    v["clvp.decoder.activation"] = std::string("gelu_new");
    v["clvp.decoder.bos_token_id"] = bos;
    v["clvp.decoder.eos_token_id"] = eos;
    v["clvp.decoder.fixing_codes"] = std::vector<int32_t>{ 83, 45, 45, 24 };
    v["clvp.mel.sample_rate"] = 22050u;
    v["clvp.mel.fft_length"] = 1024u;
    v["clvp.mel.hop_length"] = 256u;
    v["clvp.mel.channel_count"] = 80u;
    v["clvp.mel.seconds"] = 1u;
    return v;
}

inline std::vector<clvp::NewTensor> tensors(const std::string & type, uint32_t n_blocks = n_layer) {
    std::vector<clvp::NewTensor> list;
    auto add = [&](const std::string & name, std::vector<uint64_t> dims, const std::string & t) { list.push_back({ name, t, std::move(dims) }); };
    auto vector = [&](const std::string & name, uint64_t n) { add(name, { n }, "f32"); };
    auto matrix = [&](const std::string & name, uint64_t n_in, uint64_t n_out) { add(name, { n_in, n_out }, type); };
    auto linear = [&](const std::string & name, uint64_t n_in, uint64_t n_out, bool bias = true) {
        matrix(name + ".weight", n_in, n_out);
        if (bias) {
            vector(name + ".bias", n_out);
        }
    };
    auto norm = [&](const std::string & name, bool bias = true) {
        vector(name + ".weight", n_embd);
        if (bias) {
            vector(name + ".bias", n_embd);
        }
    };
    auto block = [&](const std::string & name, uint64_t n_up, bool decoder) {
        norm(name + "attn_norm", decoder);
        linear(name + "attn_qkv", n_embd, 3 * n_embd, decoder);
        linear(name + "attn_out", n_embd, n_embd);
        norm(name + "ffn_norm", decoder);
        linear(name + "ffn_up", n_embd, n_up);
        linear(name + "ffn_down", n_ff, n_embd);
    };
    add("cond.text_embd.weight", { n_embd, n_text }, "f32");
    add("cond.text_pos.weight", { n_embd, 30 }, "f32");
    add("cond.mel_conv.weight", { 80, n_embd }, "f32");
    vector("cond.mel_conv.bias", n_embd);
    for (uint32_t i = 0; i < n_blocks / 2; i++) {
        const std::string name = "cond.blk." + std::to_string(i) + ".";
        norm(name + "norm");
        linear(name + "attn_qkv", n_embd, 3 * n_embd);
        linear(name + "attn_out", n_embd, n_embd);
    }
    add("dec.token_embd.weight", { n_embd, n_vocab }, "f32");
    add("dec.pos_embd.weight", { n_embd, 80 }, "f32");
    for (uint32_t i = 0; i < n_blocks; i++) {
        const std::string name = "blk." + std::to_string(i) + ".";
        block("dec." + name, n_ff, true);
        block("text." + name, 2 * n_ff, false);
        block("speech." + name, 2 * n_ff, false);
    }
    norm("dec.norm");
    norm("dec.final_norm");
    linear("dec.lm_head", n_embd, n_vocab);
    for (const std::string tower : { "text", "speech" }) {
        add(tower + ".token_embd.weight", { n_embd, tower == "text" ? n_text : n_speech }, "f32");
        norm(tower + ".norm");
        matrix(tower + ".proj.weight", n_embd, n_proj);
    }
    add("logit_scale", { 1 }, "f32");
    return list;
}

/// Writes a model of random weights.
inline void write_file(const std::string & path, const clvp::Values & v, const std::vector<clvp::NewTensor> & list) {
    std::remove(path.c_str());
    clvp::Writer writer(path, v, list);
    for (size_t t = 0; t < list.size(); t++) {
        uint64_t n = 1;
        for (uint64_t dim : list[t].dims) {
            n *= dim;
        }
        const bool is_norm = list[t].name.find("norm.weight") != std::string::npos || list[t].name.find("norm1.weight") != std::string::npos ||
                             list[t].name.find("norm2.weight") != std::string::npos;
        const double scale = list[t].dims.size() == 2 ? 1.7 / std::sqrt(static_cast<double>(list[t].dims[0])) : 0.2;
        std::vector<float> data(n);
        for (uint64_t i = 0; i < n; i++) {
            const double u = 2 * clvp::uniform(t + 1, i) - 1;
            data[i] = static_cast<float>(is_norm ? 1 + 0.2 * u : u * scale);
        }
        writer.append(data.data(), n * sizeof(float), "f32");
    }
    writer.finish();
}

/// Writes the model and returns its path. `more` are tensors to append.
inline std::string write(const std::string & type = "f32", const std::vector<clvp::NewTensor> & more = {}, uint32_t n_blocks = n_layer,
                         const std::string & positions = "") {
    const std::string path = "tiny-" + type + (more.empty() ? "" : "-more") + (n_blocks == n_layer ? "" : "-" + std::to_string(n_blocks)) + positions + ".gguf";
    auto list = tensors(type, n_blocks);
    list.insert(list.end(), more.begin(), more.end());
    auto v = values(n_blocks);
    v["clvp.type"] = type;
    if (!positions.empty()) {
        v["clvp.positions"] = positions;
    }
    write_file(path, v, list);
    return path;
}

inline std::vector<int32_t> text_ids() { return { 5, 9, 17, 3, 22, 8 }; }

inline std::vector<float> voice() {
    std::vector<float> data(n_embd);
    for (uint32_t i = 0; i < n_embd; i++) {
        data[i] = static_cast<float>(2 * clvp::uniform(99, i) - 1);
    }
    return data;
}

inline clvp::TextPrompt prompt() { return { text_ids(), voice() }; }

} // namespace tiny
