// describe_weights(): the tensors of each tower, by name and shape.
#include "model/weights.h"

#include "gguf/finite.h"
#include "kernels/tile.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <set>

namespace clvp {

namespace {

std::string shape_text(const int64_t * ne, int n) {
    std::string text = "[";
    for (int i = 0; i < n; i++) {
        text += (i ? ", " : "") + std::to_string(ne[i]);
    }
    return text + "]";
}

/// Looks up the file's tensors by name and checks each against the shape that the parameters require.
class Table {
public:
    explicit Table(const GgufHeader & header) {
        for (const GgufTensor & tensor : header.tensors) {
            by_name_[tensor.name] = &tensor;
        }
    }

    /// Sets the context in which tensors are created from now on.
    void into(ggml_context * ctx) { ctx_ = ctx; }

    /// A matrix of any weight type.
    ggml_tensor * matrix(const std::string & name, int64_t n_in, int64_t n_out) { return take(name, { n_in, n_out }, false); }
    /// A tensor that must be F32.
    ggml_tensor * exact(const std::string & name, std::initializer_list<int64_t> ne) { return take(name, ne, true); }

    Linear linear(const std::string & name, int64_t n_in, int64_t n_out, bool bias = true) {
        return { matrix(name + ".weight", n_in, n_out), bias ? exact(name + ".bias", { n_out }) : nullptr };
    }
    Norm norm(const std::string & name, int64_t n, bool bias = true, float eps = 1e-5f) {
        return { exact(name + ".weight", { n }), bias ? exact(name + ".bias", { n }) : nullptr, eps };
    }

    /// The codebook, or null if the file has none. The file determines its number of codes.
    ggml_tensor * codebook(const Params & p) {
        const auto found = by_name_.find("codebook.weight");
        if (found == by_name_.end()) {
            return nullptr;
        }
        const GgufTensor & from = *found->second;
        const int64_t n_row = static_cast<int64_t>(frames_per_code) * p.mel.n_mels;
        if (from.n_dims != 2 || from.ne[0] != n_row || from.ne[1] > p.speech.n_vocab) {
            fail(Code::model_format, "the tensor codebook.weight has the shape %s: expected [%lld, 1 to %u], %u frames of %u mel channels for each code",
                 shape_text(from.ne, from.n_dims).c_str(), static_cast<long long>(n_row), p.speech.n_vocab, frames_per_code, p.mel.n_mels);
        }
        if (from.type != GGML_TYPE_F32 && from.type != GGML_TYPE_F16) {
            fail(Code::model_format, "the tensor codebook.weight has the type %s: expected f32 or f16", type_to_name(from.type));
        }
        return create(from);
    }

    void check_all_used() const {
        for (const auto & [name, tensor] : by_name_) {
            (void)tensor;
            if (!used_.count(name)) {
                fail(Code::model_format, "the tensor %s is not part of this model", name.c_str());
            }
        }
    }

private:
    ggml_tensor * take(const std::string & name, std::initializer_list<int64_t> ne, bool exact) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) {
            fail(Code::model_format, "the tensor %s is missing", name.c_str());
        }
        const GgufTensor & from = *found->second;
        int64_t wanted[4] = { 1, 1, 1, 1 };
        std::copy(ne.begin(), ne.end(), wanted);
        if (!std::equal(wanted, wanted + 4, from.ne)) {
            fail(Code::model_format, "the tensor %s has the shape %s: expected %s", name.c_str(), shape_text(from.ne, from.n_dims).c_str(),
                 shape_text(wanted, static_cast<int>(ne.size())).c_str());
        }
        if (exact && from.type != GGML_TYPE_F32) {
            fail(Code::model_format, "the tensor %s has the type %s: expected f32", name.c_str(), type_to_name(from.type));
        }
        return create(from);
    }

    ggml_tensor * create(const GgufTensor & from) {
        used_.insert(from.name);
        ggml_tensor * tensor = ggml_new_tensor(ctx_, from.type, from.n_dims, from.ne);
        ggml_set_name(tensor, from.name.c_str());
        return tensor;
    }

    ggml_context * ctx_ = nullptr;
    std::map<std::string, const GgufTensor *> by_name_;
    std::set<std::string> used_;
};

ConditioningWeights conditioning_weights(Table & table, const Params & p) {
    const DecoderParams & d = p.decoder;
    ConditioningWeights w;
    w.text_embd = table.exact("cond.text_embd.weight", { d.n_embd, p.text.n_vocab });
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
std::vector<Block> blocks(Table & table, const std::string & tower, int64_t n_layer, int64_t n_embd, int64_t n_up, int64_t n_ff, bool attn_bias, bool norm_bias,
                          float eps) {
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

DecoderWeights decoder_weights(Table & table, const DecoderParams & p) {
    DecoderWeights w;
    w.token_embd = table.exact("dec.token_embd.weight", { p.n_embd, p.n_vocab });
    w.pos_embd = table.exact("dec.pos_embd.weight", { p.n_embd, p.n_positions });
    w.blocks = blocks(table, "dec", p.n_layer, p.n_embd, p.n_ff, p.n_ff, p.attn_bias, true, p.eps);
    w.norm = table.norm("dec.norm", p.n_embd, true, p.eps);
    w.final_norm = table.norm("dec.final_norm", p.n_embd);
    w.lm_head = table.linear("dec.lm_head", p.n_embd, p.n_vocab);
    return w;
}

EncoderWeights encoder_weights(Table & table, const std::string & tower, const EncoderParams & p) {
    EncoderWeights w;
    w.token_embd = table.exact(tower + ".token_embd.weight", { p.n_embd, p.n_vocab });
    w.blocks = blocks(table, tower, p.n_layer, p.n_embd, 2 * static_cast<int64_t>(p.n_ff), p.n_ff, p.attn_bias, false, p.eps);
    w.norm = table.norm(tower + ".norm", p.n_embd, true, p.eps);
    w.proj = table.matrix(tower + ".proj.weight", p.n_embd, p.n_proj);
    return w;
}

DvaeWeights dvae_weights(Table & table, const DvaeParams & p, uint32_t n_mels) {
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
    Table table(header);
    table.into(parts.decoder ? weights.ctx.get() : absent.get());
    const ConditioningWeights cond = conditioning_weights(table, params);
    const DecoderWeights dec = decoder_weights(table, params.decoder);
    table.into(parts.ranker ? weights.ctx.get() : absent.get());
    const EncoderWeights text = encoder_weights(table, "text", params.text), speech = encoder_weights(table, "speech", params.speech);
    if (!params.dvae.channels.empty()) {
        table.into(parts.dvae ? weights.ctx.get() : absent.get());
        DvaeWeights dvae = dvae_weights(table, params.dvae, params.mel.n_mels);
        weights.dvae = parts.dvae ? std::move(dvae) : DvaeWeights();
    }
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
