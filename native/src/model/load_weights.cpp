// load_weights(): reads or maps the tensors' data.
#include "model/weights.h"

#include "gguf/finite.h"
#include "kernels/panel.h"
#include "kernels/tile.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

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
    for (Linear & layer : weights.dvae.halvings) {
        choose_tiles(layer.weight);
    }
    for (DvaeBlock & block : weights.dvae.blocks) {
        for (Linear * layer : { &block.first, &block.second, &block.third }) {
            choose_tiles(layer->weight);
        }
    }
    const auto choose = [](Linear & layer) {
        if (layer.weight) { // null if the stage is not loaded
            choose_tiles(layer.weight);
            choose_panels(layer.weight);
        }
    };
    each_layer(weights.hifigan, choose);
    each_layer(weights.diffusion, choose);
    each_layer(weights.vocoder, choose);
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
            const size_t size = is_tiled(tensor)      ? tiled_bytes(tensor)
                                : is_panelled(tensor) ? panelled_bytes(tensor)
                                                      : ggml_backend_buft_get_alloc_size(type, tensor);
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

/// True for a matrix that lies in memory in another order than in the file.
bool is_reordered(const ggml_tensor * tensor) { return is_tiled(tensor) || is_panelled(tensor); }

/// Stores a piece of a tensor's bytes as read from the file: whole rows for a reordered matrix.
void store(ggml_tensor * tensor, uint64_t at, const std::vector<uint8_t> & bytes, uint64_t n) {
    if (is_reordered(tensor)) {
        const auto store_rows = is_tiled(tensor) ? store_tiles : store_panels;
        store_rows(tensor, static_cast<int64_t>(at / tensor->nb[1]), bytes.data(), static_cast<int64_t>(n / tensor->nb[1]));
    } else {
        ggml_backend_tensor_set(tensor, bytes.data(), at, n);
    }
}

/// Reads every tensor's bytes in pieces of a few MiB.
void read_data(const File & file, const GgufHeader & header, const Weights & weights, const ModelOptions & options) {
    constexpr uint64_t at_once = 8u << 20, tile = 16; // rows
    std::vector<uint8_t> bytes;                       // grows to the largest piece
    uint64_t total = 0, done = 0;
    for (const GgufTensor & tensor : header.tensors) {
        total += ggml_get_tensor(weights.ctx.get(), tensor.name.c_str()) ? tensor.n_bytes : 0;
    }
    for (const GgufTensor & from : header.tensors) {
        ggml_tensor * to = ggml_get_tensor(weights.ctx.get(), from.name.c_str());
        if (!to) {
            continue; // belongs to a part that is not loaded
        }
        const uint64_t group = is_reordered(to) ? tile * to->nb[1] : ggml_type_size(to->type); // rows of a tile, or a block
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

void check_limit(const File & file, uint64_t needed, uint64_t limit) {
    if (limit > 0 && needed > limit) {
        fail(Code::out_of_memory, "Expected a model within maxMemory, %.0f MB, but the weights of %s take %.0f MB: use a smaller type, or load fewer parts",
             std::ceil(static_cast<double>(limit) / 1e6), file.path().c_str(), std::ceil(static_cast<double>(needed) / 1e6));
    }
}

/// The system kills a process that takes too much memory: refuse before allocating.
void check_memory(uint64_t needed, uint64_t available) {
    if (available > 0 && needed > available) {
        fail(Code::out_of_memory, "the model's weights need %.0f MB but only %.0f MB are free: use a smaller type, load fewer parts, or map the file (mmap)",
             static_cast<double>(needed) / 1e6, static_cast<double>(available) / 1e6);
    }
}

/// Maps the file and places the tensors in its pages.
void map_data(const File & file, const GgufHeader & header, Weights & weights, ggml_backend_dev_t device) {
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

} // namespace

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
