// The decoder's keys and values. Those of a prompt are stored once and shared by its candidates. Each candidate has its own after them.
#pragma once

#include "kernels/attend_kernel.h"
#include "runtime/backend.h"

#include <algorithm>
#include <memory>

namespace clvp {

/// The sizes common to all parts of a cache.
struct KvShape {
    ggml_type type; // F16, F32 or Q8_0
    uint32_t n_layer, n_head, d_head;
    /// Layout of values: by channel, as GGML's products over positions need them, or position by position, as our own attention
    /// needs them.
    bool values_by_channel;

    bool operator==(const KvShape & b) const {
        return type == b.type && n_layer == b.n_layer && n_head == b.n_head && d_head == b.d_head && values_by_channel == b.values_by_channel;
    }
};

/// The keys and values before the first drawn token. Immutable after the prefill.
class Prefix {
public:
    Prefix(Backend & backend, const KvShape & shape, uint32_t n_positions);

    uint32_t n_positions() const { return n_positions_; }
    ggml_tensor * keys(uint32_t layer) const { return layers_[layer].keys; }     // [d_head, n_positions, n_head]
    ggml_tensor * values(uint32_t layer) const { return layers_[layer].values; } // the same, or [n_positions, d_head, n_head]
    uint64_t n_bytes() const { return buffer_ ? ggml_backend_buffer_get_size(buffer_.get()) : 0; }

private:
    struct Layer {
        ggml_tensor * keys;
        ggml_tensor * values;
    };

    uint32_t n_positions_;
    std::vector<Layer> layers_;
    Context ctx_;
    ggml_backend_buffer_ptr buffer_;
};

/// Addresses of the key and the value of one head at one position, [d_head] each. CPU only.
struct HeadPosition {
    void * key;
    void * value;
};

/// Slots for rows that are being drawn. Each row follows a prefix. There are two layouts. For our own attention each slot has its own
/// pages, and rows of any lengths join and leave. For GGML's products one page holds all slots, whose rows advance in lockstep.
class KvCache {
public:
    /// For n_slots rows of at most n_max own positions each.
    KvCache(Backend & backend, const KvShape & shape, uint32_t n_slots, uint32_t n_max);

    ggml_type type() const { return shape_.type; }
    uint32_t n_layer() const { return shape_.n_layer; }
    uint32_t n_head() const { return shape_.n_head; }
    uint32_t d_head() const { return shape_.d_head; }
    const KvShape & shape() const { return shape_; }
    uint32_t n_slots() const { return static_cast<uint32_t>(slots_.size()); }
    /// True if a step may use any slots, of any lengths and prefixes. Otherwise it uses slots 0 .. n-1, all of the same length and prefix.
    bool takes_any_rows() const { return !shape_.values_by_channel; }

    /// Empties a slot and assigns it to a row after this prefix.
    void open(uint32_t slot, std::shared_ptr<const Prefix> prefix);
    /// Releases a slot's prefix and pages.
    void close(uint32_t slot);
    /// Makes a slot as long as another, with arbitrary contents: for rows that only pad a step.
    void fill(uint32_t slot, uint32_t like);
    /// True if the slot has no row.
    bool is_free(uint32_t slot) const { return !slots_[slot].prefix; }
    /// Adds slots. Only for the layout in which each slot has its own pages.
    void grow(uint32_t n_slots) { slots_.resize(std::max<size_t>(n_slots, slots_.size())); }
    uint32_t length(uint32_t slot) const { return slots_[slot].length; } // own positions
    const Prefix & prefix(uint32_t slot) const { return *slots_[slot].prefix; }
    /// Largest number of positions in a slot, prefix included.
    uint32_t most_positions() const;
    /// Largest number of spans that head() returns.
    size_t most_spans() const { return 2 + most_positions() / page_size_; }

    /// Makes room for one more position in a slot. Call before each step's graph. Throws out_of_memory.
    void reserve(uint32_t slot);
    /// Counts the positions that a step has written.
    void advance(const std::vector<uint32_t> & slots);
    /// Copies a row to another slot.
    void copy(uint32_t from, uint32_t to);
    /// Moves a row to another slot, and frees its own.
    void move(uint32_t from, uint32_t to);

    /// For our own attention: fills in a row's spans, the next position included, and returns the addresses to write that position to.
    HeadPosition head(uint32_t layer, uint32_t slot, int64_t head, std::vector<Span> & spans) const;

    // For GGML's products: views of slots 0 .. n_live-1, the next position included.
    ggml_tensor * own_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const;   // [d_head, n_own+1, n_head, n_live]
    ggml_tensor * own_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const; // [n_own+1, d_head, n_head, n_live]
    ggml_tensor * next_keys(ggml_context * ctx, uint32_t layer, uint32_t n_live) const;  // [d_head, n_head, n_live], to write to
    ggml_tensor * next_values(ggml_context * ctx, uint32_t layer, uint32_t n_live) const;

    /// Bytes of one slot's own pages, or of all pages.
    uint64_t n_bytes(uint32_t slot) const;
    uint64_t n_bytes() const;

private:
    struct Layer {
        ggml_tensor * keys = nullptr;   // [d_head, page_size, n_head, n_slots of the page]
        ggml_tensor * values = nullptr; // the same, or [page_size, d_head, n_head, n_slots of the page]
    };
    /// Some positions of one slot, or all positions of all slots. A page's data never moves.
    struct Page {
        std::vector<Layer> layers;
        Context ctx;
        ggml_backend_buffer_ptr buffer;

        uint64_t n_bytes() const { return buffer ? ggml_backend_buffer_get_size(buffer.get()) : 0; }
    };
    struct Slot {
        std::shared_ptr<const Prefix> prefix;
        uint32_t length = 0;
        std::vector<std::unique_ptr<Page>> pages;
    };

    std::unique_ptr<Page> new_page(uint32_t n_slots) const;
    /// The page that holds a slot's position, and the slot's index in that page.
    const Page & page_of(uint32_t slot, uint32_t position) const { return common_ ? *common_ : *slots_[slot].pages[position / page_size_]; }
    size_t place_of(uint32_t slot) const { return common_ ? slot : 0; }
    void release_pages(Slot & slot);
    void copy_page(const Page & from, size_t from_place, const Page & to, size_t to_place, uint32_t n);

    Backend & backend_;
    KvShape shape_;
    uint32_t n_max_;
    uint32_t page_size_; // positions in a page; n_max_ in the layout for GGML's products
    std::vector<Slot> slots_;
    std::unique_ptr<Page> common_;            // the page of all slots, in the layout for GGML's products
    std::vector<std::unique_ptr<Page>> free_; // released pages, for other rows
};

} // namespace clvp
