#include "beam.h"

#include "clock.h"
#include "conditioning.h"
#include "generate.h"
#include "random.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace clvp {

namespace {

/// A row that is still being written; its index among the running ones is its slot in the KV cache.
struct Beam {
    std::vector<int32_t> tokens;
    float score = 0;    // sum of the processed log-probabilities
    double logprob = 0; // the same before any processor
};

/// A way for a running beam to go on.
struct Step {
    float score;
    double logprob; // of the token alone, before any processor
    size_t beam;
    int32_t token;
};

struct Search {
    Backend & backend;
    const Weights & weights;
    const Params & params;
    const BeamOptions & options;
    Timings & timings;
    KvCache cache;
    std::vector<Beam> running;
    std::vector<Beam> finished; // best first; their scores are divided by length^length_penalty
    bool can_improve = true;
    uint64_t n_drawn = 0;
};

void sort_best_first(std::vector<Step> & steps) {
    std::stable_sort(steps.begin(), steps.end(), [](const Step & a, const Step & b) { return a.score > b.score; });
}

/// Log-probabilities of one row after the processors, added to the beam's score.
void add_steps(std::vector<Step> & steps, const Search & search, size_t beam, const float * logits) {
    const size_t n = search.params.decoder.n_vocab;
    std::vector<float> scores(logits, logits + n);
    check_logits(scores);
    const double norm = log_sum(scores.data(), n);
    for (float & x : scores) {
        x = static_cast<float>(static_cast<double>(x) - norm);
    }
    suppress_unrankable(scores, search.params);
    std::vector<int32_t> seen = { search.params.decoder.bos };
    seen.insert(seen.end(), search.running[beam].tokens.begin(), search.running[beam].tokens.end());
    Sampling sampling = search.options.sampling;
    if (!search.options.sample) {
        sampling.temperature = 0; // then only the repetition penalty applies
    }
    constexpr size_t min_keep = 2; // one way on besides the stop
    warp(scores, seen, sampling, min_keep);
    for (size_t id = 0; id < n; id++) {
        if (scores[id] != -std::numeric_limits<float>::infinity()) {
            steps.push_back({ scores[id] + search.running[beam].score, static_cast<double>(logits[id]) - norm, beam, static_cast<int32_t>(id) });
        }
    }
}

/// The n best ways on of all beams, best first.
std::vector<Step> best_steps(std::vector<Step> steps, size_t n) {
    n = std::min(n, steps.size());
    std::partial_sort(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(n), steps.end(), [](const Step & a, const Step & b) {
        return a.score != b.score ? a.score > b.score : a.beam != b.beam ? a.beam < b.beam : a.token < b.token;
    });
    steps.resize(n);
    return steps;
}

/// n ways on drawn without replacement by softmax of their scores, in the order drawn: the n highest scores with Gumbel
/// noise (Kool et al., "Stochastic beams and where to find them", 2019).
std::vector<Step> drawn_steps(std::vector<Step> steps, size_t n, Search & search) {
    std::vector<std::pair<double, size_t>> keys;
    for (size_t i = 0; i < steps.size(); i++) {
        const double u = uniform(search.options.seed, search.n_drawn++) + 0x1.0p-54; // never 0
        keys.push_back({ static_cast<double>(steps[i].score) - std::log(-std::log(u)), i });
    }
    n = std::min(n, keys.size());
    std::partial_sort(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(n), keys.end(), std::greater<>());
    std::vector<Step> drawn;
    for (size_t k = 0; k < n; k++) {
        drawn.push_back(steps[keys[k].second]);
    }
    return drawn;
}

bool ends(const Search & search, const Step & step) {
    return step.token == search.params.decoder.eos || search.running[step.beam].tokens.size() + 1 >= search.options.max_tokens;
}

bool all_finished(const Search & search) { return search.finished.size() == search.options.n_beams; }

/// Keeps the best finished rows. Only ways on among the first n_beams may end a row.
void finish_rows(Search & search, const std::vector<Step> & steps) {
    const BeamOptions & o = search.options;
    if (!search.can_improve || (o.early_stopping == EarlyStopping::yes && all_finished(search))) {
        return;
    }
    for (size_t i = 0; i < std::min<size_t>(steps.size(), o.n_beams); i++) {
        if (ends(search, steps[i])) {
            Beam beam = search.running[steps[i].beam];
            beam.tokens.push_back(steps[i].token);
            beam.logprob += steps[i].logprob;
            beam.score = steps[i].score / std::pow(static_cast<float>(beam.tokens.size()), o.length_penalty);
            search.finished.push_back(std::move(beam));
        }
    }
    std::stable_sort(search.finished.begin(), search.finished.end(), [](const Beam & a, const Beam & b) { return a.score > b.score; });
    search.finished.resize(std::min<size_t>(search.finished.size(), o.n_beams));
}

/// Makes the chosen ways on the running beams. The first child of a beam stays in its slot; others get the slots of beams
/// that end here, and a copy of their parent's own keys and values.
void go_on(Search & search, const std::vector<Step> & steps) {
    const size_t n_slots = search.options.n_beams;
    std::vector<Beam> next(n_slots);
    std::vector<bool> taken(n_slots, false);
    std::vector<std::pair<Step, bool>> chosen; // with: does it stay in its parent's slot
    for (const Step & step : steps) {
        if (chosen.size() < n_slots && !ends(search, step)) {
            chosen.push_back({ step, !taken[step.beam] });
            taken[step.beam] = true;
        }
    }
    size_t free = 0;
    for (const auto & [step, stays] : chosen) {
        size_t slot = step.beam;
        if (!stays) {
            while (taken[free]) {
                free++;
            }
            slot = free;
            taken[slot] = true;
            search.cache.move(static_cast<uint32_t>(step.beam), static_cast<uint32_t>(slot));
        }
        next[slot] = search.running[step.beam];
        next[slot].tokens.push_back(step.token);
        next[slot].score = step.score;
        next[slot].logprob += step.logprob;
    }
    // Fewer ways on than beams (a tiny vocabulary): the live ones must be the first slots.
    for (size_t slot = 0, live = 0; slot < n_slots; slot++) {
        if (taken[slot]) {
            search.cache.move(static_cast<uint32_t>(slot), static_cast<uint32_t>(live));
            std::swap(next[live++], next[slot]);
        }
    }
    next.resize(chosen.size());
    search.running = std::move(next);
}

/// Can a running beam still beat the worst finished row? The reference's rule, which only ever turns to no.
void judge_improvement(Search & search) {
    const BeamOptions & o = search.options;
    if (search.running.empty()) {
        search.can_improve = false;
        return;
    }
    float best = search.running.front().score;
    for (const Beam & beam : search.running) {
        best = std::max(best, beam.score);
    }
    const bool to_the_end = o.early_stopping == EarlyStopping::never && o.length_penalty > 0;
    const float length = static_cast<float>(to_the_end ? o.max_tokens : search.running.front().tokens.size());
    const float worst = all_finished(search) ? search.finished.back().score : -1e9f;
    search.can_improve = search.can_improve && best / std::pow(length, o.length_penalty) > worst;
}

/// One round: from the running beams' logits [n_running, n_vocab] to the next running and finished ones. False at the end.
bool advance(Search & search, const std::vector<float> & logits) {
    const Clock clock;
    std::vector<Step> steps;
    for (size_t i = 0; i < search.running.size(); i++) {
        add_steps(steps, search, i, logits.data() + i * search.params.decoder.n_vocab);
    }
    const size_t n_keep = 2 * static_cast<size_t>(search.options.n_beams); // so that n_beams go on even if as many end
    steps = search.options.sample ? drawn_steps(std::move(steps), n_keep, search) : best_steps(std::move(steps), n_keep);
    const bool all_end = std::all_of(steps.begin(), steps.end(), [&](const Step & step) { return ends(search, step); });
    finish_rows(search, steps); // in the order drawn, as the reference
    sort_best_first(steps);
    if (!all_end) {
        go_on(search, steps);
        judge_improvement(search);
    }
    search.timings.sample_ms += clock.ms();
    return !all_end && search.can_improve && !(search.options.early_stopping == EarlyStopping::yes && all_finished(search));
}

std::vector<float> next_logits(Search & search) {
    const Clock clock;
    std::vector<int32_t> tokens;
    for (const Beam & beam : search.running) {
        tokens.push_back(beam.tokens.back());
    }
    std::vector<float> logits = decode_step(search.backend, search.weights, search.params, search.cache, std::move(tokens), false);
    search.timings.decode_ms += clock.ms();
    search.timings.n_steps++;
    search.timings.kv_bytes = std::max(search.timings.kv_bytes, search.cache.n_bytes());
    return logits;
}

Candidate to_candidate(const Beam & beam, uint32_t index, const Search & search) {
    Candidate candidate;
    candidate.index = index;
    candidate.seed = search.options.seed;
    candidate.tokens = beam.tokens;
    candidate.beam_score = beam.score;
    candidate.mean_logprob = beam.logprob / static_cast<double>(beam.tokens.size());
    if (candidate.tokens.back() == search.params.decoder.eos) {
        candidate.tokens.pop_back();
        candidate.finish = Finish::stop;
    }
    return candidate;
}

} // namespace

