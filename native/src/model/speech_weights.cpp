#include "model/speech_weights.h"

namespace clvp {

namespace {

using Attention = DiffusionWeights::Attention;
using Residual = DiffusionWeights::Residual;

constexpr int64_t n_buckets = 32; // of distances

std::string numbered(const std::string & name, size_t i) { return name + "." + std::to_string(i); }

Attention attention(WeightTable & table, const std::string & name, int64_t n, int64_t n_head) {
    return {
        table.norm(name + ".norm", n),
        table.linear(name + ".attn_qkv", n, 3 * n),
        table.linear(name + ".attn_out", n, n),
        table.exact(name + ".attn_bias.weight", { n_head, n_buckets }),
    };
}

std::vector<Attention> attentions(WeightTable & table, const std::string & name, uint32_t n_block, int64_t n, int64_t n_head) {
    std::vector<Attention> list;
    for (uint32_t i = 0; i < n_block; i++) {
        list.push_back(attention(table, numbered(name, i), n, n_head));
    }
    return list;
}

Residual residual(WeightTable & table, const std::string & name, int64_t n) {
    return {
        table.norm(name + ".norm1", n),        table.norm(name + ".norm2", n),        table.linear(name + ".in", n, n),
        table.linear(name + ".emb", n, 2 * n), table.linear(name + ".out", 3 * n, n),
    };
}

/// A transposed convolution, which has a row for each tap but one bias for all of them.
Linear upsampling(WeightTable & table, const std::string & name, int64_t n_in, int64_t rate, int64_t n_out) {
    return { table.matrix(name + ".weight", n_in, 2 * rate * n_out), table.exact(name + ".bias", { n_out }) };
}

std::vector<DiffusionWeights::Layer> layers(WeightTable & table, const std::string & name, uint32_t n_layer, int64_t n, int64_t n_head) {
    std::vector<DiffusionWeights::Layer> list;
    for (uint32_t i = 0; i < n_layer; i++) {
        list.push_back({ residual(table, numbered(name, i) + ".res", n), attention(table, numbered(name, i) + ".attn", n, n_head) });
    }
    return list;
}

VocoderWeights::Predictor predictor(WeightTable & table, const std::string & name, const VocoderParams & p) {
    const int64_t n = p.n_channels, hidden = p.n_hidden, n_layer = static_cast<int64_t>(p.dilations.size());
    VocoderWeights::Predictor w;
    w.in = table.linear(name + ".in", 5 * int64_t(p.n_mels), hidden);
    for (uint32_t i = 0; i < p.n_predictor_block; i++) {
        const std::string block = numbered(name + ".res", i);
        w.residuals.push_back({ table.linear(block + ".first", 3 * hidden, hidden), table.linear(block + ".second", 3 * hidden, hidden) });
    }
    w.kernel = table.linear(name + ".kernel", 3 * hidden, n_layer * 2 * n * 3 * n);
    w.bias = table.linear(name + ".bias", 3 * hidden, n_layer * 2 * n);
    return w;
}

} // namespace

HifiganWeights hifigan_weights(WeightTable & table, const HifiganParams & p) {
    HifiganWeights w;
    int64_t n = p.n_channels;
    w.pre = table.linear("hifigan.pre", 7 * int64_t(p.n_latent), n);
    w.voice = table.linear("hifigan.cond", p.n_voice, n);
    for (size_t s = 0; s < p.rates.size(); s++) {
        HifiganWeights::Stage stage;
        const int64_t n_in = n;
        n /= 2;
        stage.up = upsampling(table, numbered("hifigan.up", s), n_in, p.rates[s], n);
        for (size_t k = 0; k < p.kernel_sizes.size(); k++) {
            HifiganWeights::Residual block;
            for (size_t d = 0; d < p.dilations.size(); d++) {
                const std::string name = numbered(numbered("hifigan.res", s), k);
                block.first.push_back(table.linear(numbered(name + ".first", d), p.kernel_sizes[k] * n, n));
                block.second.push_back(table.linear(numbered(name + ".second", d), p.kernel_sizes[k] * n, n));
            }
            stage.residuals.push_back(std::move(block));
        }
        w.stages.push_back(std::move(stage));
    }
    w.post = table.linear("hifigan.post", 7 * n, 1);
    return w;
}

DiffusionWeights diffusion_weights(WeightTable & table, const DiffusionParams & p) {
    const int64_t n = p.n_embd, n_head = p.n_head, n_mels = p.n_mels;
    DiffusionWeights w;
    w.time_first = table.linear("diff.time.first", n, n);
    w.time_second = table.linear("diff.time.second", n, n);
    w.in = table.linear("diff.in", 3 * n_mels, n);
    w.mix = table.linear("diff.mix", 2 * n, n);
    w.latent_in = table.linear("diff.latent.in", 3 * int64_t(p.n_latent), n);
    w.latent_blocks = attentions(table, "diff.latent.blk", p.n_latent_block, n, n_head);
    w.code_embd = table.exact("diff.code.embd.weight", { n, p.n_codes });
    w.code_blocks = attentions(table, "diff.code.blk", p.n_code_block, n, n_head);
    w.code_norm = table.norm("diff.code_norm", n);
    w.uncond = table.exact("diff.uncond.weight", { n });
    w.context_in[0] = table.linear("diff.context.in.0", 3 * n_mels, n);
    w.context_in[1] = table.linear("diff.context.in.1", 3 * n, 2 * n);
    w.context_blocks = attentions(table, "diff.context.blk", p.n_context_block, 2 * n, n_head);
    w.integrator = layers(table, "diff.integrate", p.n_integrator, n, n_head);
    w.blocks = layers(table, "diff.blk", p.n_block, n, n_head);
    for (uint32_t i = 0; i < p.n_tail; i++) {
        w.tail.push_back(residual(table, numbered("diff.tail", i) + ".res", n));
    }
    w.out_norm = table.norm("diff.out_norm", n);
    w.out = table.linear("diff.out", 3 * n, 2 * n_mels);
    return w;
}

VocoderWeights vocoder_weights(WeightTable & table, const VocoderParams & p) {
    const int64_t n = p.n_channels;
    VocoderWeights w;
    w.pre = table.linear("vocoder.pre", 7 * int64_t(p.n_noise), n);
    for (size_t i = 0; i < p.strides.size(); i++) {
        const std::string name = numbered("vocoder.blk", i);
        VocoderWeights::Block block;
        block.up = upsampling(table, name + ".up", n, p.strides[i], n);
        block.predictor = predictor(table, name + ".predict", p);
        for (size_t d = 0; d < p.dilations.size(); d++) {
            block.convolutions.push_back(table.linear(numbered(name + ".conv", d), 3 * n, n));
        }
        w.blocks.push_back(std::move(block));
    }
    w.post = table.linear("vocoder.post", 7 * n, 1);
    return w;
}

RandomWeights random_weights(WeightTable & table, const RandomParams & p) {
    RandomWeights w;
    for (uint32_t i = 0; i < p.n_layer; i++) {
        if (p.n_decoder > 0) {
            w.decoder.push_back(table.linear(numbered("random.decoder", i), p.n_decoder, p.n_decoder));
        }
        if (p.n_diffusion > 0) {
            w.diffusion.push_back(table.linear(numbered("random.diffusion", i), p.n_diffusion, p.n_diffusion));
        }
    }
    return w;
}

} // namespace clvp
