#include "model/hparams.h"

#include "audio/mel.h"
#include "model/activation.h"
#include "model/keys.h"
#include "model/speech_params.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

/// Checks a value that is shown wherever the model is described.
void check_word(const std::string & word) {
    const bool fits = !word.empty() && word.size() <= 32;
    if (!fits || word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
        fail(Code::model_format, "'%s' is not a word of 1 to 32 lower-case letters, digits and underscores", printable(word).c_str());
    }
}

EncoderParams read_encoder(const Values & values, const char * tower) {
    const KeyReader keys(values, std::string("clvp.") + tower + ".");
    EncoderParams p;
    p.n_vocab = keys.size("vocab_size", 1, max_vocab);
    p.n_embd = keys.size("embedding_length", 1, max_width);
    p.n_ff = keys.size("feed_forward_length", 1, max_width);
    p.n_proj = keys.size("projection_length", 1, max_width);
    p.n_layer = keys.size("block_count", 0, max_layers);
    p.n_head = keys.heads("head_count", p.n_embd);
    p.attn_bias = keys.get<bool>("attention_bias");
    p.eps = keys.eps("norm_epsilon");
    p.act = keys.checked<std::string>("activation", find_activation);
    p.summary = keys.checked<std::string>("summary", summary_from_name);
    if (keys.get<bool>("rotary")) {
        const uint32_t n_freq = std::max(p.n_proj / (2 * p.n_head), 32u);
        p.n_rot = rotary_width(p.n_proj, p.n_head);
        // The reference divides its exponents by n_freq, GGML by n_rot: they differ when n_freq is odd.
        p.rope_base = std::pow(10000.0f, static_cast<float>(p.n_rot) / static_cast<float>(n_freq));
        if (p.n_rot > p.n_embd / p.n_head) {
            fail(Code::model_format, "the key clvp.%s.head_count is %u: heads of width %u are narrower than the rotary width %u", tower, p.n_head,
                 p.n_embd / p.n_head, p.n_rot);
        }
    }
    return p;
}

DecoderParams read_decoder(const Values & values, uint32_t n_speech_vocab) {
    const KeyReader keys(values, "clvp.decoder.");
    DecoderParams p;
    p.n_vocab = keys.size("vocab_size", 2, max_vocab);
    p.n_positions = keys.size("position_count", 3, max_vocab);
    p.n_embd = keys.size("embedding_length", 1, max_width);
    p.n_ff = keys.size("feed_forward_length", 1, 4 * max_width);
    p.n_layer = keys.size("block_count", 0, max_layers);
    p.n_head = keys.heads("head_count", p.n_embd);
    p.n_text_positions = keys.size("text_position_count", 4, max_vocab);
    p.n_cond_layer = keys.size("conditioning_block_count", 0, max_layers);
    keys.checked<uint32_t>("embedding_length", group_count);
    p.attn_bias = keys.get<bool>("attention_bias");
    p.eps = keys.eps("layer_norm_epsilon");
    p.act = keys.checked<std::string>("activation", find_activation);
    p.bos = keys.token("bos_token_id", p.n_vocab);
    p.eos = keys.token("eos_token_id", p.n_vocab);
    p.fixing_codes = keys.get<std::vector<int32_t>>("fixing_codes");
    if (p.fixing_codes.empty()) {
        fail(Code::model_format, "the key clvp.decoder.fixing_codes is empty: expected the code of silence, then the codes that end a row");
    }
    for (int32_t code : p.fixing_codes) {
        if (code < 0 || static_cast<uint32_t>(code) >= n_speech_vocab) {
            fail(Code::model_format, "the key clvp.decoder.fixing_codes holds %d: expected codes of the speech encoder's vocabulary of %u", code,
                 n_speech_vocab);
        }
    }
    return p;
}

MelParams read_mel(const Values & values) {
    const KeyReader keys(values, "clvp.mel.");
    MelParams p;
    p.sample_rate = keys.size("sample_rate", 1000, 384000);
    p.n_fft = keys.size("fft_length", 2, 1u << 16);
    p.hop = keys.size("hop_length", 1, 1u << 16);
    p.n_mels = keys.size("channel_count", 1, 1024);
    p.seconds = keys.size("seconds", 1, 600);
    if (keys.has("norms")) {
        p.norms = keys.checked<std::vector<float>>("norms", [&](const std::vector<float> & norms) { check_norms(norms, p.n_mels); });
    }
    keys.checked<uint32_t>("seconds", [&](uint32_t) { validate(p); }); // the other sizes are in range, so this one is too large in combination
    return p;
}

