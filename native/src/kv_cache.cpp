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

ggml_backend_buffer_ptr allocate(ggml_context * ctx, Backend & backend) {
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors_from_buft(ctx, backend.buffer_type()));
    if (!buffer) {
        fail(Code::out_of_memory, "not enough memory for the KV cache: use fewer candidates at a time (batchSize) or fewer tokens (maxTokens)");
    }
    return buffer;
}

/// A graph of copies between tensors that have memory: it needs no allocation of its own.
class Copies {
public:
    explicit Copies(size_t n) : n_(8 * n + 8) {
        ggml_init_params params = { n_ * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_, false), nullptr, true };
        ctx_.reset(ggml_init(params));
        graph_ = ggml_new_graph_custom(ctx_.get(), n_, false);
    }
    ggml_context * ctx() const { return ctx_.get(); }
    void add(ggml_tensor * from, ggml_tensor * to) { ggml_build_forward_expand(graph_, ggml_cpy(ctx(), from, to)); }
    void run(Backend & backend) { backend.compute_in_place(graph_); }

private:
    size_t n_;
    ggml_context_ptr ctx_;
    ggml_cgraph * graph_;
};

} // namespace

KvCache::KvCache(Backend & backend, ggml_type type, uint32_t n_layer, uint32_t n_embd, uint32_t n_head, uint32_t n_prefix, uint32_t n_slots, uint32_t n_max)
    : backend_(backend), type_(type), n_embd_(n_embd), n_head_(n_head), n_prefix_(n_prefix), n_slots_(n_slots), n_max_(n_max), layers_(n_layer) {
    prefix_ctx_ = tensor_context(2 * n_layer + 1);
    for (Layer & layer : layers_) {
        layer.prefix_k = ggml_new_tensor_2d(prefix_ctx_.get(), type, n_embd, n_prefix);
        layer.prefix_v = ggml_new_tensor_2d(prefix_ctx_.get(), type, n_prefix, n_embd);
    }
    if (n_layer > 0) {
        prefix_buffer_ = allocate(prefix_ctx_.get(), backend);
    }
}

void KvCache::allocate_own(Layer & layer, uint32_t capacity) const {
    layer.own_ctx = tensor_context(3);
    layer.k = ggml_new_tensor_3d(layer.own_ctx.get(), type_, n_embd_, capacity, n_slots_);
    layer.v = ggml_new_tensor_3d(layer.own_ctx.get(), type_, capacity, n_embd_, n_slots_);
    layer.own_buffer = allocate(layer.own_ctx.get(), backend_);
}

void KvCache::grow(uint32_t capacity) {
    for (Layer & layer : layers_) {
        Layer bigger;
        allocate_own(bigger, capacity);
        if (n_own_ > 0) {
            Copies copies(2);
            auto k_part = [&](const Layer & of) { return ggml_view_3d(copies.ctx(), of.k, n_embd_, n_own_, n_slots_, of.k->nb[1], of.k->nb[2], 0); };
            auto v_part = [&](const Layer & of) { return ggml_view_3d(copies.ctx(), of.v, n_own_, n_embd_, n_slots_, of.v->nb[1], of.v->nb[2], 0); };
            copies.add(k_part(layer), k_part(bigger));
            copies.add(v_part(layer), v_part(bigger));
            copies.run(backend_);
        }
        layer.k = bigger.k;
        layer.v = bigger.v;
        layer.own_buffer = std::move(bigger.own_buffer);
        layer.own_ctx = std::move(bigger.own_ctx);
    }
    capacity_ = capacity;
}

void KvCache::reserve_next(uint32_t n_live) {
    if (n_live > n_slots_ || n_own_ >= n_max_) {
        fail(Code::invalid_argument, "the KV cache holds %u candidates of %u tokens", n_slots_, n_max_);
    }
    if (n_own_ >= capacity_) {
        grow(std::min(n_max_, std::max(first_capacity, 2 * capacity_)));
    }
}

void KvCache::move(uint32_t from, uint32_t to) {
    if (from == to || n_own_ == 0 || layers_.empty()) {
        return;
    }
    Copies copies(2 * layers_.size());
    for (Layer & layer : layers_) {
        auto k_slot = [&](uint32_t slot) { return ggml_view_2d(copies.ctx(), layer.k, n_embd_, n_own_, layer.k->nb[1], slot * layer.k->nb[2]); };
        auto v_slot = [&](uint32_t slot) { return ggml_view_2d(copies.ctx(), layer.v, n_own_, n_embd_, layer.v->nb[1], slot * layer.v->nb[2]); };
        copies.add(k_slot(from), k_slot(to));
        copies.add(v_slot(from), v_slot(to));
    }
    copies.run(backend_);
}

ggml_tensor * KvCache::prefix_keys(ggml_context * ctx, uint32_t layer) const {
    ggml_tensor * k = layers_[layer].prefix_k;
    const int64_t d_head = n_embd_ / n_head_;
    return ggml_view_3d(ctx, k, d_head, n_prefix_, n_head_, k->nb[1], d_head * k->nb[0], 0);
}

ggml_tensor * KvCache::prefix_values(ggml_context * ctx, uint32_t layer) const {
    ggml_tensor * v = layers_[layer].prefix_v;
    const int64_t d_head = n_embd_ / n_head_;
    return ggml_view_3d(ctx, v, n_prefix_, d_head, n_head_, v->nb[1], d_head * v->nb[1], 0);
}

ggml_tensor * KvCache::own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = layers_[layer].k;
    const int64_t d_head = n_embd_ / n_head_;
    return ggml_view_4d(ctx, k, d_head, n_own_ + 1, n_head_, n_live, k->nb[1], d_head * k->nb[0], k->nb[2], 0);
}

ggml_tensor * KvCache::own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = layers_[layer].v;
    const int64_t d_head = n_embd_ / n_head_;
    return ggml_view_4d(ctx, v, n_own_ + 1, d_head, n_head_, n_live, v->nb[1], d_head * v->nb[1], v->nb[2], 0);
}

ggml_tensor * KvCache::next_key(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = layers_[layer].k;
    return ggml_view_2d(ctx, k, n_embd_, n_live, k->nb[2], n_own_ * k->nb[1]);
}

ggml_tensor * KvCache::next_value(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = layers_[layer].v;
    return ggml_view_3d(ctx, v, 1, n_embd_, n_live, v->nb[1], v->nb[2], n_own_ * v->nb[0]);
}

uint64_t KvCache::n_bytes() const {
    uint64_t n = prefix_buffer_ ? ggml_backend_buffer_get_size(prefix_buffer_.get()) : 0;
    for (const Layer & layer : layers_) {
        n += layer.own_buffer ? ggml_backend_buffer_get_size(layer.own_buffer.get()) : 0;
    }
    return n;
}

} // namespace clvp
