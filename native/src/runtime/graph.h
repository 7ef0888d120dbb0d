// A graph under construction: its context, its inputs, and how it is run and read.
#pragma once

#include "runtime/backend.h"

#include <initializer_list>

namespace clvp {

/// Operations that a graph over n_layer blocks of any tower has at most.
inline size_t graph_nodes(size_t n_layer) { return 128 + 96 * n_layer; }

class Graph {
public:
    /// Room for n_nodes operations and as many tensors besides.
    Graph(Backend & backend, size_t n_nodes);

    ggml_context * ctx() const { return ctx_.get(); }

    /// An input whose data is copied from `data` when the graph runs; `data` must live until then.
    ggml_tensor * input(const char * name, ggml_type type, std::initializer_list<int64_t> ne, const void * data);
    ggml_tensor * input(const char * name, const std::vector<int32_t> & ids);
    /// A result that read() can fetch after run().
    ggml_tensor * output(const char * name, ggml_tensor * tensor);
    /// Takes up a node and all before it: one that must be computed for its effect, or a block's result. GGML goes from a node to those
    /// before it by calls within calls, which need no deep stack block by block.
    ggml_tensor * expand(ggml_tensor * tensor);

    void run();
    /// Runs the graph up to a tensor, and copies that to the host.
    std::vector<float> result(const char * name, ggml_tensor * tensor);
    /// Copies a result to the host: all of a contiguous F32 tensor.
    static std::vector<float> read(const ggml_tensor * tensor);

private:
    struct Input {
        ggml_tensor * tensor;
        const void * data;
    };

    void check_room() const;

    Backend & backend_;
    Context ctx_;
    ggml_cgraph * graph_;
    std::vector<Input> inputs_;
};

} // namespace clvp
