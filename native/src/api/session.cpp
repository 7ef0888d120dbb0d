// Session validates arguments and passes them to the towers.
#include "clvp.h"

#include "api/model.h"
#include "clvp/limits.h"

#include "audio/griffin_lim.h"
#include "audio/mel.h"
#include "base/cores.h"
#include "generate/batcher.h"
#include "generate/beam.h"
#include "generate/generate.h"
#include "model/codebook.h"
#include "model/conditioning.h"
#include "model/hparams.h"
#include "model/past.h"
#include "model/prompt.h"
#include "model/rank.h"
#include "runtime/graph.h"
#include "runtime/importance.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace clvp {

namespace {

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
        fail(Code::invalid_argument, "Expected a voice of %u numbers but received %zu: create the voice with this model", params.decoder.n_embd, voice.size());
    }
    if (!all_finite(voice)) {
        fail(Code::invalid_argument, "Expected finite numbers for the voice but received NaN or infinity");
    }
}

EncoderOutput finite(EncoderOutput output) {
    output.last_hidden = finite_result(std::move(output.last_hidden), "hidden states");
    output.embeds = finite_result(std::move(output.embeds), "embeddings");
    return output;
}

} // namespace

struct Session::Impl {
    Impl(std::shared_ptr<const Model> shared, const SessionOptions & options)
        : model(std::static_pointer_cast<const LoadedModel>(std::move(shared))), params(model->params()), weights(model->weights()),
          n_threads(options.n_threads ? options.n_threads : default_threads()),
          machine{ Backend(model->dev(), n_threads, largest_graph(params)), piece_work(params) }, shape(kv_shape(machine.backend, params, options.kv_type)),
          bank(params.mel), batcher({ machine, weights, params, shape, last }) {}

    static size_t largest_graph(const Params & p) {
        return graph_nodes(std::max({ p.decoder.n_layer, p.decoder.n_cond_layer, p.text.n_layer, p.speech.n_layer }));
    }
    /// As much work as three decoder steps of 16 candidates, so that most prompts are one piece. Each piece makes all rows wait once. Smaller
    /// pieces lower the throughput: rows would begin after many short steps of few rows (docs/performance.md).
    static double piece_work(const Params & p) { return std::max(1e9, 3 * 16 * decoder_block_weights(p.decoder) * p.decoder.n_layer); }

    void need_decoder() const { need(model->parts().decoder, "decoder"); }
    void need_ranker() const { need(model->parts().ranker, "ranker"); }
    static void need(bool present, const char * part) {
        if (!present) {
            fail(Code::unsupported, "Expected a model with its %s for this call but received one loaded without it: include that part when loading", part);
        }
    }

    void check_text(const std::vector<int32_t> & ids) const { check_ids("the text", ids, params.text.n_vocab, params.max_text_ids()); }
    void check_rows(const std::vector<std::vector<int32_t>> & rows) const {
        if (rows.empty()) {
            fail(Code::invalid_argument, "Expected at least one row of codes but received none");
        }
        for (const auto & row : rows) {
            check_ids("a row of codes", row, params.speech.n_vocab, limits::row_codes);
        }
    }
    void check_prompt(const Prompt & prompt) const {
        if (const auto * text = std::get_if<TextPrompt>(&prompt)) {
            check_text(text->ids);
            check_voice(text->voice, params);
        }
    }
    void check_request(const Request & request) const {
        need_decoder();
        check_generate(request.options);
        check_prompt(request.prompt);
    }

    /// Runs the work of a call, which has exclusive use of the machine except during pauses.
    template <typename Work> auto run(Turns::Kind kind, const AbortFlag & abort, Work work) {
        return guarded([&] {
            try {
                Call call(machine, kind, abort);
                return work(call);
            } catch (const Error & error) {
                if (error.code == Code::aborted && machine.closed.load()) { // a stopped graph always reports `aborted`
                    fail(Code::disposed, "the session was closed");
                }
                throw;
            }
        });
    }
    template <typename Work> auto piece(const AbortFlag & abort, Work work) { return run(Turns::Kind::piece, abort, std::move(work)); }
    template <typename Work> auto steps(const AbortFlag & abort, Work work) { return run(Turns::Kind::step, abort, std::move(work)); }

