#include "kv_cache.h"

#include <algorithm>

namespace clvp {

namespace {

constexpr uint32_t first_capacity = 64; // doubled until the request's length is reached

ggml_context_ptr tensor_context(size_t n_tensors) {
    ggml_init_params params = { n_tensors * ggml_tensor_overhead(), nullptr, true };
    ggml_context_ptr ctx(ggml_init(params));
    if (!ctx) {
        fail(Code::out_of_memory, "not enough memory for the KV cache's tensor list");
    }
    return ctx;
}

ggml_backend_buffer_ptr allocate_all(ggml_context * ctx, Backend & backend) {
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors_from_buft(ctx, backend.buffer_type()));
    if (!buffer) {
        fail(Code::out_of_memory, "not enough memory for the KV cache: use fewer candidates at a time (batchSize) or fewer tokens (maxTokens)");
    }
    return buffer;
}

ggml_tensor * new_keys(ggml_context * ctx, const KvShape & s, uint32_t n_positions, uint32_t n_slots) {
    return ggml_new_tensor_4d(ctx, s.type, s.d_head, n_positions, s.n_head, n_slots);
}

ggml_tensor * new_values(ggml_context * ctx, const KvShape & s, uint32_t n_positions, uint32_t n_slots) {
    return s.values_by_channel ? ggml_new_tensor_4d(ctx, s.type, n_positions, s.d_head, s.n_head, n_slots) : new_keys(ctx, s, n_positions, n_slots);
}

/// A graph of copies between tensors that have memory: it needs no allocation of its own.
class Copies {
public:
    explicit Copies(size_t n) : n_(8 * n + 8) {
        ggml_init_params params = { n_ * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_, false), nullptr, true };
        ctx_.reset(ggml_init(params));
        if (!ctx_) {
            fail(Code::out_of_memory, "not enough memory to copy in the KV cache");
        }
        graph_ = ggml_new_graph_custom(ctx_.get(), n_, false);
    }
    /// The first n_positions of n_slots from a slot on, to another tensor's slot.
    void add(ggml_tensor * from, uint32_t from_slot, ggml_tensor * to, uint32_t to_slot, uint32_t n_slots, uint32_t n_positions, bool by_channel) {
        auto part = [&](ggml_tensor * all, uint32_t slot) {
            const int64_t ne0 = by_channel ? n_positions : all->ne[0], ne1 = by_channel ? all->ne[1] : n_positions;
            return ggml_view_4d(ctx_.get(), all, ne0, ne1, all->ne[2], n_slots, all->nb[1], all->nb[2], all->nb[3], slot * all->nb[3]);
        };
        ggml_build_forward_expand(graph_, ggml_cpy(ctx_.get(), part(from, from_slot), part(to, to_slot)));
    }
    void run(Backend & backend) { backend.compute_in_place(graph_); }

private:
    size_t n_;
    ggml_context_ptr ctx_;
    ggml_cgraph * graph_;
};

} // namespace

Prefix::Prefix(Backend & backend, const KvShape & shape, uint32_t n_positions) : n_positions_(n_positions), layers_(shape.n_layer) {
    ctx_ = tensor_context(2 * shape.n_layer + 1);
    for (Layer & layer : layers_) {
        layer.keys = new_keys(ctx_.get(), shape, n_positions, 1);
        layer.values = new_values(ctx_.get(), shape, n_positions, 1);
    }
    if (shape.n_layer > 0) {
        buffer_ = allocate_all(ctx_.get(), backend);
    }
}

KvCache::KvCache(Backend & backend, const KvShape & shape, uint32_t n_slots, uint32_t n_max)
    : backend_(backend), shape_(shape), n_max_(n_max), slots_(n_slots), layers_(shape.n_layer) {}

uint32_t KvCache::most_positions() const {
    uint32_t most = 0;
    for (const Slot & slot : slots_) {
        most = std::max(most, slot.length + (slot.prefix ? slot.prefix->n_positions() : 0));
    }
    return most;
}

