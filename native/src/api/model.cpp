// Model loads a file and describes it.
#include "api/model.h"

#include "model/codebook.h"
#include "model/hparams.h"

#include <cmath>

namespace clvp {

Model::Impl::Impl(const std::string & path, const ModelOptions & options) : parts(options.parts) {
    find_device(options.device); // reports a missing device before the file is read
    if (!parts.decoder && !parts.ranker && !parts.dvae) {
        fail(Code::invalid_argument, "Expected at least one part of the model but received none");
    }
    const File file = File::open(path);
    GgufHeader header = read_gguf(file);
    params = read_params(header.values);
    if (!parts.decoder && !parts.ranker && params.dvae.channels.empty()) {
        fail(Code::invalid_argument, "Expected a part that the file has but received only dvae, which it lacks: convert it with dvae.pth");
    }
    weights = describe_weights(header, params, parts);
    device = find_device(options.device, weight_bytes(weights));
    load_weights(weights, file, header, device, options);
    values = std::move(header.values);
    device_name = ggml_backend_dev_name(device);
    ggml_backend_tensor_get(weights.logit_scale, &params.logit_scale, 0, sizeof(float));
    if (!std::isfinite(params.logit_scale)) {
        fail(Code::model_format, "the tensor logit_scale is NaN or infinite");
    }
    if (weights.codebook) {
        check_codebook(weights.codebook);
        params.n_codebook = static_cast<uint32_t>(weights.codebook->ne[1]);
    }
}

std::shared_ptr<const Model> Model::load(const std::string & path, const ModelOptions & options) {
    return guarded([&] { return std::shared_ptr<const Model>(new Model(std::make_unique<const Impl>(path, options))); });
}

Model::Model(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Model::~Model() = default;

const Params & Model::params() const { return impl_->params; }

const Values & Model::values() const { return impl_->values; }

uint64_t Model::n_bytes() const {
    const Weights & weights = impl_->weights;
    return weights.mapping.data() ? weight_bytes(weights) : ggml_backend_buffer_get_size(weights.buffer.get()); // not the whole file
}

const std::string & Model::device() const { return impl_->device_name; }

const Parts & Model::parts() const { return impl_->parts; }

} // namespace clvp