/// Absent from a file without the discrete VAE. Two halvings make a code of frames_per_code frames.
DvaeParams read_dvae(const Values & values) {
    const KeyReader keys(values, "clvp.dvae.");
    DvaeParams p;
    if (!keys.has("channels")) {
        return p;
    }
    p.channels = keys.sizes("channels", 2, 2, max_width);
    p.n_block = keys.size("block_count", 0, max_layers);
    p.n_embd = keys.size("embedding_length", 1, max_width);
    p.n_codes = keys.size("code_count", 1, max_vocab);
    return p;
}

Positions positions_from_name(const std::string & name) {
    for (const auto & [known, positions] :
         { std::pair("trained", Positions::trained), std::pair("cached", Positions::cached), std::pair("transformers", Positions::transformers) }) {
        if (name == known) {
            return positions;
        }
    }
    fail(Code::unsupported, "the positions '%s' are not supported: expected trained, cached or transformers", printable(name).c_str());
}

} // namespace

Summary summary_from_name(const std::string & name) {
    if (name == "mean") {
        return Summary::mean;
    }
    if (name == "first") {
        return Summary::first;
    }
    if (name == "last" || name == "cls_index") { // the encoders pass no index, and then cls_index selects the last token
        return Summary::last;
    }
    fail(Code::unsupported, "the summary type '%s' is not supported: expected mean, last, first or cls_index", printable(name).c_str());
}

uint32_t group_count(uint32_t n_channels) {
    uint32_t groups = n_channels <= 16 ? 8 : n_channels <= 64 ? 16 : 32;
    while (groups > 0 && n_channels % groups != 0) {
        groups /= 2;
    }
    if (groups <= 2) {
        fail(Code::unsupported, "a width of %u gives a group norm of %u groups: expected more than 2", n_channels, groups);
    }
    return groups;
}

uint32_t rotary_width(uint32_t n_proj, uint32_t n_head) {
    const uint32_t n_freq = std::max(n_proj / (2 * n_head), 32u);
    return n_freq + n_freq % 2;
}

Params read_params(const Values & values) {
    const KeyReader general(values, "general.");
    const KeyReader clvp(values, "clvp.");
    if (general.get<std::string>("architecture") != "clvp") {
        fail(Code::model_format, "general.architecture is '%s': expected 'clvp'", printable(general.get<std::string>("architecture")).c_str());
    }
    if (clvp.get<uint32_t>("format_version") != 1) {
        fail(Code::model_format, "the key clvp.format_version is %u: this build reads version 1. Convert the model again",
             clvp.get<uint32_t>("format_version"));
    }
    Params p;
    p.name = general.has("name") ? general.get<std::string>("name") : "clvp";
    p.type = clvp.checked<std::string>("type", check_word);
    p.text = read_encoder(values, "text");
    p.speech = read_encoder(values, "speech");
    p.decoder = read_decoder(values, p.speech.n_vocab);
    p.mel = read_mel(values);
    p.dvae = read_dvae(values);
    p.hifigan = read_hifigan(values, p.decoder);
    p.diffusion = read_diffusion(values, p.decoder);
    p.vocoder = read_vocoder(values, p.diffusion);
    p.random = read_random(values, p);
    if (p.dvae.n_codes > p.speech.n_vocab) {
        fail(Code::model_format, "the key clvp.dvae.code_count is %u: expected at most the speech encoder's vocabulary of %u", p.dvae.n_codes,
             p.speech.n_vocab);
    }
    if (clvp.has("positions")) { // files of earlier versions lack it
        p.positions = positions_from_name(clvp.checked<std::string>("positions", positions_from_name));
    }
    const KeyReader text(values, "clvp.text.");
    p.text_bos = text.token("bos_token_id", p.text.n_vocab);
    p.text_eos = text.token("eos_token_id", p.text.n_vocab);
    if (p.text.n_proj != p.speech.n_proj) {
        fail(Code::model_format, "the key clvp.text.projection_length is %u and clvp.speech.projection_length is %u: expected the same", p.text.n_proj,
             p.speech.n_proj);
    }
    return p;
}

} // namespace clvp
