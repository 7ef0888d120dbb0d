// describe_weights(): the tensors of each tower, by name and shape.
#include "model/weights.h"

#include "model/weight_table.h"

namespace clvp {

namespace {

ConditioningWeights conditioning_weights(WeightTable & table, const Params & p) {
    const DecoderParams & d = p.decoder;
    ConditioningWeights w;
    w.text_embd = table.matrix("cond.text_embd.weight", d.n_embd, p.text.n_vocab);
    w.text_pos = table.exact("cond.text_pos.weight", { d.n_embd, d.n_text_positions });
    w.mel_conv = { table.exact("cond.mel_conv.weight", { p.mel.n_mels, d.n_embd }), table.exact("cond.mel_conv.bias", { d.n_embd }) };
    for (uint32_t i = 0; i < d.n_cond_layer; i++) {
        const std::string name = "cond.blk." + std::to_string(i) + ".";
        w.blocks.push_back({
            table.norm(name + "norm", d.n_embd),
            table.linear(name + "attn_qkv", d.n_embd, 3 * d.n_embd, d.attn_bias),
            table.linear(name + "attn_out", d.n_embd, d.n_embd),
        });
    }
    return w;
}

/// n_up is the output width of `up`. The encoders' norms have no bias.
std::vector<Block> blocks(WeightTable & table, const std::string & tower, int64_t n_layer, int64_t n_embd, int64_t n_up, int64_t n_ff, bool attn_bias,
                          bool norm_bias, float eps) {
    std::vector<Block> list;
    for (int64_t i = 0; i < n_layer; i++) {
        const std::string name = tower + ".blk." + std::to_string(i) + ".";
        list.push_back({
            table.norm(name + "attn_norm", n_embd, norm_bias, eps),
            table.linear(name + "attn_qkv", n_embd, 3 * n_embd, attn_bias),
            table.linear(name + "attn_out", n_embd, n_embd),
            table.norm(name + "ffn_norm", n_embd, norm_bias, eps),
            table.linear(name + "ffn_up", n_embd, n_up),
            table.linear(name + "ffn_down", n_ff, n_embd),
        });
    }
    return list;
}

DecoderWeights decoder_weights(WeightTable & table, const DecoderParams & p) {
    DecoderWeights w;
    w.token_embd = table.matrix("dec.token_embd.weight", p.n_embd, p.n_vocab);
    w.pos_embd = table.exact("dec.pos_embd.weight", { p.n_embd, p.n_positions });
    w.blocks = blocks(table, "dec", p.n_layer, p.n_embd, p.n_ff, p.n_ff, p.attn_bias, true, p.eps);
    w.norm = table.norm("dec.norm", p.n_embd, true, p.eps);
    w.final_norm = table.norm("dec.final_norm", p.n_embd);
    w.lm_head = table.linear("dec.lm_head", p.n_embd, p.n_vocab);
    return w;
}

EncoderWeights encoder_weights(WeightTable & table, const std::string & tower, const EncoderParams & p) {
    EncoderWeights w;
    w.token_embd = table.matrix(tower + ".token_embd.weight", p.n_embd, p.n_vocab);
    w.blocks = blocks(table, tower, p.n_layer, p.n_embd, 2 * static_cast<int64_t>(p.n_ff), p.n_ff, p.attn_bias, false, p.eps);
    w.norm = table.norm(tower + ".norm", p.n_embd, true, p.eps);
    w.proj = table.matrix(tower + ".proj.weight", p.n_embd, p.n_proj);
    return w;
}

DvaeWeights dvae_weights(WeightTable & table, const DvaeParams & p, uint32_t n_mels) {
    DvaeWeights w;
    int64_t n = n_mels;
    for (size_t i = 0; i < p.channels.size(); i++) {
        w.halvings.push_back(table.linear("dvae.halve." + std::to_string(i), 3 * n, p.channels[i]));
        n = p.channels[i];
    }
    for (uint32_t i = 0; i < p.n_block; i++) {
        const std::string name = "dvae.blk." + std::to_string(i) + ".";
        w.blocks.push_back({ table.linear(name + "first", 3 * n, n), table.linear(name + "second", 3 * n, n), table.linear(name + "third", n, n) });
    }
    w.out = table.linear("dvae.out", n, p.n_embd);
    w.codebook = table.exact("dvae.codebook.weight", { p.n_embd, p.n_codes });
    return w;
}

} // namespace

Weights describe_weights(const GgufHeader & header, const Params & params, const Parts & parts) {
    Weights weights;
    weights.ctx = tensor_context(header.tensors.size());
    const Context absent = tensor_context(header.tensors.size()); // for tensors that are only checked, not loaded
    WeightTable table(header);
    table.into(parts.decoder ? weights.ctx.get() : absent.get());
    const ConditioningWeights cond = conditioning_weights(table, params);
    const DecoderWeights dec = decoder_weights(table, params.decoder);
    table.into(parts.ranker ? weights.ctx.get() : absent.get());
    const EncoderWeights text = encoder_weights(table, "text", params.text), speech = encoder_weights(table, "speech", params.speech);
    // A stage's tensors are checked even if the stage is not loaded.
    const auto stage = [&](bool present, bool wanted, auto & kept, auto describe) {
        if (present) {
            table.into(wanted ? weights.ctx.get() : absent.get());
            auto described = describe();
            if (wanted) {
                kept = std::move(described);
            }
        }
    };
    stage(!params.dvae.channels.empty(), parts.encoder, weights.dvae, [&] { return dvae_weights(table, params.dvae, params.mel.n_mels); });
    stage(params.hifigan.n_channels > 0, parts.hifigan, weights.hifigan, [&] { return hifigan_weights(table, params.hifigan); });
    stage(params.diffusion.n_embd > 0, parts.diffusion, weights.diffusion, [&] { return diffusion_weights(table, params.diffusion); });
    stage(params.vocoder.n_channels > 0, parts.vocoder, weights.vocoder, [&] { return vocoder_weights(table, params.vocoder); });
    stage(params.random.n_layer > 0, parts.random, weights.random, [&] { return random_weights(table, params.random); });
    if (parts.decoder) {
        weights.cond = cond;
        weights.dec = dec;
    }
    if (parts.ranker) {
        weights.text = text;
        weights.speech = speech;
    }
    table.into(weights.ctx.get());
    weights.logit_scale = table.exact("logit_scale", { 1 });
    weights.codebook = table.codebook(params);
    table.check_all_used();
    return weights;
}

uint64_t weight_bytes(const Weights & weights) {
    uint64_t n = 0;
    for (ggml_tensor * each = ggml_get_first_tensor(weights.ctx.get()); each; each = ggml_get_next_tensor(weights.ctx.get(), each)) {
        n += ggml_nbytes(each);
    }
    return n;
}

} // namespace clvp