    Decoder decoder(Call & call) { return { call, weights, params, shape, last }; }
    std::vector<float> embed_text(Call & call, const std::vector<int32_t> & ids) const {
        const std::vector<float> embeds = embed_codes(call, weights.text, params.text, { encoder_ids(ids, params) });
        return finite_result(normalised(embeds, params.text.n_proj), "an embedding");
    }
    std::vector<float> embed_speech(Call & call, const std::vector<std::vector<int32_t>> & rows) const {
        return finite_result(normalised(embed_codes(call, weights.speech, params.speech, rows), params.speech.n_proj), "embeddings");
    }

    /// Requests share a batch if the cache allows rows in any slot, unless the caller observes or changes the steps.
    bool shares_batch(const GenerateOptions & options) const { return !shape.values_by_channel && !is_watched(options); }
    Generated draw_alone(const Request & request) {
        return steps(request.options.abort, [&](Call & call) {
            const Request ready = { ready_prompt(call, weights, params, request.prompt), request.options };
            check_draw(ready.prompt, ready.options, params);
            return clvp::generate(decoder(call), ready);
        });
    }

    std::shared_ptr<const LoadedModel> model;
    const Params & params;
    const Weights & weights;
    uint32_t n_threads;
    Machine machine;
    KvShape shape;
    MelBank bank;
    LastPrefill last;
    std::unique_ptr<ImportanceCollector> collector;
    Batcher batcher; // last, because its thread uses the members above
};

static std::shared_ptr<const Model> checked(std::shared_ptr<const Model> model) {
    if (!model) {
        fail(Code::invalid_argument, "Expected a model but received none");
    }
    return model;
}

static const SessionOptions & checked(const SessionOptions & options) {
    if (options.n_threads > limits::threads) {
        fail(Code::invalid_argument, "Expected at most %u for n_threads but received %u", limits::threads, options.n_threads);
    }
    return options;
}

Session::Session(std::shared_ptr<const Model> model, const SessionOptions & options)
    : impl_(guarded([&] { return std::make_unique<Impl>(checked(std::move(model)), checked(options)); })) {}

Session::~Session() {
    close();
    wait_closed();
}

Mel Session::mel(const std::vector<float> & samples) {
    return guarded([&] { return impl_->bank.compute(samples); });
}

std::vector<float> Session::condition(const Mel & mel, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    if (mel.n_mels != m.params.mel.n_mels || mel.n_frames == 0 || mel.data.size() != static_cast<size_t>(mel.n_mels) * mel.n_frames) {
        fail(Code::invalid_argument, "Expected %u mel channels and at least one frame but received %u channels, %u frames and %zu numbers", m.params.mel.n_mels,
             mel.n_mels, mel.n_frames, mel.data.size());
    }
    return m.piece(abort, [&](Call & call) { return finite_result(condition_mel(call, m.weights, m.params, mel), "a voice"); });
}

