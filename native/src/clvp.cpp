// The public face: Model and Session check what they are given and hand it to the towers.
#include "clvp.h"

#include "beam.h"
#include "clock.h"
#include "conditioning.h"
#include "generate.h"
#include "hparams.h"
#include "mel.h"
#include "rank.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace clvp {

namespace {

constexpr size_t max_row = 4096; // ids that an encoder takes at once: three minutes of speech

/// Turns what the standard library throws into our own error.
template <typename F> auto guarded(F work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc &) {
        fail(Code::out_of_memory, "not enough memory");
    } catch (const std::length_error &) {
        fail(Code::out_of_memory, "not enough memory for so large an array");
    }
}

class LoadedModel : public Model {
public:
    LoadedModel(const std::string & path, const ModelOptions & options) : device_(find_device(options.device)) {
        GgufHeader header = read_gguf(path);
        params_ = read_params(header.values);
        weights_ = load_weights(path, header, params_, device_, options);
        values_ = std::move(header.values);
        name_ = ggml_backend_dev_name(device_);
        ggml_backend_tensor_get(weights_.logit_scale, &params_.logit_scale, 0, sizeof(float));
        if (!std::isfinite(params_.logit_scale)) {
            fail(Code::model_format, "the tensor logit_scale is no number");
        }
    }

    const Params & params() const override { return params_; }
    const Values & values() const override { return values_; }
    uint64_t n_bytes() const override { return ggml_backend_buffer_get_size(weights_.buffer.get()); }
    const std::string & device() const override { return name_; }

    const Weights & weights() const { return weights_; }
    ggml_backend_dev_t dev() const { return device_; }

private:
    ggml_backend_dev_t device_;
    Params params_;
    Values values_;
    Weights weights_;
    std::string name_;
};

void check_ids(const char * what, const std::vector<int32_t> & ids, uint32_t n_vocab, size_t max) {
    if (ids.empty() || ids.size() > max) {
        fail(Code::invalid_argument, "Expected 1 to %zu ids for %s but received %zu", max, what, ids.size());
    }
    for (int32_t id : ids) {
        if (id < 0 || static_cast<uint32_t>(id) >= n_vocab) {
            fail(Code::invalid_argument, "Expected ids from 0 to %u for %s but received %d", n_vocab - 1, what, id);
        }
    }
}

void check_voice(const std::vector<float> & voice, const Params & params) {
    if (voice.size() != params.decoder.n_embd) {
        fail(Code::invalid_argument, "Expected a voice of %u numbers but received %zu: was it made with another model?", params.decoder.n_embd, voice.size());
    }
    if (!std::all_of(voice.begin(), voice.end(), [](float x) { return std::isfinite(x); })) {
        fail(Code::invalid_argument, "Expected finite numbers for the voice but received NaN or infinity");
    }
}

/// Gives results back if they are numbers: weights that overflow, which a sound model's never do, give others.
std::vector<float> finite(std::vector<float> values, const char * what) {
    if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
        fail(Code::model_format, "the model gives %s that are no numbers: its weights are damaged, or its input is far out of range. Convert it again", what);
    }
    return values;
}

} // namespace

std::shared_ptr<const Model> Model::load(const std::string & path, const ModelOptions & options) {
    return guarded([&] { return std::make_shared<const LoadedModel>(path, options); });
}

struct Session::Impl {
    Impl(std::shared_ptr<const Model> shared, const SessionOptions & options)
        : model(std::static_pointer_cast<const LoadedModel>(std::move(shared))), params(model->params()), weights(model->weights()),
          n_threads(options.n_threads ? options.n_threads : physical_cores()), backend(model->dev(), n_threads, largest_graph(params), abort),
          bank(params.mel) {}

    static size_t largest_graph(const Params & p) {
        return graph_nodes(std::max({ p.decoder.n_layer, p.decoder.n_cond_layer, p.text.n_layer, p.speech.n_layer }));
    }

    void check_text(const std::vector<int32_t> & ids) const { check_ids("the text", ids, params.text.n_vocab, params.max_text_ids()); }
    void check_rows(const std::vector<std::vector<int32_t>> & rows) const {
        if (rows.empty()) {
            fail(Code::invalid_argument, "Expected at least one row of codes but received none");
        }
        for (const auto & row : rows) {
            check_ids("a row of codes", row, params.speech.n_vocab, max_row);
        }
    }

    std::shared_ptr<const LoadedModel> model;
    const Params & params;
    const Weights & weights;
    std::atomic<bool> abort{ false };
    uint32_t n_threads;
    Backend backend;
    MelBank bank;
    Timings timings;
};

static std::shared_ptr<const Model> checked(std::shared_ptr<const Model> model) {
    if (!model) {
        fail(Code::invalid_argument, "Expected a model but received none");
    }
    return model;
}

static const SessionOptions & checked(const SessionOptions & options) {
    constexpr uint32_t max_threads = 512;
    if (options.n_threads > max_threads) {
        fail(Code::invalid_argument, "Expected at most %u for n_threads but received %u", max_threads, options.n_threads);
    }
    return options;
}

Session::Session(std::shared_ptr<const Model> model, const SessionOptions & options)
    : impl_(guarded([&] { return std::make_unique<Impl>(checked(std::move(model)), checked(options)); })) {}

Session::~Session() = default;

Mel Session::mel(const std::vector<float> & samples) {
    return guarded([&] {
        const Clock clock;
        Mel mel = impl_->bank.compute(samples);
        impl_->timings.mel_ms = clock.ms();
        return mel;
    });
}

