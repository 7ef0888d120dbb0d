#include "generate/decoding.h"

#include "base/clock.h"
#include "model/prompt.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

/// Checks scores after the limits and the caller's processor: no NaN, no plus infinity, and at least one finite score in each row.
void check_scores(const std::vector<float> & scores, size_t n_rows, size_t n_vocab) {
    if (scores.size() != n_rows * n_vocab) {
        fail(Code::invalid_argument, "Expected %zu x %zu scores from the logits processor but received %zu", n_rows, n_vocab, scores.size());
    }
    if (std::any_of(scores.begin(), scores.end(), [](float x) { return std::isnan(x) || x == INFINITY; })) {
        fail(Code::invalid_argument, "Expected scores that are finite or minus infinity from the logits processor but received NaN or infinity");
    }
    for (auto row = scores.begin(); row != scores.end(); row += static_cast<ptrdiff_t>(n_vocab)) {
        if (std::none_of(row, row + static_cast<ptrdiff_t>(n_vocab), [](float x) { return std::isfinite(x); })) {
            fail(Code::invalid_argument, "Expected limits and a processor that leave at least one token to draw but none is left: relax them");
        }
    }
}

} // namespace

void check_logits(const float * logits, size_t n) {
    if (!all_finite(logits, n)) {
        fail_not_finite("logits");
    }
}

void check_draw(const Prompt & prompt, const DrawOptions & options, const Params & params) {
    check_prompt(prompt, options.positions, options.max_tokens, params);
    check_sampling(options.sampling);
    check_limits(options, params);
    if (options.seed >= (1ull << 53)) {
        fail(Code::invalid_argument, "Expected an integer below 2^53 for seed but received %llu", static_cast<unsigned long long>(options.seed));
    }
}

Stepper::Stepper(const Decoder & decoder, bool attentions, uint32_t n_slots, uint32_t n_max)
    : cache(decoder.call.backend(), attentions ? recorded(decoder.shape) : decoder.shape, n_slots, n_max), decoder_(decoder) {}

static bool is_same(const ConditioningPrompt & a, const ConditioningPrompt & b) { return a.embeds == b.embeds; }

static bool is_same(const TokenPrompt & a, const TokenPrompt & b) {
    return a.ids == b.ids && a.embeds == b.embeds && a.positions == b.positions && a.mask == b.mask; // the decoder reads no other member
}

static bool is_same(const TextPrompt &, const TextPrompt &) { return false; } // becomes a ConditioningPrompt before it is read

static bool is_same(const Prompt & a, const Prompt & b) {
    return std::visit(
        [&](const auto & x) {
            const auto * y = std::get_if<std::decay_t<decltype(x)>>(&b);
            return y && is_same(x, *y);
        },
        a);
}

Prefilled Stepper::start(const Prompt & prompt, Positions positions, const Recording & record, Timings & timings) {
    const Clock clock;
    LastPrefill & last = decoder_.last;
    const bool recorded = record.hidden_states || record.attentions;
    const bool known = !recorded && !decoder_.call.backend().is_observed() && last.prefilled.prefix && last.positions == positions &&
                       last.shape == cache.shape() && is_same(last.prompt, prompt);
    if (!known) {
        last = {};
        Prefilled done = prefill(decoder_.call, decoder_.weights, decoder_.params, cache.shape(), prompt, positions, record);
        check_logits(done.output.logits.data(), done.output.logits.size());
        timings.n_prefill += prompt_length(prompt, decoder_.params);
        if (recorded) {
            timings.prefill_ms += clock.ms();
            timings.kv_bytes += done.prefix->n_bytes();
            return done;
        }
        last = { prompt, positions, cache.shape(), std::move(done) };
    }
    timings.prefill_ms += clock.ms();
    timings.kv_bytes += last.prefilled.prefix->n_bytes();
    return last.prefilled;
}

DecoderOutput Stepper::step(const std::vector<StepRow> & rows, bool deterministic, const Recording & record) {
    return decode_step(decoder_.call, decoder_.weights, decoder_.params, cache, rows, deterministic, record);
}

static std::vector<int32_t> written_ids(const Prompt & prompt, const DrawOptions & options, const Params & params) {
    std::vector<int32_t> ids = options.history;
    const std::vector<int32_t> own = written_ids(prompt, params);
    ids.insert(ids.end(), own.begin(), own.end());
    return ids;
}

