#include "model/past.h"

namespace clvp {

KeyValues::KeyValues(Backend & backend, const void * model, ggml_type type, uint32_t n_layer, uint32_t n_embd, uint32_t n_tokens, uint32_t n_rows)
    : model_(model), n_tokens_(n_tokens), n_rows_(n_rows), ctx_(tensor_context(2 * n_layer)) {
    for (uint32_t i = 0; i < n_layer; i++) {
        keys_.push_back(ggml_new_tensor_3d(ctx_.get(), type, n_embd, n_tokens, n_rows));
        values_.push_back(ggml_new_tensor_3d(ctx_.get(), type, n_embd, n_tokens, n_rows));
    }
    if (n_layer > 0) {
        buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), backend.buffer_type()));
        if (!buffer_) {
            fail(Code::out_of_memory, "not enough memory for the keys and values of %u rows of %u tokens: use fewer rows, or useCache false", n_rows, n_tokens);
        }
    }
}

ggml_tensor * KeyValues::part(ggml_context * ctx, ggml_tensor * all, int64_t n_head, int64_t from, int64_t n) {
    const int64_t d_head = all->ne[0] / n_head;
    return ggml_view_4d(ctx, all, d_head, n_head, n, all->ne[2], d_head * all->nb[0], all->nb[1], all->nb[2], static_cast<size_t>(from) * all->nb[1]);
}

} // namespace clvp
