#include "graph.h"

#include "ggml.h"

namespace clvp {

Graph::Graph(Backend & backend, size_t n_nodes) : backend_(backend) {
    const size_t bytes = 2 * n_nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_nodes, false);
    ggml_init_params params = { bytes, nullptr, true };
    ctx_.reset(ggml_init(params));
    if (!ctx_) {
        fail(Code::out_of_memory, "not enough memory for a graph of %zu nodes", n_nodes);
    }
    graph_ = ggml_new_graph_custom(ctx(), n_nodes, false);
}

ggml_tensor * Graph::input(const char * name, ggml_type type, std::initializer_list<int64_t> ne, const void * data) {
    ggml_tensor * tensor = ggml_new_tensor(ctx(), type, static_cast<int>(ne.size()), ne.begin());
    ggml_set_name(tensor, name);
    ggml_set_input(tensor);
    inputs_.push_back({ tensor, data });
    return tensor;
}

ggml_tensor * Graph::input(const char * name, const std::vector<int32_t> & ids) {
    return input(name, GGML_TYPE_I32, { static_cast<int64_t>(ids.size()) }, ids.data());
}

ggml_tensor * Graph::output(const char * name, ggml_tensor * tensor) {
    ggml_set_name(tensor, name);
    ggml_set_output(tensor);
    ggml_build_forward_expand(graph_, tensor);
    return tensor;
}

void Graph::effect(ggml_tensor * tensor) { ggml_build_forward_expand(graph_, tensor); }

void Graph::run() {
    backend_.allocate(graph_);
    for (const Input & input : inputs_) {
        if (input.tensor->buffer) { // an input that no result needs gets no memory
            ggml_backend_tensor_set(input.tensor, input.data, 0, ggml_nbytes(input.tensor));
        }
    }
    backend_.compute(graph_);
}

std::vector<float> Graph::read(const ggml_tensor * tensor) {
    std::vector<float> data(static_cast<size_t>(ggml_nelements(tensor)));
    ggml_backend_tensor_get(tensor, data.data(), 0, data.size() * sizeof(float));
    return data;
}

} // namespace clvp
