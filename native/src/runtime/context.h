// A GGML context in memory that we allocate: GGML ends the process if its allocation fails, ours throws bad_alloc.
#pragma once

#include "ggml-cpp.h"

#include <memory>

namespace clvp {

/// Memory for the descriptors of tensors and graphs, not for their data.
class Context {
public:
    Context() = default;
    explicit Context(size_t n_bytes) : memory_(new char[n_bytes]), ctx_(ggml_init({ n_bytes, memory_.get(), true })) {}

    ggml_context * get() const { return ctx_.get(); }

private:
    std::unique_ptr<char[]> memory_;
    ggml_context_ptr ctx_;
};

inline Context tensor_context(size_t n_tensors) { return Context((n_tensors + 1) * ggml_tensor_overhead()); }

} // namespace clvp
