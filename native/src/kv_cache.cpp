#include "kv_cache.h"

#include <algorithm>

namespace clvp {

namespace {

constexpr uint32_t positions_of_page = 32;

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
    explicit Copies(size_t n)
        : n_(8 * n + 8), ctx_(n_ * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_, false)), graph_(ggml_new_graph_custom(ctx_.get(), n_, false)) {}
    /// The first n positions of one slot to another.
    void add(ggml_tensor * all, uint32_t from, uint32_t to, uint32_t n, bool by_channel) {
        const int64_t ne0 = by_channel ? n : all->ne[0], ne1 = by_channel ? all->ne[1] : n;
        auto part = [&](uint32_t slot) { return ggml_view_3d(ctx_.get(), all, ne0, ne1, all->ne[2], all->nb[1], all->nb[2], slot * all->nb[3]); };
        ggml_build_forward_expand(graph_, ggml_cpy(ctx_.get(), part(from), part(to)));
    }
    void run(Backend & backend) { backend.compute_in_place(graph_); }

private:
    size_t n_;
    Context ctx_;
    ggml_cgraph * graph_;
};

} // namespace

Prefix::Prefix(Backend & backend, const KvShape & shape, uint32_t n_positions) : n_positions_(n_positions), layers_(shape.n_layer) {
    ctx_ = tensor_context(2 * shape.n_layer);
    for (Layer & layer : layers_) {
        layer.keys = new_keys(ctx_.get(), shape, n_positions, 1);
        layer.values = new_values(ctx_.get(), shape, n_positions, 1);
    }
    if (shape.n_layer > 0) {
        buffer_ = allocate_all(ctx_.get(), backend);
    }
}

KvCache::KvCache(Backend & backend, const KvShape & shape, uint32_t n_slots, uint32_t n_max)
    : backend_(backend), shape_(shape), n_max_(n_max), page_size_(shape.values_by_channel ? n_max : std::min(n_max, positions_of_page)), slots_(n_slots) {}

uint32_t KvCache::most_positions() const {
    uint32_t most = 0;
    for (const Slot & slot : slots_) {
        most = std::max(most, slot.length + (slot.prefix ? slot.prefix->n_positions() : 0));
    }
    return most;
}

void KvCache::add_page() {
    Page page;
    page.ctx = tensor_context(2 * shape_.n_layer);
    page.layers.resize(shape_.n_layer);
    for (Layer & layer : page.layers) {
        layer.keys = new_keys(page.ctx.get(), shape_, page_size_, n_slots());
        layer.values = new_values(page.ctx.get(), shape_, page_size_, n_slots());
    }
    if (shape_.n_layer > 0) {
        page.buffer = allocate_all(page.ctx.get(), backend_);
    }
    pages_.push_back(std::move(page));
}

void KvCache::reserve(const std::vector<uint32_t> & slots) {
    for (uint32_t slot : slots) {
        const uint32_t length = slots_.at(slot).length;
        if (length >= n_max_) {
            fail(Code::invalid_argument, "the KV cache holds %u candidates of %u tokens", n_slots(), n_max_);
        }
        if (length >= pages_.size() * page_size_) {
            add_page();
        }
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
    for (uint32_t i = 0; i * page_size_ < slots_[from].length; i++) {
        const uint32_t n = std::min(page_size_, slots_[from].length - i * page_size_);
        Copies copies(2 * shape_.n_layer);
        for (const Layer & layer : pages_[i].layers) {
            copies.add(layer.keys, from, to, n, false);
            copies.add(layer.values, from, to, n, shape_.values_by_channel);
        }
        copies.run(backend_);
    }
}

static char * head_at(const ggml_tensor * tensor, uint32_t position, int64_t head, uint32_t slot) {
    return static_cast<char *>(tensor->data) + position * tensor->nb[1] + static_cast<size_t>(head) * tensor->nb[2] + slot * tensor->nb[3];
}

HeadPosition KvCache::head(uint32_t layer, uint32_t slot, int64_t head, std::vector<Span> & spans) const {
    const Slot & row = slots_[slot];
    spans.clear();
    spans.push_back({ head_at(row.prefix->keys(layer), 0, head, 0), head_at(row.prefix->values(layer), 0, head, 0), row.prefix->n_positions() });
    for (uint32_t i = 0; i * page_size_ <= row.length; i++) {
        const Layer & own = pages_[i].layers[layer];
        spans.push_back({ head_at(own.keys, 0, head, slot), head_at(own.values, 0, head, slot), std::min(page_size_, row.length + 1 - i * page_size_) });
    }
    const Layer & last = pages_[row.length / page_size_].layers[layer];
    const uint32_t at = row.length % page_size_;
    return { head_at(last.keys, at, head, slot), head_at(last.values, at, head, slot) };
}

ggml_tensor * KvCache::own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = pages_[0].layers[layer].keys;
    ggml_tensor * own = ggml_view_4d(ctx, k, k->ne[0], length(0) + 1, k->ne[2], n_live, k->nb[1], k->nb[2], k->nb[3], 0);
    // Vulkan's products of F32 take the heads to lie one right behind the other.
    return k->type == GGML_TYPE_F32 ? ggml_cont(ctx, own) : own;
}

ggml_tensor * KvCache::own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = pages_[0].layers[layer].values;
    return ggml_view_4d(ctx, v, length(0) + 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], 0);
}

ggml_tensor * KvCache::next_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = pages_[0].layers[layer].keys;
    return ggml_view_3d(ctx, k, k->ne[0], k->ne[2], n_live, k->nb[2], k->nb[3], length(0) * k->nb[1]);
}

ggml_tensor * KvCache::next_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = pages_[0].layers[layer].values;
    return ggml_view_4d(ctx, v, 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], length(0) * v->nb[0]);
}

uint64_t KvCache::n_bytes() const {
    uint64_t n = 0;
    for (const Page & page : pages_) {
        n += page.buffer ? ggml_backend_buffer_get_size(page.buffer.get()) : 0;
    }
    return n;
}

} // namespace clvp