void check_beams(const BeamOptions & o, const Params & params) {
    constexpr uint32_t max_beams = 256;
    check_sampling(o.sampling);
    if (o.n_beams < 1 || o.n_beams > max_beams || o.n_return < 1 || o.n_return > o.n_beams) {
        fail(Code::invalid_argument, "Expected 1 to %u beams and at most as many rows to return but received %u and %u", max_beams, o.n_beams, o.n_return);
    }
    if (o.max_tokens < 1 || o.max_tokens > params.max_tokens()) {
        fail(Code::invalid_argument, "Expected an integer from 1 to %u for max_tokens but received %u", params.max_tokens(), o.max_tokens);
    }
    if (!std::isfinite(o.length_penalty) || o.length_penalty < -2 || o.length_penalty > 10) {
        fail(Code::invalid_argument, "Expected a number from -2 to 10 for length_penalty but received %g", static_cast<double>(o.length_penalty));
    }
    if (o.sample && o.sampling.temperature == 0) {
        fail(Code::invalid_argument, "Expected a temperature above 0 for drawn beams but received 0");
    }
}

std::vector<Candidate> search_beams(Backend & backend, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                                    const std::vector<float> & voice, const BeamOptions & options, Timings & timings) {
    const std::vector<int32_t> ids = conditioning_ids(text_ids, params);
    const auto n_prefix = static_cast<uint32_t>(ids.size() + 2);
    const DecoderParams & d = params.decoder;
    Search search = { backend,    weights, params,
                      options,    timings, KvCache(backend, kv_type(params), d.n_layer, d.n_embd, d.n_head, n_prefix, options.n_beams, options.max_tokens),
                      { Beam{} }, {},      true,
                      0 };

    const Clock clock;
    std::vector<float> logits = prefill(backend, weights, params, search.cache, voice, ids, options.prefix_positions);
    timings.prefill_ms = clock.ms();
    timings.n_prefill = n_prefix;
    timings.kv_bytes = search.cache.n_bytes();
    while (advance(search, logits)) {
        logits = next_logits(search);
        if (options.on_step) {
            options.on_step(search.running.front().tokens.size());
        }
    }
    std::vector<Candidate> candidates;
    for (uint32_t i = 0; i < std::min<size_t>(options.n_return, search.finished.size()); i++) {
        candidates.push_back(to_candidate(search.finished[i], i, search));
    }
    return candidates;
}

} // namespace clvp
