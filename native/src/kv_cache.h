// The decoder's keys and values: those of the prefix once, shared by all candidates, and each candidate's own.
#pragma once

#include "backend.h"

namespace clvp {

/// Candidates live in slots 0 .. n_slots-1, one token each a step, all at the same length.
class KvCache {
public:
    /// For n_prefix positions and n_slots candidates of at most n_max own positions each.
    KvCache(Backend & backend, ggml_type type, uint32_t n_layer, uint32_t n_embd, uint32_t n_head, uint32_t n_prefix, uint32_t n_slots, uint32_t n_max);

    uint32_t n_prefix() const { return n_prefix_; }
    uint32_t n_own() const { return n_own_; } // positions that each live slot holds

    // For the prefill: where to store a layer's prefix.
    ggml_tensor * prefix_k(uint32_t layer) const { return layers_[layer].prefix_k; } // [n_embd, n_prefix]
    ggml_tensor * prefix_v(uint32_t layer) const { return layers_[layer].prefix_v; } // [n_prefix, n_embd], values by channel

    // For a step: the prefix by head, and n_live slots' own part with the next position included.
    ggml_tensor * prefix_keys(ggml_context * ctx, uint32_t layer) const;                 // [d_head, n_prefix, n_head]
    ggml_tensor * prefix_values(ggml_context * ctx, uint32_t layer) const;               // [n_prefix, d_head, n_head]
    ggml_tensor * own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const;   // [d_head, n_own+1, n_head, n_live]
    ggml_tensor * own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const; // [n_own+1, d_head, n_head, n_live]
    ggml_tensor * next_key(ggml_context * ctx, uint32_t layer, uint32_t n_live) const;   // [n_embd, n_live], to be written
    ggml_tensor * next_value(ggml_context * ctx, uint32_t layer, uint32_t n_live) const; // [1, n_embd, n_live], to be written

    /// Makes room for one more position in n_live slots, growing the own part if need be. Call before each step's graph.
    void reserve_next(uint32_t n_live);
    /// Counts the position that a step has written.
    void advance() { n_own_++; }
    /// Moves a slot's own part to another slot.
    void move(uint32_t from, uint32_t to);
    /// Empties the own part of all slots for the next batch of candidates; the prefix stays.
    void clear_own() { n_own_ = 0; }

    uint64_t n_bytes() const;

private:
    struct Layer {
        ggml_tensor * prefix_k = nullptr; // [n_embd, n_prefix]
        ggml_tensor * prefix_v = nullptr; // [n_prefix, n_embd]
        ggml_tensor * k = nullptr;        // [n_embd, capacity, n_slots]
        ggml_tensor * v = nullptr;        // [capacity, n_embd, n_slots]: by channel, as the product over positions wants it
        ggml_context_ptr own_ctx;         // k and v have a buffer a layer, so that growing needs one layer twice, not all
        ggml_backend_buffer_ptr own_buffer;
    };

    void allocate_own(Layer & layer, uint32_t capacity) const;
    void grow(uint32_t capacity);

    Backend & backend_;
    ggml_type type_;
    uint32_t n_embd_, n_head_, n_prefix_, n_slots_, n_max_;
    uint32_t capacity_ = 0; // own positions that there is memory for
    uint32_t n_own_ = 0;
    std::vector<Layer> layers_;
    ggml_context_ptr prefix_ctx_;
    ggml_backend_buffer_ptr prefix_buffer_;
};

} // namespace clvp
