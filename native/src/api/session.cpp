// Session: its resources, its checks, and its end.
#include "api/session.h"

#include "clvp/limits.h"

#include "base/cores.h"
#include "model/rows.h"
#include "runtime/graph.h"
#include "speech/diffusion.h"
#include "speech/hifigan.h"
#include "speech/random_voice.h"
#include "speech/univnet.h"

#include <algorithm>

namespace clvp {

namespace {

size_t largest_graph(const Params & p) {
    return std::max({ graph_nodes(std::max({ p.decoder.n_layer, p.decoder.n_cond_layer, p.text.n_layer, p.speech.n_layer })), hifigan_nodes(p.hifigan),
                      diffusion_nodes(p.diffusion), univnet_nodes(p.vocoder), random_nodes(p.random) });
}

/// As much work as three decoder steps of 16 candidates, so that most prompts are one piece. Each piece makes all rows wait once. Smaller
/// pieces lower the throughput: rows would begin after many short steps of few rows (docs/performance.md).
double piece_work(const Params & p) { return std::max(1e9, 3 * 16 * decoder_block_weights(p.decoder) * p.decoder.n_layer); }

void need(bool present, const char * part) {
    if (!present) {
        fail(Code::unsupported, "Expected a model with its %s for this call but received one loaded without it: include that part when loading", part);
    }
}

void check_count(const char * what, const std::vector<int32_t> & ids, size_t max) {
    if (ids.empty() || ids.size() > max) {
        fail(Code::invalid_argument, "Expected 1 to %zu ids for %s but received %zu", max, what, ids.size());
    }
}

std::shared_ptr<const Model> checked(std::shared_ptr<const Model> model) {
    if (!model) {
        fail(Code::invalid_argument, "Expected a model but received none");
    }
    return model;
}

const SessionOptions & checked(const SessionOptions & options) {
    if (options.n_threads > limits::threads) {
        fail(Code::invalid_argument, "Expected at most %u for n_threads but received %u", limits::threads, options.n_threads);
    }
    return options;
}

} // namespace

Session::Impl::Impl(std::shared_ptr<const Model> shared, const SessionOptions & options)
    : model(std::move(shared)), params(model->params()), weights(model->impl_->weights), n_threads(options.n_threads ? options.n_threads : default_threads()),
      machine{ Backend(model->impl_->device, n_threads, largest_graph(params)), piece_work(params) }, shape(kv_shape(machine.backend, params, options.kv_type)),
      bank(params.mel), batcher({ machine, weights, params, shape, last }) {}

void Session::Impl::need_decoder() const { need(model->parts().decoder, "decoder"); }

void Session::Impl::need_ranker() const { need(model->parts().ranker, "ranker"); }

void Session::Impl::need_stage(bool present, const char * stage) { need(present, stage); }

void Session::Impl::check_text(const std::vector<int32_t> & ids) const {
    check_count("the text", ids, params.max_text_ids());
    check_ids("the text", ids, params.text.n_vocab);
}

void Session::Impl::check_codes(const std::vector<std::vector<int32_t>> & rows) const {
    if (rows.empty()) {
        fail(Code::invalid_argument, "Expected at least one row of codes but received none");
    }
    for (const auto & row : rows) {
        check_count("a row of codes", row, limits::row_codes);
        check_ids("a row of codes", row, params.speech.n_vocab);
    }
}

void Session::Impl::check_text_prompt(const Prompt & prompt) const {
    const auto * text = std::get_if<TextPrompt>(&prompt);
    if (!text) {
        return;
    }
    check_text(text->ids);
    if (text->voice.size() != params.decoder.n_embd) {
        fail(Code::invalid_argument, "Expected a voice of %u numbers but received %zu: create the voice with this model", params.decoder.n_embd,
             text->voice.size());
    }
    if (!all_finite(text->voice)) {
        fail(Code::invalid_argument, "Expected finite numbers for the voice but received NaN or infinity");
    }
}

Session::Session(std::shared_ptr<const Model> model, const SessionOptions & options)
    : impl_(guarded([&] { return std::make_unique<Impl>(checked(std::move(model)), checked(options)); })) {}

Session::~Session() {
    close();
    wait_closed();
}

void Session::close() { impl_->machine.closed.store(true); }

void Session::wait_closed() { impl_->batcher.close(); }

bool Session::is_closed() const { return impl_->machine.closed.load(); }

uint32_t Session::n_threads() const { return impl_->n_threads; }

} // namespace clvp
