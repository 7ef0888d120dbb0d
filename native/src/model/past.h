// Keys and values of rows of tokens, kept between calls of decode().
#pragma once

#include "clvp/towers.h"
#include "runtime/backend.h"

namespace clvp {

class KeyValues : public Past {
public:
    /// `model` identifies the model that computed them. No other model can continue from them.
    KeyValues(Backend & backend, const void * model, ggml_type type, uint32_t n_layer, uint32_t n_embd, uint32_t n_tokens, uint32_t n_rows);

    uint32_t n_rows() const override { return n_rows_; }
    uint32_t n_tokens() const override { return n_tokens_; }
    uint64_t n_bytes() const override { return buffer_ ? ggml_backend_buffer_get_size(buffer_.get()) : 0; }
    const void * model() const { return model_; }

    /// A block's keys or values at positions from .. from+n-1, [d_head, n_head, n, n_rows].
    ggml_tensor * keys(ggml_context * ctx, uint32_t layer, int64_t n_head, int64_t from, int64_t n) const { return part(ctx, keys_[layer], n_head, from, n); }
    ggml_tensor * values(ggml_context * ctx, uint32_t layer, int64_t n_head, int64_t from, int64_t n) const {
        return part(ctx, values_[layer], n_head, from, n);
    }

private:
    static ggml_tensor * part(ggml_context * ctx, ggml_tensor * all, int64_t n_head, int64_t from, int64_t n);

    const void * model_;
    uint32_t n_tokens_, n_rows_;
    Context ctx_;
    ggml_backend_buffer_ptr buffer_;
    std::vector<ggml_tensor *> keys_, values_; // [n_embd, n_tokens, n_rows]
};

} // namespace clvp
