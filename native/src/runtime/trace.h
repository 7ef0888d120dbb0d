// Records hidden states and attention weights of a tower's blocks, if requested.
#pragma once

#include "clvp/towers.h"

#include "runtime/graph.h"

namespace clvp {

class Trace {
public:
    Trace(Graph & graph, bool hidden_states, bool attentions) : graph_(graph), wants_hidden_(hidden_states), wants_attentions_(attentions) {}

    /// Records the input of a block, or the output of the last block after the final norm.
    void hidden(ggml_tensor * x) {
        if (wants_hidden_) {
            hidden_.push_back(graph_.output("hidden", ggml_cont(graph_.ctx(), x)));
        }
    }
    bool wants_attentions() const { return wants_attentions_; }
    /// Records the attention weights of a block after the softmax, [n_keys, n_tokens, n_head, n_rows].
    void attention(ggml_tensor * weights) {
        if (wants_attentions_) {
            attentions_.push_back(graph_.output("attention", ggml_cont(graph_.ctx(), weights)));
        }
    }
    /// Copies the records to the host, after the graph has run.
    void read(Output & output) const {
        for (const ggml_tensor * tensor : hidden_) {
            output.hidden_states.push_back(Graph::read(tensor));
        }
        for (const ggml_tensor * tensor : attentions_) {
            output.attentions.push_back(Graph::read(tensor));
        }
    }

private:
    Graph & graph_;
    bool wants_hidden_, wants_attentions_;
    std::vector<ggml_tensor *> hidden_, attentions_;
};

} // namespace clvp
