#include "generate/beam.h"

#include "base/clock.h"
#include "base/random.h"
#include "clvp/limits.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace clvp {

namespace {

/// An unfinished row; its index among the running beams is its slot in the KV cache.
struct Beam {
    std::vector<int32_t> tokens;
    float score = 0;           // sum of the processed log-probabilities
    double logprob = 0;        // the same before any processor
    uint32_t rank = 0;         // among the running beams, best first
    std::vector<int32_t> path; // rank of the parent beam for each token
};

/// A continuation of a running beam by one token.
struct Step {
    float score;
    double logprob; // of the token alone, before any processor
    size_t beam;
    int32_t token;
    bool ends = false;
};

struct Search {
    const Params & params;
    const BeamOptions & options;
    Stepper stepper;
    Decoding decoding;
    std::vector<Beam> running;
    std::vector<Beam> finished; // best first; their scores are divided by length^length_penalty
    bool can_improve = true;
    uint64_t n_drawn = 0;
};

void sort_best_first(std::vector<Step> & steps) {
    std::stable_sort(steps.begin(), steps.end(), [](const Step & a, const Step & b) { return a.score > b.score; });
}

std::vector<uint32_t> ranks(const Search & search) {
    std::vector<uint32_t> all;
    for (const Beam & beam : search.running) {
        all.push_back(beam.rank);
    }
    return all;
}

std::vector<int32_t> ids_of(const Search & search, const Beam & beam) {
    std::vector<int32_t> ids = search.decoding.written();
    ids.insert(ids.end(), beam.tokens.begin(), beam.tokens.end());
    return ids;
}

/// All continuations, from logits [n_running, n_vocab]: log-probabilities after limits, processor and warpers, added to those of the beams.
std::vector<Step> continuations(Search & search, const std::vector<float> & logits) {
    const size_t n = search.params.decoder.n_vocab, n_drawn = search.running.front().tokens.size();
    StepRows rows = { ranks(search), {} };
    std::vector<double> norms;
    std::vector<float> scores = logits;
    for (size_t i = 0; i < search.running.size(); i++) {
        rows.ids.push_back(ids_of(search, search.running[i]));
        norms.push_back(log_sum(logits.data() + i * n, n));
        for (size_t id = 0; id < n; id++) {
            scores[i * n + id] = static_cast<float>(static_cast<double>(logits[i * n + id]) - norms[i]);
        }
    }
    search.decoding.record_logits(n_drawn, rows.candidates, logits);
    const size_t min_keep = 1 + search.decoding.n_stops(); // at least one continuation besides the stops
    search.decoding.process(rows, scores, n_drawn, search.options.sample, min_keep);
    std::vector<Step> steps;
    for (size_t i = 0; i < search.running.size(); i++) {
        for (size_t id = 0; id < n; id++) {
            if (scores[i * n + id] != -std::numeric_limits<float>::infinity()) {
                const double logprob = static_cast<double>(logits[i * n + id]) - norms[i];
                steps.push_back({ scores[i * n + id] + search.running[i].score, logprob, i, static_cast<int32_t>(id) });
            }
        }
    }
    return steps;
}

/// The n best continuations of all beams, best first.
std::vector<Step> best_steps(std::vector<Step> steps, size_t n) {
    n = std::min(n, steps.size());
    std::partial_sort(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(n), steps.end(), [](const Step & a, const Step & b) {
        return a.score != b.score ? a.score > b.score : a.beam != b.beam ? a.beam < b.beam : a.token < b.token;
    });
    steps.resize(n);
    return steps;
}

/// Draws n continuations without replacement from the softmax of their scores, in the order drawn: those with the n highest
/// Gumbel-perturbed scores (Kool et al., "Stochastic beams and where to find them", 2019).
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

/// Marks continuations that finish their row: stop, maximum length or the caller's criteria.
void judge_ends(const Search & search, std::vector<Step> & steps) {
    StepRows rows;
    for (const Step & step : steps) {
        rows.candidates.push_back(search.running[step.beam].rank);
        rows.ids.push_back(ids_of(search, search.running[step.beam]));
        rows.ids.back().push_back(step.token);
    }
    const std::vector<int32_t> ended = search.decoding.ends(rows);
    for (size_t i = 0; i < steps.size(); i++) {
        const size_t length = search.running[steps[i].beam].tokens.size() + 1;
        steps[i].ends = ended[i] || search.decoding.is_stop(steps[i].token) || length >= search.options.max_tokens;
    }
}

/// The beam with its continuation appended.
Beam go_on_with(const Search & search, const Step & step) {
    Beam beam = search.running[step.beam];
    beam.path.push_back(static_cast<int32_t>(beam.rank));
    beam.tokens.push_back(step.token);
    beam.score = step.score;
    beam.logprob += step.logprob;
    return beam;
}

bool all_finished(const Search & search) { return search.finished.size() == search.options.n_beams; }

/// Keeps the best finished rows. Only the first n_beams continuations may finish a row.
void finish_rows(Search & search, const std::vector<Step> & steps) {
    const BeamOptions & o = search.options;
    if (!search.can_improve || (o.early_stopping == EarlyStopping::yes && all_finished(search))) {
        return;
    }
    for (size_t i = 0; i < std::min<size_t>(steps.size(), o.n_beams); i++) {
        if (steps[i].ends) {
            Beam beam = go_on_with(search, steps[i]);
            beam.score /= std::pow(static_cast<float>(beam.tokens.size()), o.length_penalty);
            search.finished.push_back(std::move(beam));
        }
    }
    std::stable_sort(search.finished.begin(), search.finished.end(), [](const Beam & a, const Beam & b) { return a.score > b.score; });
    search.finished.resize(std::min<size_t>(search.finished.size(), o.n_beams));
}

/// Makes the best unfinished continuations the running beams. The first child of a beam stays in its slot. Other children get the
/// slots of beams without children, and a copy of their parent's own keys and values.
void go_on(Search & search, const std::vector<Step> & steps) {
    const size_t n_slots = search.options.n_beams;
    std::vector<Beam> next(n_slots);
    std::vector<bool> taken(n_slots, false);
    std::vector<std::pair<Step, bool>> chosen; // second: it stays in its parent's slot
    for (const Step & step : steps) {
        if (chosen.size() < n_slots && !step.ends) {
            chosen.push_back({ step, !taken[step.beam] });
            taken[step.beam] = true;
        }
    }
    size_t free = 0;
    uint32_t rank = 0;
    for (const auto & [step, stays] : chosen) {
        size_t slot = step.beam;
        if (!stays) {
            while (taken[free]) {
                free++;
            }
            slot = free;
            taken[slot] = true;
            search.stepper.cache.copy(static_cast<uint32_t>(step.beam), static_cast<uint32_t>(slot));
        }
        next[slot] = go_on_with(search, step);
        next[slot].rank = rank++;
    }
    // A tiny vocabulary can give fewer continuations than beams: the live beams must occupy the first slots.
    for (size_t slot = 0, live = 0; slot < n_slots; slot++) {
        if (taken[slot]) {
            search.stepper.cache.copy(static_cast<uint32_t>(slot), static_cast<uint32_t>(live));
            std::swap(next[live++], next[slot]);
        }
    }
    next.resize(chosen.size());
    search.running = std::move(next);
}

/// Whether a running beam can still beat the worst finished row. As in the reference, a "no" is final.
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

/// One round of the search, from the logits [n_running, n_vocab] of the running beams. False when the search ends.
bool advance(Search & search, const std::vector<float> & logits) {
    const Clock clock;
    // Enough that n_beams continue even if every beam ends with each of the stops.
    const size_t n_keep = std::max<size_t>(2, 1 + search.decoding.n_stops()) * search.options.n_beams;
    std::vector<Step> steps = continuations(search, logits);
    steps = search.options.sample ? drawn_steps(std::move(steps), n_keep, search) : best_steps(std::move(steps), n_keep);
    judge_ends(search, steps);
    const bool all_end = std::all_of(steps.begin(), steps.end(), [](const Step & step) { return step.ends; });
    finish_rows(search, steps); // in the order drawn, as in the reference
    sort_best_first(steps);
    if (!all_end) {
        go_on(search, steps);
        judge_improvement(search);
    }
    search.decoding.timings.sample_ms += clock.ms();
    return !all_end && search.can_improve && !(search.options.early_stopping == EarlyStopping::yes && all_finished(search));
}

std::vector<float> next_logits(Search & search) {
    std::vector<StepRow> rows;
    for (const Beam & beam : search.running) {
        rows.push_back(search.decoding.next(static_cast<uint32_t>(rows.size()), beam.tokens.back()));
    }
    return search.decoding.step(rows, ranks(search), false);
}

Candidate to_candidate(const Beam & beam, uint32_t index, const Search & search) {
    Candidate candidate;
    candidate.index = index;
    candidate.seed = search.options.seed;
    candidate.tokens = beam.tokens;
    candidate.path = beam.path;
    candidate.beam_score = beam.score;
    candidate.mean_logprob = beam.logprob / static_cast<double>(beam.tokens.size());
    candidate.finish = beam.tokens.size() >= search.options.max_tokens ? Finish::length : Finish::criteria;
    if (search.decoding.is_stop(beam.tokens.back())) {
        candidate.stop = beam.tokens.back();
        candidate.tokens.pop_back();
        candidate.finish = Finish::stop;
    }
    return candidate;
}

} // namespace

