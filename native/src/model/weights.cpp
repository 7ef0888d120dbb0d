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

/// Selects the matrices whose products go through linear(), so that the CPU can use tiles.
void choose_layouts(Weights & weights) {
    for (auto * blocks : { &weights.dec.blocks, &weights.text.blocks, &weights.speech.blocks }) {
        for (Block & block : *blocks) {
            for (Linear * layer : { &block.qkv, &block.out, &block.up, &block.down }) {
                choose_tiles(layer->weight);
            }
        }
    }
    for (ConditioningBlock & block : weights.cond.blocks) {
        choose_tiles(block.qkv.weight);
        choose_tiles(block.out.weight);
    }
    if (weights.dec.lm_head.weight) { // null if the decoder is not loaded
        choose_tiles(weights.dec.lm_head.weight);
    }
}

/// Places every tensor in one buffer, aligned to a cache line.
void allocate_weights(Weights & weights, ggml_backend_buffer_type_t type) {
    constexpr size_t line = 64;
    const size_t step = std::max(line, ggml_backend_buft_get_alignment(type));
    auto place = [&](auto put) {
        size_t at = 0;
        for (ggml_tensor * tensor = ggml_get_first_tensor(weights.ctx.get()); tensor; tensor = ggml_get_next_tensor(weights.ctx.get(), tensor)) {
            put(tensor, at);
            const size_t size = is_tiled(tensor) ? tiled_bytes(tensor) : ggml_backend_buft_get_alloc_size(type, tensor);
            at += (size + step - 1) / step * step;
        }
        return at;
    };
    weights.buffer.reset(ggml_backend_buft_alloc_buffer(type, place([](ggml_tensor *, size_t) {})));
    if (weights.buffer) {
        auto * base = static_cast<char *>(ggml_backend_buffer_get_base(weights.buffer.get()));
        place([&](ggml_tensor * tensor, size_t at) { ggml_backend_tensor_alloc(weights.buffer.get(), tensor, base + at); });
    }
}

/// Stores a piece of a tensor's bytes as read from the file: whole rows for a tiled matrix.
void store(ggml_tensor * tensor, uint64_t at, const std::vector<uint8_t> & bytes, uint64_t n) {
    if (is_tiled(tensor)) {
        store_tiles(tensor, static_cast<int64_t>(at / tensor->nb[1]), bytes.data(), static_cast<int64_t>(n / tensor->nb[1]));
    } else {
        ggml_backend_tensor_set(tensor, bytes.data(), at, n);
    }
}

/// Reads every tensor's bytes in pieces of a few MiB.
void read_data(const File & file, const GgufHeader & header, const Weights & weights, const ModelOptions & options) {
    constexpr uint64_t at_once = 8u << 20, tile = 16; // rows
    std::vector<uint8_t> bytes(at_once);
    uint64_t total = 0, done = 0;
    for (const GgufTensor & tensor : header.tensors) {
        total += ggml_get_tensor(weights.ctx.get(), tensor.name.c_str()) ? tensor.n_bytes : 0;
    }
    for (const GgufTensor & from : header.tensors) {
        ggml_tensor * to = ggml_get_tensor(weights.ctx.get(), from.name.c_str());
        if (!to) {
            continue; // belongs to a part that is not loaded
        }
        const uint64_t group = is_tiled(to) ? tile * to->nb[1] : ggml_type_size(to->type); // rows of a tile, or a block
        const uint64_t piece = std::max<uint64_t>(1, at_once / group) * group;
        bytes.resize(std::max<uint64_t>(bytes.size(), std::min(piece, from.n_bytes)));
        for (uint64_t at = 0; at < from.n_bytes; at += piece) {
            check_abort(options.abort);
            const uint64_t n = std::min(piece, from.n_bytes - at);
            file.read_at(from.offset + at, bytes.data(), n);
            if (!all_finite(to->type, bytes.data(), n)) {
                fail(Code::model_format,
                     "tensor '%s' has NaN or infinite weights: the file is damaged. Run clvp verify for details, then convert the model again",
                     from.name.c_str());
            }
            store(to, at, bytes, n);
            done += n;
            if (options.progress) {
                options.progress(static_cast<double>(done) / static_cast<double>(total));
            }
        }
    }
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

static void check_limit(const File & file, uint64_t needed, uint64_t limit) {
    if (limit > 0 && needed > limit) {
        fail(Code::out_of_memory, "Expected a model within maxMemory, %.0f MB, but the weights of %s take %.0f MB: use a smaller type, or load fewer parts",
             std::ceil(static_cast<double>(limit) / 1e6), file.path().c_str(), std::ceil(static_cast<double>(needed) / 1e6));
    }
}

/// The system kills a process that takes too much memory: refuse before allocating.
static void check_memory(uint64_t needed, uint64_t available) {
    if (available > 0 && needed > available) {
        fail(Code::out_of_memory, "the model's weights need %.0f MB but only %.0f MB are free: use a smaller type, load fewer parts, or map the file (mmap)",
             static_cast<double>(needed) / 1e6, static_cast<double>(available) / 1e6);
    }
}

/// Maps the file and places the tensors in its pages.
static void map_data(const File & file, const GgufHeader & header, Weights & weights, ggml_backend_dev_t device) {
    ggml_backend_dev_props props;
    ggml_backend_dev_get_props(device, &props);
    if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU || !props.caps.buffer_from_host_ptr) {
        fail(Code::unsupported, "%s cannot use a mapped file: leave mmap out, or use device 'cpu'", ggml_backend_dev_name(device));
    }
    const size_t alignment = ggml_backend_buft_get_alignment(ggml_backend_dev_buffer_type(device));
    if (header.alignment % alignment != 0) {
        fail(Code::unsupported, "%s aligns its tensors to %u bytes but a mapped file needs %zu: leave mmap out, or rewrite the file with clvp quantize",
             file.path().c_str(), header.alignment, alignment);
    }
    weights.mapping = Mapping(file, header.n_bytes);
    uint64_t largest = 0;
    for (const GgufTensor & tensor : header.tensors) {
        largest = std::max(largest, tensor.n_bytes);
    }
    weights.buffer.reset(ggml_backend_dev_buffer_from_host_ptr(device, weights.mapping.data(), weights.mapping.size(), largest));
    for (const GgufTensor & from : header.tensors) {
        ggml_tensor * to = ggml_get_tensor(weights.ctx.get(), from.name.c_str());
        if (weights.buffer && to) {
            ggml_backend_tensor_alloc(weights.buffer.get(), to, static_cast<uint8_t *>(weights.mapping.data()) + from.offset);
        }
    }
}

void load_weights(Weights & weights, const File & file, const GgufHeader & header, ggml_backend_dev_t device, const ModelOptions & options) {
    check_limit(file, weight_bytes(weights), options.max_memory);
    if (options.map) {
        map_data(file, header, weights, device);
    } else {
        const bool on_cpu = ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
        check_memory(weight_bytes(weights), on_cpu ? options.memory_available : 0);
        if (on_cpu) {
            choose_layouts(weights);
        }
        allocate_weights(weights, ggml_backend_dev_buffer_type(device));
    }
    if (!weights.buffer) {
        fail(Code::out_of_memory, "not enough memory on %s for the model's weights (%.0f MB): use a smaller type or fewer parts", ggml_backend_dev_name(device),
             static_cast<double>(weight_bytes(weights)) / 1e6);
    }
    ggml_backend_buffer_set_usage(weights.buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    if (!options.map) {
        read_data(file, header, weights, options);
    }
}

} // namespace clvp
