// The public face: Model and Session check what they are given and hand it to the towers.
#include "clvp.h"

#include "beam.h"
#include "clock.h"
#include "codebook.h"
#include "conditioning.h"
#include "cores.h"
#include "generate.h"
#include "hparams.h"
#include "importance.h"
#include "mel.h"
#include "past.h"
#include "rank.h"
#include "vocoder.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

class LoadedModel : public Model {
public:
    LoadedModel(const std::string & path, const ModelOptions & options) : parts_(options.parts) {
        find_device(options.device); // a device that is not there is known before the file is read
        if (!parts_.decoder && !parts_.ranker) {
            fail(Code::invalid_argument, "Expected at least one part of the model but received none");
        }
        GgufHeader header = read_gguf(path);
        params_ = read_params(header.values);
        weights_ = describe_weights(header, params_, parts_);
        device_ = find_device(options.device, weight_bytes(weights_));
        load_weights(weights_, path, header, device_, options);
        values_ = std::move(header.values);
        name_ = ggml_backend_dev_name(device_);
        ggml_backend_tensor_get(weights_.logit_scale, &params_.logit_scale, 0, sizeof(float));
        if (!std::isfinite(params_.logit_scale)) {
            fail(Code::model_format, "the tensor logit_scale is no number");
        }
        if (weights_.codebook) {
            check_codebook(weights_.codebook);
            params_.n_codebook = static_cast<uint32_t>(weights_.codebook->ne[1]);
        }
    }

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

EncoderOutput finite(EncoderOutput output) {
    output.last_hidden = finite(std::move(output.last_hidden), "hidden states");
    output.embeds = finite(std::move(output.embeds), "embeddings");
    return output;
}

} // namespace

std::shared_ptr<const Model> Model::load(const std::string & path, const ModelOptions & options) {
    return guarded([&] { return std::make_shared<const LoadedModel>(path, options); });
}

struct Session::Impl {
    Impl(std::shared_ptr<const Model> shared, const SessionOptions & options)
        : model(std::static_pointer_cast<const LoadedModel>(std::move(shared))), params(model->params()), weights(model->weights()),
          n_threads(options.n_threads ? options.n_threads : default_threads()), backend(model->dev(), n_threads, largest_graph(params), abort),
          shape(kv_shape(backend, params, options.kv_type)), bank(params.mel) {}

    static size_t largest_graph(const Params & p) {
        return graph_nodes(std::max({ p.decoder.n_layer, p.decoder.n_cond_layer, p.text.n_layer, p.speech.n_layer }));
    }

