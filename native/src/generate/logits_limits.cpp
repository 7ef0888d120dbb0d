#include "generate/logits_limits.h"
#include "clvp/limits.h"
#include "model/rows.h"

#include <algorithm>
#include <limits>

namespace clvp {

namespace {

void forbid(std::vector<float> & scores, int32_t id) { scores[static_cast<size_t>(id)] = -std::numeric_limits<float>::infinity(); }

/// Whether `seen` ends with `run` without its last id.
bool leads_to(const std::vector<int32_t> & run, const std::vector<int32_t> & seen) {
    const auto n = static_cast<ptrdiff_t>(run.size() - 1);
    return std::equal(run.begin(), run.begin() + n, seen.end() - n);
}

void forbid_repeated_runs(std::vector<float> & scores, const std::vector<int32_t> & seen, size_t n) {
    for (size_t from = 0; n > 0 && from + n <= seen.size(); from++) {
        const std::vector<int32_t> run(seen.begin() + static_cast<ptrdiff_t>(from), seen.begin() + static_cast<ptrdiff_t>(from + n));
        if (leads_to(run, seen)) {
            forbid(scores, run.back());
        }
    }
}

void forbid_bad_words(std::vector<float> & scores, const std::vector<int32_t> & seen, const Limits & limits, const std::vector<int32_t> & stops) {
    for (const std::vector<int32_t> & word : limits.bad_words) {
        const bool is_stop = word.size() == 1 && std::find(stops.begin(), stops.end(), word[0]) != stops.end(); // the reference ignores stops
        // A word longer than `seen` is skipped, as in the reference, even if its beginning matches.
        if (!is_stop && (word.size() == 1 || (word.size() <= seen.size() && leads_to(word, seen)))) {
            forbid(scores, word.back());
        }
    }
}

} // namespace

std::vector<int32_t> stop_ids(const DrawOptions & options, const Params & params) {
    return options.stops.empty() ? std::vector<int32_t>{ params.decoder.eos } : options.stops;
}

void check_limits(const DrawOptions & o, const Params & params) {
    const uint32_t n_vocab = params.decoder.n_vocab;
    if (o.stops.size() > limits::stops || o.limits.bad_words.size() > limits::bad_words) {
        fail(Code::invalid_argument, "Expected at most %u stops and %u bad words but received %zu and %zu", limits::stops, limits::bad_words, o.stops.size(),
             o.limits.bad_words.size());
    }
    check_ids("the history", o.history, n_vocab);
    check_ids("the stops", o.stops, n_vocab);
    check_ids("the suppressed tokens", o.limits.suppress, n_vocab);
    for (const std::vector<int32_t> & word : o.limits.bad_words) {
        if (word.empty()) {
            fail(Code::invalid_argument, "Expected at least one id for each bad word but received an empty one");
        }
        check_ids("a bad word", word, n_vocab);
    }
}

void penalise_repetition(std::vector<float> & scores, const std::vector<int32_t> & seen, float penalty) {
    if (penalty == 1.0f) {
        return;
    }
    std::vector<int32_t> unique = seen;
    std::sort(unique.begin(), unique.end());
    unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
    for (int32_t id : unique) {
        if (id >= 0 && static_cast<size_t>(id) < scores.size()) {
            float & x = scores[static_cast<size_t>(id)];
            x = x < 0 ? x * penalty : x / penalty;
        }
    }
}

void apply_limits(std::vector<float> & scores, const std::vector<int32_t> & seen, size_t n_padding, size_t n_drawn, const DrawOptions & options,
                  const Params & params) {
    const Limits & limits = options.limits;
    const std::vector<int32_t> stops = stop_ids(options, params);
    penalise_repetition(scores, { seen.begin() + static_cast<ptrdiff_t>(n_padding), seen.end() }, options.sampling.repetition_penalty);
    forbid_repeated_runs(scores, seen, limits.no_repeat_ngram);
    forbid_bad_words(scores, seen, limits, stops);
    if (n_drawn < limits.min_tokens) {
        std::for_each(stops.begin(), stops.end(), [&](int32_t id) { forbid(scores, id); });
    }
    std::for_each(limits.suppress.begin(), limits.suppress.end(), [&](int32_t id) { forbid(scores, id); });
    for (size_t id = params.speech.n_vocab; limits.rankable && id < scores.size(); id++) {
        if (std::find(stops.begin(), stops.end(), static_cast<int32_t>(id)) == stops.end()) {
            forbid(scores, static_cast<int32_t>(id));
        }
    }
}

} // namespace clvp
