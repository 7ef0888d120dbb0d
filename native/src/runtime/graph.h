// Builds a graph, runs it and reads its results.
#pragma once

#include "runtime/backend.h"

#include <initializer_list>
#include <list>

namespace clvp {

/// Maximum number of operations of a graph over n_layer blocks of any tower.
inline size_t graph_nodes(size_t n_layer) { return 128 + 96 * n_layer; }

class Graph {
public:
    /// With room for n_nodes operations and as many other tensors.
    Graph(Backend & backend, size_t n_nodes);

    ggml_context * ctx() const { return ctx_.get(); }
    bool on_cpu() const { return backend_.on_cpu(); }

    /// An input whose data is copied from `data` when the graph runs; `data` must live until then.
    ggml_tensor * input(const char * name, ggml_type type, std::initializer_list<int64_t> ne, const void * data);
    ggml_tensor * input(const char * name, const std::vector<int32_t> & ids);
    /// Inputs whose data the graph keeps.
    ggml_tensor * input(const char * name, std::initializer_list<int64_t> ne, std::vector<float> && data);
    ggml_tensor * input(const char * name, std::initializer_list<int64_t> ne, std::vector<int32_t> && data);
    /// A result that read() can fetch after run().
    ggml_tensor * output(const char * name, ggml_tensor * tensor);
    /// Adds a tensor and its ancestors to the graph: one that must be computed for its effect, or the result of a block. GGML visits
    /// ancestors recursively; adding block by block keeps the recursion shallow.
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
    std::list<std::vector<float>> floats_; // of inputs
    std::list<std::vector<int32_t>> ints_;
};

} // namespace clvp
