// Model::load().
#include "api/model.h"

#include "model/codebook.h"
#include "model/hparams.h"

#include <cmath>

namespace clvp {

LoadedModel::LoadedModel(const std::string & path, const ModelOptions & options) : parts_(options.parts) {
    find_device(options.device); // reports a missing device before the file is read
    if (!parts_.decoder && !parts_.ranker) {
        fail(Code::invalid_argument, "Expected at least one part of the model but received none");
    }
    const File file = File::open(path);
    GgufHeader header = read_gguf(file);
    params_ = read_params(header.values);
    weights_ = describe_weights(header, params_, parts_);
    device_ = find_device(options.device, weight_bytes(weights_));
    load_weights(weights_, file, header, device_, options);
    values_ = std::move(header.values);
    name_ = ggml_backend_dev_name(device_);
    ggml_backend_tensor_get(weights_.logit_scale, &params_.logit_scale, 0, sizeof(float));
    if (!std::isfinite(params_.logit_scale)) {
        fail(Code::model_format, "the tensor logit_scale is NaN or infinite");
    }
    if (weights_.codebook) {
        check_codebook(weights_.codebook);
        params_.n_codebook = static_cast<uint32_t>(weights_.codebook->ne[1]);
    }
}

std::shared_ptr<const Model> Model::load(const std::string & path, const ModelOptions & options) {
    return guarded([&] { return std::make_shared<const LoadedModel>(path, options); });
}

} // namespace clvp