    void need_decoder() const { need(model->parts().decoder, "decoder"); }
    void need_ranker() const { need(model->parts().ranker, "ranker"); }
    static void need(bool present, const char * part) {
        if (!present) {
            fail(Code::unsupported, "Expected a model with its %s for this call but received one loaded without: name it among the parts when loading", part);
        }
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
    KvShape shape;
    MelBank bank;
    LastPrefill last;
    Timings timings;
    std::unique_ptr<ImportanceCollector> collector;

    Decoder decoder() { return { backend, weights, params, shape, last, timings }; }
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
        impl_->need_decoder();
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

/// A text becomes what the conditioning encoder makes of it; other prompts stay as they are.
static Prompt conditioned(Session & session, const Prompt & prompt, const Params & params) {
    const auto * text = std::get_if<TextPrompt>(&prompt);
    if (!text) {
        return prompt;
    }
    Rows rows;
    rows.n_rows = 1;
    rows.ids = encoder_ids(text->ids, params); // with the stop that generate() adds to the conditioning encoder's own
    rows.n_tokens = static_cast<uint32_t>(rows.ids.size());
    return ConditioningPrompt{ session.conditioning(text->voice, rows) };
}

/// A prompt that is no text any more, checked together with its options.
template <typename Options> static Prompt ready_prompt(Session & session, const Prompt & prompt, const Options & options, const Params & params) {
    if (const auto * text = std::get_if<TextPrompt>(&prompt)) {
        check_ids("the text", text->ids, params.text.n_vocab, params.max_text_ids());
        check_voice(text->voice, params);
    }
    Prompt ready = conditioned(session, prompt, params);
    check_draw(ready, options, params);
    return ready;
}

Generated Session::generate(const Prompt & prompt, const GenerateOptions & options) {
    return guarded([&] {
        std::vector<Outcome> outcomes = generate(std::vector<Request>{ { prompt, options } });
        if (const auto * error = std::get_if<Error>(&outcomes.front())) {
            throw Error(*error);
        }
        return std::get<Generated>(std::move(outcomes.front()));
    });
}

std::vector<Outcome> Session::generate(const std::vector<Request> & requests) {
    return guarded([&] {
        Impl & m = *impl_;
        m.need_decoder();
        m.timings = {};
        std::vector<Outcome> outcomes(requests.size());
        std::vector<Request> ready;
        std::vector<size_t> places; // of the ready ones
        auto draw = [&] {
            if (ready.empty()) {
                return;
            }
            std::vector<Generated> drawn = clvp::generate(m.decoder(), ready);
            for (size_t i = 0; i < drawn.size(); i++) {
                const AbortFlag & cancel = ready[i].options.cancel;
                if (cancel && cancel->load()) {
                    outcomes[places[i]].emplace<Error>(Code::aborted, "the request was cancelled");
                } else {
                    outcomes[places[i]].emplace<Generated>(std::move(drawn[i]));
                }
            }
            ready.clear();
            places.clear();
        };
        for (size_t i = 0; i < requests.size(); i++) {
            const bool alone = is_watched(requests[i].options);
            if (alone) {
                draw();
            }
            try {
                check_generate(requests[i].options);
                ready.push_back({ ready_prompt(*this, requests[i].prompt, requests[i].options, m.params), requests[i].options });
                places.push_back(i);
            } catch (const Error & error) { // the others go on, unless the whole call was aborted
                if (m.abort.load()) {
                    throw;
                }
                outcomes[i].emplace<Error>(error);
            }
            if (alone) {
                draw();
            }
        }
        draw();
        return outcomes;
    });
}

Generated Session::search_beams(const Prompt & prompt, const BeamOptions & options) {
    return guarded([&] {
        Impl & m = *impl_;
        m.need_decoder();
        check_beams(options);
        m.timings = {};
        return clvp::search_beams(m.decoder(), ready_prompt(*this, prompt, options, m.params), options);
    });
}

std::vector<float> Session::conditioning(const std::vector<float> & voices, const Rows & text) {
    return guarded([&] {
        impl_->need_decoder();
        check_conditioning(voices, text, impl_->params);
        return finite(condition_rows(impl_->backend, impl_->weights, impl_->params, voices, text), "a prefix");
    });
}

std::vector<float> Session::step_logits(const TextPrompt & prompt, const std::vector<int32_t> & codes, PrefixPositions prefix_positions) {
    return guarded([&] {
        Impl & m = *impl_;
        m.need_decoder();
        GenerateOptions options;
        options.max_tokens = static_cast<uint32_t>(codes.size()) + 1;
        options.prefix_positions = prefix_positions;
        if (!codes.empty()) {
            check_ids("the codes", codes, m.params.decoder.n_vocab, m.params.max_tokens() - 1);
        }
        m.timings = {};
        const Prompt ready = ready_prompt(*this, prompt, options, m.params);
        Stepper stepper(m.decoder(), false, 1, options.max_tokens);
        Decoding decoding(stepper, m.params, ready, options);
        std::vector<float> all = decoding.start();
        decoding.open(0);
        for (int32_t code : codes) {
            const std::vector<float> next = decoding.step({ decoding.next(0, code) }, { 0 }, false);
            all.insert(all.end(), next.begin(), next.end());
        }
        return all;
    });
}

EncoderOutput Session::encode_text(const Rows & rows) {
    return guarded([&] {
        impl_->need_ranker();
        check_encode("the text", rows, impl_->params.text);
        return finite(encode(impl_->backend, impl_->weights.text, impl_->params.text, rows));
    });
}

EncoderOutput Session::encode_speech(const Rows & rows) {
    return guarded([&] {
        impl_->need_ranker();
        check_encode("the codes", rows, impl_->params.speech);
        return finite(encode(impl_->backend, impl_->weights.speech, impl_->params.speech, rows));
    });
}

DecoderOutput Session::decode(const DecoderRows & rows) {
    return guarded([&] {
        impl_->need_decoder();
        check_decode(rows, impl_->params, impl_->model.get());
        DecoderOutput output = clvp::decode(impl_->backend, impl_->weights, impl_->params, rows, impl_->model.get());
        output.last_hidden = finite(std::move(output.last_hidden), "hidden states");
        output.logits = finite(std::move(output.logits), "logits");
        return output;
    });
}

std::vector<float> Session::embed_text(const std::vector<int32_t> & text_ids) {
    return guarded([&] {
        const EncoderParams & p = impl_->params.text;
        impl_->need_ranker();
        impl_->check_text(text_ids);
        const std::vector<float> embeds = embed_codes(impl_->backend, impl_->weights.text, p, { encoder_ids(text_ids, impl_->params) });
        return finite(normalised(embeds, p.n_proj), "an embedding");
    });
}

std::vector<float> Session::embed_speech(const std::vector<std::vector<int32_t>> & rows) {
    return guarded([&] {
        const EncoderParams & p = impl_->params.speech;
        impl_->need_ranker();
        impl_->check_rows(rows);
        return finite(normalised(embed_codes(impl_->backend, impl_->weights.speech, p, rows), p.n_proj), "embeddings");
    });
}

std::vector<float> Session::score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows) {
    return guarded([&] {
        const Clock clock;
        Similarity found = similarity(embed_text(text_ids), embed_speech(rows), impl_->params);
        impl_->timings.score_ms = clock.ms();
        return finite(std::move(found.scores), "scores");
    });
}

Mel Session::codes_to_mel(const std::vector<int32_t> & codes) {
    return guarded([&] {
        if (!impl_->weights.codebook) {
            fail(Code::unsupported, "This model has no codebook: its codes become sound only in tortoise's diffusion stage and vocoder, which are not "
                                    "part of this package");
        }
        return codebook_mel(impl_->weights.codebook, codes);
    });
}

Audio Session::preview(const std::vector<int32_t> & codes, const PreviewOptions & options) {
    return guarded([&] {
        constexpr uint32_t max_iterations = 1000;
        if (options.n_iterations < 1 || options.n_iterations > max_iterations) {
            fail(Code::invalid_argument, "Expected 1 to %u for n_iterations but received %u", max_iterations, options.n_iterations);
        }
        return Audio{ vocode(impl_->bank, codes_to_mel(codes), options.n_iterations, impl_->abort), impl_->params.mel.sample_rate };
    });
}

void Session::collect_importance(bool on) {
    guarded([&] {
        impl_->backend.observe(nullptr);
        impl_->collector = on ? std::make_unique<ImportanceCollector>(impl_->weights.ctx.get()) : nullptr;
        impl_->backend.observe(impl_->collector.get());
    });
}

std::vector<ColumnImportance> Session::importance() const {
    return guarded([&] {
        if (!impl_->collector) {
            fail(Code::invalid_argument, "Expected collect_importance(true) before importance()");
        }
        return impl_->collector->means();
    });
}

void Session::abort() { impl_->abort.store(true); }

void Session::reset() { impl_->abort.store(false); }

bool Session::aborted() const { return impl_->abort.load(); }

const Timings & Session::timings() const { return impl_->timings; }

uint32_t Session::n_threads() const { return impl_->n_threads; }

} // namespace clvp
