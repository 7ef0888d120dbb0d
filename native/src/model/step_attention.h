// The attention of a step on the CPU: each row's query against its prefix and its own keys, wherever these lie.
#pragma once

#include "model/kv_cache.h"

namespace clvp {

/// What the operation needs besides the tensor: must live until the graph has run. One serves all layers.
class StepAttention {
public:
    /// For rows in these slots, the next position of each being written.
    StepAttention(const KvCache & cache, std::vector<uint32_t> slots, uint32_t n_threads);

    /// qkv [3 * n_embd, n_rows] of a layer -> [n_embd, n_rows]. Stores the keys and values first.
    ggml_tensor * operator()(ggml_context * ctx, uint32_t layer, ggml_tensor * qkv);

private:
    struct Layer {
        StepAttention * all;
        uint32_t number;
    };
    /// What one thread needs to work: of each of the queries that it answers together.
    struct Scratch {
        std::vector<Span> spans[max_queries];
        std::vector<float> scores[max_queries];
    };
    static void run(ggml_tensor * dst, int ith, int nth, void * layer);
    /// How many rows from this one on, `most` at most, have its prefix and are to be computed with it.
    int64_t companions(int64_t row, int64_t most) const;
    void attend(uint32_t layer, int64_t head, int64_t row, int64_t n, ggml_tensor * dst, Scratch & scratch) const;

    const KvCache & cache_;
    std::vector<uint32_t> slots_;
    std::vector<Layer> layers_;
    std::vector<Scratch> scratch_; // of each thread: GGML's cannot throw, so they must not need memory
};

} // namespace clvp