KvCache::Layer KvCache::allocate(uint32_t capacity) const {
    Layer layer;
    layer.ctx = tensor_context(3);
    layer.keys = new_keys(layer.ctx.get(), shape_, capacity, n_slots());
    layer.values = new_values(layer.ctx.get(), shape_, capacity, n_slots());
    layer.buffer = allocate_all(layer.ctx.get(), backend_);
    return layer;
}

void KvCache::grow(uint32_t capacity) {
    const auto longest = std::max_element(slots_.begin(), slots_.end(), [](const Slot & a, const Slot & b) { return a.length < b.length; });
    for (Layer & layer : layers_) {
        Layer bigger = allocate(capacity);
        if (longest->length > 0) {
            Copies copies(2);
            copies.add(layer.keys, 0, bigger.keys, 0, n_slots(), longest->length, false);
            copies.add(layer.values, 0, bigger.values, 0, n_slots(), longest->length, shape_.values_by_channel);
            copies.run(backend_);
        }
        layer = std::move(bigger);
    }
    capacity_ = capacity;
}

void KvCache::reserve(const std::vector<uint32_t> & slots) {
    uint32_t longest = 0;
    for (uint32_t slot : slots) {
        longest = std::max(longest, slots_.at(slot).length);
    }
    if (longest >= n_max_) {
        fail(Code::invalid_argument, "the KV cache holds %u candidates of %u tokens", n_slots(), n_max_);
    }
    if (longest >= capacity_) {
        grow(std::min(n_max_, std::max(first_capacity, 2 * capacity_)));
    }
}

void KvCache::advance(const std::vector<uint32_t> & slots) {
    for (uint32_t slot : slots) {
        slots_[slot].length++;
    }
}

void KvCache::copy(uint32_t from, uint32_t to) {
    if (from == to) {
        return;
    }
    slots_[to] = slots_[from];
    if (slots_[from].length == 0 || layers_.empty()) {
        return;
    }
    Copies copies(2 * layers_.size());
    for (const Layer & layer : layers_) {
        copies.add(layer.keys, from, layer.keys, to, 1, slots_[from].length, false);
        copies.add(layer.values, from, layer.values, to, 1, slots_[from].length, shape_.values_by_channel);
    }
    copies.run(backend_);
}

HeadPositions KvCache::head(uint32_t layer, uint32_t slot, int64_t head) const {
    const Layer & own = layers_[layer];
    const Slot & row = slots_[slot];
    auto at = [](const ggml_tensor * tensor, int64_t position, int64_t h, int64_t s) {
        return static_cast<char *>(tensor->data) + static_cast<size_t>(position) * tensor->nb[1] + static_cast<size_t>(h) * tensor->nb[2] +
               static_cast<size_t>(s) * tensor->nb[3];
    };
    const Span prefix = { at(row.prefix->keys(layer), 0, head, 0), at(row.prefix->values(layer), 0, head, 0), row.prefix->n_positions() };
    const Span all = { at(own.keys, 0, head, slot), at(own.values, 0, head, slot), row.length + 1 };
    return { prefix, all, at(own.keys, row.length, head, slot), at(own.values, row.length, head, slot) };
}

ggml_tensor * KvCache::own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = layers_[layer].keys;
    return ggml_view_4d(ctx, k, k->ne[0], length(0) + 1, k->ne[2], n_live, k->nb[1], k->nb[2], k->nb[3], 0);
}

ggml_tensor * KvCache::own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = layers_[layer].values;
    return ggml_view_4d(ctx, v, length(0) + 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], 0);
}

ggml_tensor * KvCache::next_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = layers_[layer].keys;
    return ggml_view_3d(ctx, k, k->ne[0], k->ne[2], n_live, k->nb[2], k->nb[3], length(0) * k->nb[1]);
}

ggml_tensor * KvCache::next_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = layers_[layer].values;
    return ggml_view_4d(ctx, v, 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], length(0) * v->nb[0]);
}

uint64_t KvCache::n_bytes() const {
    uint64_t n = 0;
    for (const Layer & layer : layers_) {
        n += layer.buffer ? ggml_backend_buffer_get_size(layer.buffer.get()) : 0;
    }
    return n;
}

} // namespace clvp