Decoding::Decoding(Stepper & stepper, const Params & params, const Prompt & prompt, const DrawOptions & options)
    : stepper_(stepper), params_(params), prompt_(prompt), options_(options), stops_(stop_ids(options, params)),
      written_(written_ids(prompt, options, params)) {}

std::vector<float> Decoding::start() {
    Prefilled done = stepper_.start(prompt_, options_.positions, options_.record, timings);
    prefix_ = std::move(done.prefix);
    prefix_bytes_ = prefix_->n_bytes();
    record(0, {}, done.output);
    return std::move(done.output.logits);
}

StepRow Decoding::next(uint32_t slot, int32_t token) const {
    return { slot, token, first_position(prompt_, options_.positions) + stepper_.cache.length(slot) };
}

std::vector<float> Decoding::step(const std::vector<StepRow> & rows, const std::vector<uint32_t> & candidates, bool deterministic) {
    stepper_.call().pause();
    const Clock clock;
    const uint64_t before = stepper_.cache.n_bytes();
    const uint32_t n_drawn = stepper_.cache.length(rows.front().slot) + 1; // tokens fed so far and in this step
    DecoderOutput output = stepper_.step(rows, deterministic, options_.record);
    check_logits(output.logits.data(), output.logits.size());
    timings.decode_ms += clock.ms();
    timings.n_steps++;
    timings.kv_bytes += std::max(before, stepper_.cache.n_bytes()) - before;
    record(n_drawn, candidates, output);
    return std::move(output.logits);
}

void Decoding::process(const StepRows & rows, std::vector<float> & scores, size_t n_drawn, bool warped, size_t min_keep) {
    const size_t n_rows = rows.ids.size(), n_vocab = params_.decoder.n_vocab;
    auto each_row = [&](auto change) {
        for (size_t i = 0; i < n_rows; i++) {
            const auto at = scores.begin() + static_cast<ptrdiff_t>(i * n_vocab);
            std::vector<float> row(at, at + static_cast<ptrdiff_t>(n_vocab));
            change(row, i);
            std::copy(row.begin(), row.end(), at);
        }
    };
    each_row([&](std::vector<float> & row, size_t i) { apply_limits(row, rows.ids[i], padding_length(prompt_), n_drawn, options_, params_); });
    if (options_.process) {
        const Call::Rest rest(stepper_.call()); // the processor may take long and may call this session
        options_.process(rows, scores);
    }
    check_scores(scores, n_rows, n_vocab);
    if (warped) {
        each_row([&](std::vector<float> & row, size_t) { warp(row, options_.sampling, min_keep); });
    }
    if (options_.record.scores) {
        trace(n_drawn, rows.candidates).scores = scores;
    }
}

std::vector<int32_t> Decoding::ends(const StepRows & rows) const {
    if (!options_.criteria) {
        return std::vector<int32_t>(rows.ids.size(), 0);
    }
    std::vector<int32_t> ends;
    {
        const Call::Rest rest(stepper_.call());
        ends = options_.criteria(rows);
    }
    if (ends.size() != rows.ids.size()) {
        fail(Code::invalid_argument, "Expected %zu results from the stopping criteria, one for each row, but received %zu", rows.ids.size(), ends.size());
    }
    return ends;
}

bool Decoding::is_stop(int32_t id) const { return std::find(stops_.begin(), stops_.end(), id) != stops_.end(); }

void Decoding::record_logits(size_t n_drawn, const std::vector<uint32_t> & candidates, const std::vector<float> & logits) {
    if (options_.record.logits) {
        trace(n_drawn, candidates).logits = logits;
    }
}

StepTrace & Decoding::trace(size_t n_drawn, const std::vector<uint32_t> & candidates) {
    const bool same = !traces.empty() && traces.back().step == n_drawn && (traces.back().candidates == candidates || traces.back().candidates.empty());
    if (!same) {
        traces.emplace_back();
    }
    traces.back().step = static_cast<uint32_t>(n_drawn);
    traces.back().candidates = candidates;
    return traces.back();
}

void Decoding::record(size_t n_drawn, const std::vector<uint32_t> & candidates, DecoderOutput & output) {
    if (options_.record.hidden_states || options_.record.attentions) {
        StepTrace & at = trace(n_drawn, candidates);
        at.hidden_states = std::move(output.hidden_states);
        at.attentions = std::move(output.attentions);
    }
}

} // namespace clvp
