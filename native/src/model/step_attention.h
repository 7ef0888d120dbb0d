// The attention of a step on the CPU: each row's query against the keys of its prefix and of its own pages.
#pragma once

#include "model/kv_cache.h"

namespace clvp {

/// The state of the operation, shared by all layers. Must live until the graph has run.
class StepAttention {
public:
    /// For rows in these slots. Writes the next position of each.
    StepAttention(const KvCache & cache, std::vector<uint32_t> slots, uint32_t n_threads);

    /// qkv [3 * n_embd, n_rows] of a layer -> [n_embd, n_rows]. Stores the keys and values first.
    ggml_tensor * operator()(ggml_context * ctx, uint32_t layer, ggml_tensor * qkv);

private:
    struct Layer {
        StepAttention * all;
        uint32_t number;
    };
    /// Scratch memory of one thread, for each query that it computes together.
    struct Scratch {
        std::vector<Span> spans[max_queries];
        std::vector<float> scores[max_queries];
    };
    static void run(ggml_tensor * dst, int ith, int nth, void * layer);
    /// Number of rows, starting at this one and at most `most`, that share its prefix and are computed together.
    int64_t companions(int64_t row, int64_t most) const;
    void attend(uint32_t layer, int64_t head, int64_t row, int64_t n, ggml_tensor * dst, Scratch & scratch) const;

    const KvCache & cache_;
    std::vector<uint32_t> slots_;
    std::vector<Layer> layers_;
    std::vector<Scratch> scratch_; // one per thread: exceptions cannot leave GGML's threads, so they must not allocate
};

} // namespace clvp
