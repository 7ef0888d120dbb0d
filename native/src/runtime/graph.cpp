#include "runtime/graph.h"

#include "ggml.h"

namespace clvp {

Graph::Graph(Backend & backend, size_t n_nodes)
    : backend_(backend), ctx_(2 * n_nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_nodes, false)),
      graph_(ggml_new_graph_custom(ctx(), n_nodes, false)) {}

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

ggml_tensor * Graph::input(const char * name, std::initializer_list<int64_t> ne, std::vector<float> && data) {
    floats_.push_back(std::move(data));
    return input(name, GGML_TYPE_F32, ne, floats_.back().data());
}

ggml_tensor * Graph::input(const char * name, std::initializer_list<int64_t> ne, std::vector<int32_t> && data) {
    ints_.push_back(std::move(data));
    return input(name, GGML_TYPE_I32, ne, ints_.back().data());
}

ggml_tensor * Graph::output(const char * name, ggml_tensor * tensor) {
    ggml_set_name(tensor, name);
    ggml_set_output(tensor);
    return expand(tensor);
}

ggml_tensor * Graph::expand(ggml_tensor * tensor) {
    ggml_build_forward_expand(graph_, tensor);
    return tensor;
}

/// GGML ends the process if a graph exceeds its capacity. Requiring a fifth to spare on every run makes tests catch a tight bound.
void Graph::check_room() const {
    const int n_nodes = ggml_graph_n_nodes(graph_), n_most = ggml_graph_size(graph_);
    const size_t n_bytes = ggml_used_mem(ctx()), n_room = ggml_get_mem_size(ctx());
    if (5 * int64_t(n_nodes) > 4 * int64_t(n_most) || 5 * n_bytes > 4 * n_room) {
        fail(Code::unsupported, "the model's graph uses %d of %d operations and %zu of %zu bytes: this is a fault of node-clvp, please report it", n_nodes,
             n_most, n_bytes, n_room);
    }
}

void Graph::run() {
    check_room();
    backend_.allocate(graph_);
    for (const Input & input : inputs_) {
        if (input.tensor->buffer) { // an unused input has no memory
            ggml_backend_tensor_set(input.tensor, input.data, 0, ggml_nbytes(input.tensor));
        }
    }
    backend_.compute(graph_);
}

std::vector<float> Graph::result(const char * name, ggml_tensor * tensor) {
    output(name, tensor);
    run();
    return read(tensor);
}

std::vector<float> Graph::read(const ggml_tensor * tensor) {
    std::vector<float> data(static_cast<size_t>(ggml_nelements(tensor)));
    ggml_backend_tensor_get(tensor, data.data(), 0, data.size() * sizeof(float));
    return data;
}

} // namespace clvp
