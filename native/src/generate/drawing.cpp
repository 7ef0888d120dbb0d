#include "generate/drawing.h"

#include "base/clock.h"
#include "base/random.h"
#include "model/rank.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace clvp {

static StepRows step_rows(const std::vector<Row *> & rows) {
    StepRows found;
    for (const Row * row : rows) {
        found.candidates.push_back(row->candidate.index);
        found.ids.push_back(row->seen);
    }
    return found;
}

Drawing::Drawing(Stepper & stepper, const Params & params, const Request & request)
    : decoder_(stepper.decoder()), params_(params), options_(request.options), decoding_(stepper, params, request.prompt, request.options) {}

Row & Drawing::begin(uint32_t slot) {
    decoding_.open(slot);
    Row & row = rows_.emplace_back();
    row.seen = decoding_.written();
    row.candidate.index = options_.first + static_cast<uint32_t>(rows_.size()) - 1;
    row.candidate.seed = candidate_seed(options_.seed, row.candidate.index);
    row.slot = slot;
    if (!waits()) { // from here on only live rows keep the prefix in memory
        decoding_.close();
    }
    return row;
}

int32_t Drawing::draw_token(Row & row, const float * logits, const float * scores) {
    const size_t n = params_.decoder.n_vocab;
    const std::vector<float> from(scores, scores + n);
    const bool greedy = options_.sampling.temperature == 0.0f;
    const int32_t token = greedy ? most_likely(from) : clvp::draw(from, uniform(row.candidate.seed, row.n_drawn));
    row.sum_logprob += static_cast<double>(logits[token]) - log_sum(logits, n);
    row.n_drawn++;
    row.seen.push_back(token);
    if (decoding_.is_stop(token)) {
        row.candidate.finish = Finish::stop;
        row.candidate.stop = token;
        row.done = true;
    } else {
        row.candidate.tokens.push_back(token);
        row.done = row.n_drawn >= options_.max_tokens;
    }
    row.candidate.mean_logprob = row.sum_logprob / row.n_drawn;
    return token;
}

/// Ends rows according to the caller's criteria, except those that have drawn a stop.
void Drawing::judge(const std::vector<Row *> & rows) {
    const std::vector<int32_t> ends = decoding_.ends(step_rows(rows));
    for (size_t i = 0; i < rows.size(); i++) {
        if (ends[i] && rows[i]->candidate.finish != Finish::stop) {
            rows[i]->candidate.finish = Finish::criteria;
            rows[i]->done = true;
        }
    }
}

void Drawing::draw(const std::vector<Row *> & rows, const std::vector<float> & logits) {
    const Clock clock;
    const size_t n_vocab = params_.decoder.n_vocab, n_drawn = rows.front()->n_drawn;
    const StepRows found = step_rows(rows);
    decoding_.record_logits(n_drawn, found.candidates, logits);
    std::vector<float> scores = logits;
    decoding_.process(found, scores, n_drawn, true, 1);
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t token = draw_token(*rows[i], logits.data() + i * n_vocab, scores.data() + i * n_vocab);
        events_.push_back({ rows[i]->candidate.index, token });
    }
    judge(rows);
    for (const Row * row : rows) {
        if (row->done) {
            ended_.push_back(row);
        }
    }
    timings().sample_ms += clock.ms();
}

void Drawing::report() {
    const std::vector<StepEvent> events = std::exchange(events_, {});
    const std::vector<const Row *> ended = std::exchange(ended_, {});
    if (!events.empty() && options_.on_step) {
        options_.on_step(events);
    }
    for (const Row * row : ended) {
        if (options_.on_candidate) {
            options_.on_candidate(row->candidate);
        }
    }
}

/// The candidates that have n_compared_ tokens; empty as long as another candidate may still reach that number.
std::vector<Row *> Drawing::compared() {
    std::vector<Row *> found;
    for (Row & row : rows_) {
        const bool is_long = row.candidate.tokens.size() >= n_compared_;
        if (!is_long && !row.done) {
            return {};
        }
        if (is_long && !row.is_given_up) {
            found.push_back(&row);
        }
    }
    return found;
}

void Drawing::prune() {
    if (options_.prune.share == 0 || waits()) {
        return;
    }
    // Several comparisons can be due at once. When all candidates have ended, no further step makes the rest of them.
    for (std::vector<Row *> rows = compared(); !rows.empty(); rows = compared()) {
        give_up_worst(rows);
        n_compared_ *= 2;
    }
}

/// Gives up the share of some candidates that score worst by their first n_compared_ tokens.
void Drawing::give_up_worst(const std::vector<Row *> & rows) {
    std::vector<std::vector<int32_t>> begun;
    for (const Row * row : rows) {
        const auto & tokens = row->candidate.tokens;
        begun.emplace_back(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(n_compared_));
    }
    const std::vector<float> scores = likeness(decoder_.call, decoder_.weights, params_, options_.prune.text_ids, begun);
    std::vector<size_t> order(rows.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
    order.resize(static_cast<size_t>(options_.prune.share * static_cast<double>(rows.size())));
    for (size_t i : order) {
        rows[i]->is_given_up = rows[i]->done = true;
    }
}

std::vector<float> Drawing::step(const std::vector<Row *> & rows) {
    std::vector<StepRow> next_rows;
    std::vector<uint32_t> candidates;
    for (const Row * row : rows) {
        next_rows.push_back(next(*row));
        candidates.push_back(row->candidate.index);
    }
    return decoding_.step(next_rows, candidates, options_.deterministic);
}

Generated Drawing::result() {
    Generated generated;
    for (Row & row : rows_) {
        if (!row.is_given_up) {
            generated.candidates.push_back(std::move(row.candidate));
        }
    }
    generated.steps = std::move(decoding_.traces);
    generated.timings = timings();
    return generated;
}

} // namespace clvp
