// Session's calls that run the decoder after a prompt: generate(), submit(), search_beams(), latents() and step_logits().
#include "api/session.h"

#include "generate/beam.h"
#include "generate/generate.h"
#include "model/latents.h"
#include "model/prompt.h"
#include "model/rows.h"

#include <condition_variable>
#include <mutex>

namespace clvp {

Generated Session::generate(const Prompt & prompt, const GenerateOptions & options) {
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<Outcome> outcome;
    guarded([&] { // the copies of the prompt and the options may find no memory
        submit({ prompt, options }, [&](Outcome found) {
            std::lock_guard<std::mutex> lock(mutex);
            outcome.emplace(std::move(found));
            wake.notify_one();
        });
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
    request.options.positions = positions_of(request.options.positions, m.params);
    guarded([&] {
        m.need_decoder();
        check_generate(request.options);
        if (request.options.prune.share > 0) {
            m.need_ranker();
            m.check_text(request.options.prune.text_ids);
        }
        m.check_text_prompt(request.prompt);
    });
    if (shares_batch(request.options)) {
        guarded([&] { m.batcher.submit(std::move(request), std::move(done)); });
        return;
    }
    Generated generated;
    const auto error = error_of([&] {
        generated = m.steps(request.options.abort, [&](Call & call) {
            const Request ready = { ready_prompt(call, m.weights, m.params, request.prompt), request.options };
            check_draw(ready.prompt, ready.options, m.params);
            return clvp::generate(m.decoder(call), ready);
        });
    });
    done(error ? Outcome(*error) : Outcome(std::move(generated)));
}

/// Requires a cache that allows rows in any slot, and a caller that neither observes nor changes the steps.
bool Session::shares_batch(const GenerateOptions & options) const { return !impl_->shape.values_by_channel && !is_watched(options); }

Generated Session::search_beams(const Prompt & prompt, const BeamOptions & options) {
    Impl & m = *impl_;
    m.need_decoder();
    check_beams(options);
    m.check_text_prompt(prompt);
    return m.steps(options.abort, [&](Call & call) {
        BeamOptions resolved = options;
        resolved.positions = positions_of(options.positions, m.params);
        const Prompt ready = ready_prompt(call, m.weights, m.params, prompt);
        check_draw(ready, resolved, m.params);
        return clvp::search_beams(m.decoder(call), ready, resolved);
    });
}

std::vector<float> Session::latents(const Prompt & prompt, const std::vector<int32_t> & codes, Positions positions, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    m.check_text_prompt(prompt);
    const Positions counted = positions_of(positions, m.params);
    return m.piece(abort, [&](Call & call) {
        const Prompt ready = ready_prompt(call, m.weights, m.params, prompt);
        check_latents(ready, codes, counted, m.params);
        return finite_result(clvp::latents(call, m.weights, m.params, ready, codes, counted), "latents");
    });
}

std::vector<float> Session::step_logits(const TextPrompt & prompt, const std::vector<int32_t> & codes, Positions positions, const AbortFlag & abort) {
    Impl & m = *impl_;
    m.need_decoder();
    GenerateOptions options;
    options.max_tokens = static_cast<uint32_t>(codes.size()) + 1;
    options.positions = positions_of(positions, m.params);
    check_ids("the codes", codes, m.params.decoder.n_vocab);
    m.check_text_prompt(prompt);
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

} // namespace clvp
