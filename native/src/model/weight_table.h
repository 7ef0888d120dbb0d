// Looks up a file's tensors by name and checks each against the shape that the parameters require.
#pragma once

#include "clvp/model.h"
#include "gguf/gguf_reader.h"
#include "kernels/layers.h"

#include <initializer_list>
#include <map>
#include <set>
#include <string>

namespace clvp {

class WeightTable {
public:
    explicit WeightTable(const GgufHeader & header);

    /// Sets the context in which tensors are created from now on.
    void into(ggml_context * ctx) { ctx_ = ctx; }

    // All throw model_format for a tensor that is missing or has another shape or type.

    /// A matrix of any weight type.
    ggml_tensor * matrix(const std::string & name, int64_t n_in, int64_t n_out) { return take(name, { n_in, n_out }, false); }
    /// A tensor that must be F32.
    ggml_tensor * exact(const std::string & name, std::initializer_list<int64_t> ne) { return take(name, ne, true); }
    Linear linear(const std::string & name, int64_t n_in, int64_t n_out, bool bias = true);
    Norm norm(const std::string & name, int64_t n, bool bias = true, float eps = 1e-5f);
    /// The codebook, or null if the file has none. The file determines its number of codes.
    ggml_tensor * codebook(const Params & p);

    void check_all_used() const;

private:
    ggml_tensor * take(const std::string & name, std::initializer_list<int64_t> ne, bool exact);
    ggml_tensor * create(const GgufTensor & from);

    ggml_context * ctx_ = nullptr;
    std::map<std::string, const GgufTensor *> by_name_;
    std::set<std::string> used_;
};

} // namespace clvp
