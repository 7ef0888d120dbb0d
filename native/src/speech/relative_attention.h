// Attention blocks over frames, with a learnt bias by distance: those of the diffusion model and its encoders.
#pragma once

#include "model/speech_weights.h"
#include "runtime/graph.h"

namespace clvp {

/// Bias of an attention block by distance, with T5's buckets: distances below 8 have one each, farther ones share, logarithmically, up to 64.
class DistanceBias {
public:
    DistanceBias(ggml_tensor * by_bucket, int64_t n_embd);

    /// Bias of each head for distances 1-n .. n-1, [2*n - 1, n_head].
    std::vector<float> table(int64_t n) const;
    int64_t n_head() const { return n_head_; }

private:
    static constexpr int64_t reach = 64;

    int64_t n_head_;
    std::vector<float> data_; // [2*reach + 1, n_head]
};

/// x [n_embd, n_frames, n_batch] -> the same shape.
ggml_tensor * attention_block(Graph & graph, const DiffusionWeights::Attention & block, const DistanceBias & bias, ggml_tensor * x);

constexpr size_t attention_nodes = 48;

} // namespace clvp
