// Model loads a file and describes it.
#include "api/model.h"

#include "model/codebook.h"
#include "model/hparams.h"

#include <cmath>

namespace clvp {

/// The wanted parts that the file has.
static Parts present(Parts parts, const Params & p) {
    parts.encoder = parts.encoder && !p.dvae.channels.empty();
    parts.hifigan = parts.hifigan && p.hifigan.n_channels > 0;
    parts.diffusion = parts.diffusion && p.diffusion.n_embd > 0;
    parts.vocoder = parts.vocoder && p.vocoder.n_channels > 0;
    parts.random = parts.random && p.random.n_layer > 0;
    return parts;
}

static bool any(const Parts & p) { return p.decoder || p.ranker || p.encoder || p.hifigan || p.diffusion || p.vocoder || p.random; }

Model::Impl::Impl(const std::string & path, const ModelOptions & options) : parts(options.parts) {
    find_device(options.device); // reports a missing device before the file is read
    const File file = File::open(path);
    GgufHeader header = read_gguf(file);
    params = read_params(header.values);
    parts = present(parts, params);
    if (!any(parts)) {
        fail(Code::invalid_argument, "Expected at least one part that the file has but received none: clvp inspect lists the parts of a file");
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