Generated Session::generate(const Prompt & prompt, const GenerateOptions & options) {
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<Outcome> outcome;
    submit({ prompt, options }, [&](Outcome found) {
        std::lock_guard<std::mutex> lock(mutex);
        outcome.emplace(std::move(found));
        wake.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    wake.wait(lock, [&] { return outcome.has_value(); });
    if (const auto * error = std::get_if<Error>(&*outcome)) {
        throw Error(*error);
    }
    return std::get<Generated>(std::move(*outcome));
}

void Session::submit(Request request, Done done) {
    Impl & m = *impl_;
    guarded([&] { m.check_request(request); });
    if (m.shares_batch(request.options)) {
        guarded([&] { m.batcher.submit(std::move(request), std::move(done)); });
        return;
    }
    Generated generated;
    const auto error = error_of([&] { generated = m.draw_alone(request); });
    done(error ? Outcome(*error) : Outcome(std::move(generated)));
}

Generated Session::search_beams(const Prompt & prompt, const BeamOptions & options) {
    Impl & m = *impl_;
    m.need_decoder();
    check_beams(options);
    m.check_prompt(prompt);
    return m.steps(options.abort, [&](Call & call) {
        const Prompt ready = ready_prompt(call, m.weights, m.params, prompt);
        check_draw(ready, options, m.params);
        return clvp::search_beams(m.decoder(call), ready, options);
    });
}

std::vector<float> Session::conditioning(const std::vector<float> & voices, const Rows & text, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    check_conditioning(voices, text, m.params);
    return m.piece(abort, [&](Call & call) { return finite_result(condition_rows(call, m.weights, m.params, voices, text), "a prefix"); });
}

std::vector<float> Session::step_logits(const TextPrompt & prompt, const std::vector<int32_t> & codes, PrefixPositions prefix_positions,
                                        const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    GenerateOptions options;
    options.max_tokens = static_cast<uint32_t>(codes.size()) + 1;
    options.prefix_positions = prefix_positions;
    if (!codes.empty()) {
        check_ids("the codes", codes, m.params.decoder.n_vocab, m.params.max_tokens() - 1);
    }
    m.check_prompt(prompt);
    return m.steps(abort, [&](Call & call) {
        const Prompt ready = ready_prompt(call, m.weights, m.params, prompt);
        check_draw(ready, options, m.params);
        Stepper stepper(m.decoder(call), false, 1, options.max_tokens);
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

EncoderOutput Session::encode_text(const Rows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    check_encode("the text", rows, m.params.text);
    return m.piece(abort, [&](Call & call) { return finite(encode(call, m.weights.text, m.params.text, rows)); });
}

EncoderOutput Session::encode_speech(const Rows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    check_encode("the codes", rows, m.params.speech);
    return m.piece(abort, [&](Call & call) { return finite(encode(call, m.weights.speech, m.params.speech, rows)); });
}

DecoderOutput Session::decode(const DecoderRows & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    check_decode(rows, m.params, m.model.get());
    return m.piece(abort, [&](Call & call) {
        DecoderOutput output = clvp::decode(call, m.weights, m.params, rows, m.model.get());
        output.last_hidden = finite_result(std::move(output.last_hidden), "hidden states");
        output.logits = finite_result(std::move(output.logits), "logits");
        return output;
    });
}

std::vector<float> Session::embed_text(const std::vector<int32_t> & text_ids, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    m.check_text(text_ids);
    return m.piece(abort, [&](Call & call) { return m.embed_text(call, text_ids); });
}

std::vector<float> Session::embed_speech(const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_ranker();
    m.check_rows(rows);
    return m.piece(abort, [&](Call & call) { return m.embed_speech(call, rows); });
}

std::vector<float> Session::score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort) {
    return guarded([&] {
        Similarity found = similarity(embed_text(text_ids, abort), embed_speech(rows, abort), impl_->params);
        return finite_result(std::move(found.scores), "scores");
    });
}

Mel Session::codes_to_mel(const std::vector<int32_t> & codes) {
    Impl & m = *impl_;
    if (!m.weights.codebook) {
        fail(Code::unsupported, "This model has no codebook: only tortoise's diffusion stage and vocoder, which are not part of this package, can "
                                "turn its codes into sound");
    }
    return m.piece(nullptr, [&](Call &) { return codebook_mel(m.weights.codebook, codes); });
}

Audio Session::preview(const std::vector<int32_t> & codes, const PreviewOptions & options, const AbortFlag & abort) {
    Impl & m = *impl_;
    if (options.n_iterations < 1 || options.n_iterations > limits::preview_iterations) {
        fail(Code::invalid_argument, "Expected 1 to %u for n_iterations but received %u", limits::preview_iterations, options.n_iterations);
    }
    return guarded([&] { // needs no turn: computes on this thread alone
        const Mel mel = codes_to_mel(codes);
        return Audio{ vocode(m.bank, mel, options.n_iterations, [&] { check_running(m.machine, abort); }), m.params.mel.sample_rate };
    });
}

void Session::collect_importance(bool on) {
    Impl & m = *impl_;
    m.piece(nullptr, [&](Call &) {
        m.machine.backend.observe(nullptr);
        m.collector = on ? std::make_unique<ImportanceCollector>(m.weights.ctx.get()) : nullptr;
        m.machine.backend.observe(m.collector.get());
    });
}

std::vector<ColumnImportance> Session::importance() const {
    Impl & m = *impl_;
    return m.piece(nullptr, [&](Call &) {
        if (!m.collector) {
            fail(Code::invalid_argument, "Expected a session that collects importance but received one that does not: call collect_importance(true) first");
        }
        return m.collector->means();
    });
}

void Session::close() { impl_->machine.closed.store(true); }

void Session::wait_closed() { impl_->batcher.close(); }

bool Session::is_closed() const { return impl_->machine.closed.load(); }

uint32_t Session::n_threads() const { return impl_->n_threads; }

} // namespace clvp