void check_beams(const BeamOptions & o) {
    if (o.n_beams < 1 || o.n_beams > limits::beams || o.n_return < 1 || o.n_return > o.n_beams) {
        fail(Code::invalid_argument, "Expected 1 to %u beams and no more rows to return than beams but received %u beams and %u rows", limits::beams, o.n_beams,
             o.n_return);
    }
    if (!std::isfinite(o.length_penalty) || o.length_penalty < -2 || o.length_penalty > 10) {
        fail(Code::invalid_argument, "Expected a number from -2 to 10 for length_penalty but received %g", static_cast<double>(o.length_penalty));
    }
    if (o.sample && o.sampling.temperature == 0) {
        fail(Code::invalid_argument, "Expected a temperature above 0 for beam search with sampling but received 0");
    }
}

Generated search_beams(const Decoder & decoder, const Prompt & prompt, const BeamOptions & options) {
    Search search = { decoder.params,
                      options,
                      Stepper(decoder, options.record.attentions, options.n_beams, options.max_tokens),
                      Decoding(search.stepper, decoder.params, prompt, options),
                      { Beam{} },
                      {},
                      true,
                      0 };
    std::vector<float> logits = search.decoding.start();
    for (uint32_t slot = 0; slot < options.n_beams; slot++) {
        search.decoding.open(slot);
    }
    while (advance(search, logits)) {
        if (options.on_step) {
            options.on_step(search.running.front().tokens.size());
        }
        logits = next_logits(search);
    }
    Generated generated;
    for (uint32_t i = 0; i < std::min<size_t>(options.n_return, search.finished.size()); i++) {
        generated.candidates.push_back(to_candidate(search.finished[i], i, search));
    }
    generated.steps = std::move(search.decoding.traces);
    generated.timings = search.decoding.timings;
    return generated;
}

} // namespace clvp
