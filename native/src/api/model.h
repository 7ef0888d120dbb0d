// The implementation of Model, with the weights that sessions use.
#pragma once

#include "clvp.h"
#include "model/weights.h"

namespace clvp {

class LoadedModel : public Model {
public:
    LoadedModel(const std::string & path, const ModelOptions & options);

    const Params & params() const override { return params_; }
    const Values & values() const override { return values_; }
    uint64_t n_bytes() const override {
        return weights_.mapping.data() ? weight_bytes(weights_) : ggml_backend_buffer_get_size(weights_.buffer.get()); // not the whole file
    }
    const std::string & device() const override { return name_; }
    const Parts & parts() const override { return parts_; }

    const Weights & weights() const { return weights_; }
    ggml_backend_dev_t dev() const { return device_; }

private:
    ggml_backend_dev_t device_ = nullptr;
    Parts parts_;
    Params params_;
    Values values_;
    Weights weights_;
    std::string name_;
};

} // namespace clvp
