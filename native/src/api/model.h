// What a Model holds. Sessions read it.
#pragma once

#include "clvp.h"
#include "model/weights.h"

namespace clvp {

struct Model::Impl {
    Impl(const std::string & path, const ModelOptions & options);

    ggml_backend_dev_t device = nullptr;
    std::string device_name;
    Parts parts;
    Params params;
    Values values;
    Weights weights;
};

} // namespace clvp