std::vector<float> Session::condition(const Mel & mel) {
    return guarded([&] {
        if (mel.n_mels != impl_->params.mel.n_mels || mel.n_frames == 0 || mel.data.size() != static_cast<size_t>(mel.n_mels) * mel.n_frames) {
            fail(Code::invalid_argument, "Expected %u mel channels and some frames but received %u channels, %u frames and %zu numbers",
                 impl_->params.mel.n_mels, mel.n_mels, mel.n_frames, mel.data.size());
        }
        const Clock clock;
        std::vector<float> voice = condition_mel(impl_->backend, impl_->weights, impl_->params, mel);
        impl_->timings.condition_ms = clock.ms();
        return finite(std::move(voice), "a voice");
    });
}

std::vector<Candidate> Session::generate(const std::vector<int32_t> & text_ids, const std::vector<float> & voice, const GenerateOptions & options) {
    return guarded([&] {
        impl_->check_text(text_ids);
        check_voice(voice, impl_->params);
        check_generate(options, impl_->params);
        check_prefix(text_ids.size(), options.prefix_positions, impl_->params);
        impl_->timings = {};
        return clvp::generate(impl_->backend, impl_->weights, impl_->params, text_ids, voice, options, impl_->timings);
    });
}

std::vector<Candidate> Session::search_beams(const std::vector<int32_t> & text_ids, const std::vector<float> & voice, const BeamOptions & options) {
    return guarded([&] {
        impl_->check_text(text_ids);
        check_voice(voice, impl_->params);
        check_beams(options, impl_->params);
        check_prefix(text_ids.size(), options.prefix_positions, impl_->params);
        impl_->timings = {};
        return clvp::search_beams(impl_->backend, impl_->weights, impl_->params, text_ids, voice, options, impl_->timings);
    });
}

std::vector<float> Session::prefix(const std::vector<int32_t> & text_ids, const std::vector<float> & voice) {
    return guarded([&] {
        impl_->check_text(text_ids);
        check_voice(voice, impl_->params);
        const std::vector<int32_t> ids = conditioning_ids(text_ids, impl_->params);
        Graph graph(impl_->backend, graph_nodes(0));
        ggml_tensor * embeds = graph.output("prefix", embed_prefix(graph, impl_->weights, voice, ids));
        graph.run();
        return Graph::read(embeds);
    });
}

std::vector<float> Session::step_logits(const std::vector<int32_t> & text_ids, const std::vector<float> & voice, const std::vector<int32_t> & codes,
                                        PrefixPositions prefix_positions) {
    return guarded([&] {
        Impl & m = *impl_;
        const DecoderParams & d = m.params.decoder;
        m.check_text(text_ids);
        check_voice(voice, m.params);
        check_prefix(text_ids.size(), prefix_positions, m.params);
        if (!codes.empty()) {
            check_ids("the codes", codes, d.n_vocab, m.params.max_tokens() - 1);
        }
        const std::vector<int32_t> ids = conditioning_ids(text_ids, m.params);
        KvCache cache(m.backend, kv_type(m.params), d.n_layer, d.n_embd, d.n_head, static_cast<uint32_t>(ids.size() + 2), 1, m.params.max_tokens());
        std::vector<float> all = prefill(m.backend, m.weights, m.params, cache, voice, ids, prefix_positions);
        for (int32_t code : codes) {
            const std::vector<float> next = decode_step(m.backend, m.weights, m.params, cache, { code }, false);
            all.insert(all.end(), next.begin(), next.end());
        }
        return all;
    });
}

Encoding Session::encode_text(const std::vector<int32_t> & ids) {
    return guarded([&] {
        check_ids("the text", ids, impl_->params.text.n_vocab, max_row);
        return encode(impl_->backend, impl_->weights.text, impl_->params.text, { ids }).front();
    });
}

Encoding Session::encode_speech(const std::vector<int32_t> & ids) {
    return guarded([&] {
        check_ids("the codes", ids, impl_->params.speech.n_vocab, max_row);
        return encode(impl_->backend, impl_->weights.speech, impl_->params.speech, { ids }).front();
    });
}

std::vector<float> Session::embed_text(const std::vector<int32_t> & text_ids) {
    return guarded([&] {
        impl_->check_text(text_ids);
        const std::vector<std::vector<int32_t>> row = { encoder_ids(text_ids, impl_->params) };
        return finite(normalised(embed_rows(impl_->backend, impl_->weights.text, impl_->params.text, row).front()), "an embedding");
    });
}

std::vector<float> Session::embed_speech(const std::vector<std::vector<int32_t>> & rows) {
    return guarded([&] {
        impl_->check_rows(rows);
        std::vector<float> all;
        for (std::vector<float> & embed : embed_rows(impl_->backend, impl_->weights.speech, impl_->params.speech, rows)) {
            const std::vector<float> unit = normalised(std::move(embed));
            all.insert(all.end(), unit.begin(), unit.end());
        }
        return finite(std::move(all), "embeddings");
    });
}

std::vector<float> Session::score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows) {
    return guarded([&] {
        const Clock clock;
        const std::vector<float> text = embed_text(text_ids);
        const std::vector<float> speech = embed_speech(rows);
        const double scale = std::exp(static_cast<double>(impl_->params.logit_scale));
        std::vector<float> scores;
        for (size_t i = 0; i < rows.size(); i++) {
            double dot = 0;
            for (size_t j = 0; j < text.size(); j++) {
                dot += static_cast<double>(text[j]) * static_cast<double>(speech[i * text.size() + j]);
            }
            scores.push_back(static_cast<float>(dot * scale));
        }
        impl_->timings.score_ms = clock.ms();
        return finite(std::move(scores), "scores");
    });
}

void Session::abort() { impl_->abort.store(true); }

void Session::reset() { impl_->abort.store(false); }

const Timings & Session::timings() const { return impl_->timings; }

uint32_t Session::n_threads() const { return impl_->n_threads; }

} // namespace clvp
