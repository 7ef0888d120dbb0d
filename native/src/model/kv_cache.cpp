#include "model/kv_cache.h"
#include "clvp/limits.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace clvp {

namespace {

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

/// A graph of copies between allocated tensors. It needs no buffer of its own.
class Copies {
public:
    explicit Copies(size_t n)
        : n_(8 * n + 8), ctx_(n_ * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_, false)), graph_(ggml_new_graph_custom(ctx_.get(), n_, false)) {}
    /// Copies the first n positions of one place to another place of the same page or of a page of the same shape.
    void add(ggml_tensor * from, size_t from_place, ggml_tensor * to, size_t to_place, uint32_t n, bool by_channel) {
        const int64_t ne0 = by_channel ? n : from->ne[0], ne1 = by_channel ? from->ne[1] : n;
        auto part = [&](ggml_tensor * x, size_t place) { return ggml_view_3d(ctx_.get(), x, ne0, ne1, x->ne[2], x->nb[1], x->nb[2], place * x->nb[3]); };
        ggml_build_forward_expand(graph_, ggml_cpy(ctx_.get(), part(from, from_place), part(to, to_place)));
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
    : backend_(backend), shape_(shape), n_max_(n_max), page_size_(shape.values_by_channel ? n_max : std::min(n_max, limits::page_positions)), slots_(n_slots) {}

void KvCache::open(uint32_t slot, std::shared_ptr<const Prefix> prefix) {
    close(slot);
    slots_[slot].prefix = std::move(prefix);
}

void KvCache::close(uint32_t slot) {
    release_pages(slots_[slot]);
    slots_[slot] = {};
}

void KvCache::release_pages(Slot & slot) {
    try {
        free_.reserve(free_.size() + slot.pages.size());
        std::move(slot.pages.begin(), slot.pages.end(), std::back_inserter(free_));
    } catch (const std::bad_alloc &) {
        // The pages are freed instead: releasing must not fail.
    }
    slot.pages.clear();
}

void KvCache::fill(uint32_t slot, uint32_t like) {
    close(slot);
    while (!common_ && slots_[slot].pages.size() < slots_[like].pages.size()) {
        slots_[slot].length = static_cast<uint32_t>(slots_[slot].pages.size()) * page_size_;
        reserve(slot);
    }
    slots_[slot].prefix = slots_[like].prefix;
    slots_[slot].length = slots_[like].length;
}

uint32_t KvCache::most_positions() const {
    uint32_t most = 0;
    for (const Slot & slot : slots_) {
        most = std::max(most, slot.length + (slot.prefix ? slot.prefix->n_positions() : 0));
    }
    return most;
}

std::unique_ptr<KvCache::Page> KvCache::new_page(uint32_t n_slots) const {
    auto page = std::make_unique<Page>();
    page->ctx = tensor_context(2 * shape_.n_layer);
    page->layers.resize(shape_.n_layer);
    for (Layer & layer : page->layers) {
        layer.keys = new_keys(page->ctx.get(), shape_, page_size_, n_slots);
        layer.values = new_values(page->ctx.get(), shape_, page_size_, n_slots);
    }
    if (shape_.n_layer > 0) {
        page->buffer = allocate_all(page->ctx.get(), backend_);
    }
    return page;
}

void KvCache::reserve(uint32_t slot) {
    Slot & row = slots_.at(slot);
    if (row.length >= n_max_) {
        fail(Code::invalid_argument, "the KV cache is full: it holds %u candidates of at most %u tokens", n_slots(), n_max_);
    }
    if (shape_.values_by_channel) {
        common_ = common_ ? std::move(common_) : new_page(n_slots());
    } else if (row.length >= row.pages.size() * page_size_) {
        row.pages.reserve(row.pages.size() + 1);
        if (free_.empty()) {
            row.pages.push_back(new_page(1));
        } else {
            row.pages.push_back(std::move(free_.back()));
            free_.pop_back();
        }
    }
}

void KvCache::advance(const std::vector<uint32_t> & slots) {
    for (uint32_t slot : slots) {
        slots_[slot].length++;
    }
}

void KvCache::copy_page(const Page & from, size_t from_place, const Page & to, size_t to_place, uint32_t n) {
    Copies copies(2 * shape_.n_layer);
    for (uint32_t i = 0; i < shape_.n_layer; i++) {
        copies.add(from.layers[i].keys, from_place, to.layers[i].keys, to_place, n, false);
        copies.add(from.layers[i].values, from_place, to.layers[i].values, to_place, n, shape_.values_by_channel);
    }
    copies.run(backend_);
}

void KvCache::copy(uint32_t from, uint32_t to) {
    if (from == to) {
        return;
    }
    fill(to, from);
    const uint32_t length = slots_[from].length;
    for (uint32_t at = 0; at < length; at += page_size_) {
        copy_page(page_of(from, at), place_of(from), page_of(to, at), place_of(to), std::min(page_size_, length - at));
    }
}

void KvCache::move(uint32_t from, uint32_t to) {
    if (common_) {
        copy(from, to);
    } else if (from != to) {
        std::swap(slots_[from], slots_[to]);
    }
    if (from != to) {
        close(from);
    }
}

static char * head_at(const ggml_tensor * tensor, uint32_t position, int64_t head, size_t place) {
    return static_cast<char *>(tensor->data) + position * tensor->nb[1] + static_cast<size_t>(head) * tensor->nb[2] + place * tensor->nb[3];
}

HeadPosition KvCache::head(uint32_t layer, uint32_t slot, int64_t head, std::vector<Span> & spans) const {
    const Slot & row = slots_[slot];
    spans.clear();
    spans.push_back({ head_at(row.prefix->keys(layer), 0, head, 0), head_at(row.prefix->values(layer), 0, head, 0), row.prefix->n_positions() });
    for (uint32_t at = 0; at <= row.length; at += page_size_) {
        const Layer & own = page_of(slot, at).layers[layer];
        const size_t place = place_of(slot);
        spans.push_back({ head_at(own.keys, 0, head, place), head_at(own.values, 0, head, place), std::min(page_size_, row.length + 1 - at) });
    }
    const Layer & last = page_of(slot, row.length).layers[layer];
    const uint32_t at = row.length % page_size_;
    return { head_at(last.keys, at, head, place_of(slot)), head_at(last.values, at, head, place_of(slot)) };
}

ggml_tensor * KvCache::own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = common_->layers[layer].keys;
    ggml_tensor * own = ggml_view_4d(ctx, k, k->ne[0], length(0) + 1, k->ne[2], n_live, k->nb[1], k->nb[2], k->nb[3], 0);
    // Vulkan's F32 products assume that the heads are contiguous.
    return k->type == GGML_TYPE_F32 ? ggml_cont(ctx, own) : own;
}

ggml_tensor * KvCache::own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = common_->layers[layer].values;
    return ggml_view_4d(ctx, v, length(0) + 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], 0);
}

ggml_tensor * KvCache::next_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * k = common_->layers[layer].keys;
    return ggml_view_3d(ctx, k, k->ne[0], k->ne[2], n_live, k->nb[2], k->nb[3], length(0) * k->nb[1]);
}

ggml_tensor * KvCache::next_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const {
    ggml_tensor * v = common_->layers[layer].values;
    return ggml_view_4d(ctx, v, 1, v->ne[1], v->ne[2], n_live, v->nb[1], v->nb[2], v->nb[3], length(0) * v->nb[0]);
}

uint64_t KvCache::n_bytes(uint32_t slot) const {
    uint64_t n = 0;
    for (const auto & page : slots_[slot].pages) {
        n += page->n_bytes();
    }
    return n;
}

uint64_t KvCache::n_bytes() const {
    uint64_t n = common_ ? common_->n_bytes() : 0;
    for (uint32_t slot = 0; slot < n_slots(); slot++) {
        n += n_bytes(slot);
    }
    for (const auto & page : free_) {
        n += page->n_bytes();
    }
    return n;
}

} // namespace clvp
