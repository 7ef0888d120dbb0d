// Graph of the decoder's blocks and head. Prefill, steps and whole rows differ only in their attention.
#pragma once

#include "model/decoder.h"
#include "model/ops.h"
#include "runtime/graph.h"

#include <limits>

namespace clvp {

/// A decoder block with a given attention: `attend` takes q, k and v as one [3 * n_embd, ...] and returns [n_embd, ...].
template <typename Attend> ggml_tensor * block_forward(ggml_context * ctx, const Block & block, const DecoderParams & p, ggml_tensor * x, Attend attend) {
    ggml_tensor * y = attend(norm_linear(ctx, block.attn_norm, block.qkv, x));
    return feed_forward(ctx, block, p.act, linear_add(ctx, block.out, y, x));
}

/// Blocks from .. to-1, then the final norm if the last block is among them. `attend` also takes the block's number.
template <typename Attend>
ggml_tensor * blocks_forward(Graph & graph, const DecoderWeights & w, const DecoderParams & p, ggml_tensor * x, Trace & trace, uint32_t from, uint32_t to,
                             Attend attend) {
    for (uint32_t i = from; i < to; i++) {
        trace.hidden(x);
        x = graph.expand(block_forward(graph.ctx(), w.blocks[i], p, x, [&](ggml_tensor * qkv) { return attend(i, qkv); }));
    }
    if (to == p.n_layer) {
        x = normalise(graph.ctx(), w.norm, x);
        trace.hidden(x);
    }
    return x;
}

/// Multiplications of one block for n_tokens.
inline double block_work(const DecoderParams & p, size_t n_tokens) { return decoder_block_weights(p) * static_cast<double>(n_tokens); }

/// x [n_embd, ...] -> logits [n_vocab, ...]
inline ggml_tensor * head_forward(ggml_context * ctx, const DecoderWeights & w, ggml_tensor * x) { return norm_linear(ctx, w.final_norm, w.lm_head, x); }

/// F16 [n, n]: row q hides the keys after q.
inline std::vector<ggml_fp16_t> causal_mask(int64_t n) {
    const ggml_fp16_t hidden = ggml_fp32_to_fp16(-std::numeric_limits<float>::infinity());
    std::vector<ggml_fp16_t> mask(static_cast<size_t>(n * n), ggml_fp32_to_fp16(0.0f));
    for (int64_t q = 0; q < n; q++) {
        for (int64_t k = q + 1; k < n; k++) {
            mask[static_cast<size_t>(q * n + k)] = hidden;
        }
    }
    return mask;
}

} // namespace clvp
