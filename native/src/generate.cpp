#include "generate.h"

#include "clock.h"
#include "random.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace clvp {

namespace {

struct Drawing;

/// One candidate while it is being drawn.
struct Row {
    Drawing * drawing = nullptr;
    Candidate candidate;
    std::vector<int32_t> seen; // what the prompt counts as written, and the tokens
    double sum_logprob = 0;
    uint32_t n_drawn = 0;
    uint32_t slot = 0;
    bool done = false;
};

/// One request on its way: its prompt and all its candidates.
struct Drawing {
    const Params & params;
    const GenerateOptions & options;
    Decoding decoding;
    std::vector<float> first_logits = {}; // the first token comes from the same ones for all candidates; empty before the prefill
    std::deque<Row> rows = {};            // those that have begun
    std::vector<StepEvent> events = {};   // of the step at hand

    bool waits() const { return !is_cancelled() && rows.size() < options.n_candidates; }
    bool is_cancelled() const { return options.cancel && options.cancel->load(); }
};

StepRows step_rows(const std::vector<Row *> & rows) {
    StepRows found;
    for (const Row * row : rows) {
        found.candidates.push_back(row->candidate.index);
        found.ids.push_back(row->seen);
    }
    return found;
}

/// Draws a row's next token from its scores.
int32_t draw_token(Row & row, const float * logits, const float * scores) {
    const GenerateOptions & options = row.drawing->options;
    const size_t n = row.drawing->params.decoder.n_vocab;
    const std::vector<float> from(scores, scores + n);
    const bool greedy = options.sampling.temperature == 0.0f;
    const int32_t token = greedy ? most_likely(from) : draw(from, uniform(row.candidate.seed, row.n_drawn));
    row.sum_logprob += static_cast<double>(logits[token]) - log_sum(logits, n);
    row.n_drawn++;
    row.seen.push_back(token);
    if (row.drawing->decoding.is_stop(token)) {
        row.candidate.finish = Finish::stop;
        row.candidate.stop = token;
        row.done = true;
    } else {
        row.candidate.tokens.push_back(token);
        row.done = row.n_drawn >= options.max_tokens;
    }
    row.candidate.mean_logprob = row.sum_logprob / row.n_drawn;
    return token;
}

/// Ends the rows that the caller's criteria end, but for those that have drawn a stop.
void judge(const std::vector<Row *> & rows, const Drawing & drawing) {
    const std::vector<int32_t> ends = drawing.decoding.ends(step_rows(rows));
    for (size_t i = 0; i < rows.size(); i++) {
        if (ends[i] && rows[i]->candidate.finish != Finish::stop) {
            rows[i]->candidate.finish = Finish::criteria;
            rows[i]->done = true;
        }
    }
}

/// Draws for rows of one length, which have logits [n_rows, n_vocab].
void draw_rows(const std::vector<Row *> & rows, const std::vector<float> & logits, Drawing & drawing) {
    const size_t n_vocab = drawing.params.decoder.n_vocab, n_drawn = rows.front()->n_drawn;
    const StepRows found = step_rows(rows);
    drawing.decoding.record_logits(n_drawn, found.candidates, logits);
    std::vector<float> scores = logits;
    drawing.decoding.process(found, scores, n_drawn, true, 1);
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t token = draw_token(*rows[i], logits.data() + i * n_vocab, scores.data() + i * n_vocab);
        drawing.events.push_back({ rows[i]->candidate.index, token });
    }
    judge(rows, drawing);
}

/// The rows of some requests on their way through the decoder.
class Batch {
public:
    Batch(Stepper & stepper, std::deque<Drawing> & drawings, uint32_t n_slots) : stepper_(stepper), drawings_(drawings) {
        for (uint32_t slot = n_slots; slot-- > 0;) {
            free_.push_back(slot);
        }
        for (const Drawing & drawing : drawings) {
            watched_ = watched_ || is_watched(drawing.options);
            deterministic_ = deterministic_ || drawing.options.deterministic;
        }
    }

    void run() {
        while (admit()) {
            draw_all();
            drop_finished();
            step();
        }
    }

private:
    /// Lets waiting candidates begin: whenever one has ended, if the cache takes rows of any length and nobody watches the steps;
    /// else when all have. False if there is nothing more to do.
    bool admit() {
        if (live_.empty() || (stepper_.cache.takes_any_rows() && !watched_)) {
            for (Drawing & drawing : drawings_) {
                while (drawing.waits() && !free_.empty() && fits(drawing)) {
                    begin(drawing);
                }
            }
        }
        return !live_.empty();
    }

    /// A cache that wants all rows alike has those of one prompt at a time.
    bool fits(const Drawing & drawing) const { return live_.empty() || stepper_.cache.takes_any_rows() || live_.front()->drawing == &drawing; }

    void begin(Drawing & drawing) {
        if (drawing.first_logits.empty()) {
            drawing.first_logits = drawing.decoding.start();
        }
        Row & row = drawing.rows.emplace_back();
        row.drawing = &drawing;
        row.seen = drawing.decoding.written();
        row.candidate.index = drawing.options.first + static_cast<uint32_t>(drawing.rows.size()) - 1;
        row.candidate.seed = candidate_seed(drawing.options.seed, row.candidate.index);
        row.slot = free_.back();
        free_.pop_back();
        drawing.decoding.open(row.slot);
        live_.push_back(&row);
        logits_.insert(logits_.end(), drawing.first_logits.begin(), drawing.first_logits.end());
        if (!drawing.waits()) { // of many requests only those with live rows keep their prefix
            drawing.decoding.close();
        }
    }

    /// Draws for all live rows, those of one request and length together, and reports.
    void draw_all() {
        const auto n_vocab = static_cast<ptrdiff_t>(drawings_.front().params.decoder.n_vocab);
        const Clock clock;
        for (size_t i = 0; i < live_.size();) {
            size_t end = i + 1;
            while (end < live_.size() && live_[end]->drawing == live_[i]->drawing && live_[end]->n_drawn == live_[i]->n_drawn) {
                end++;
            }
            const std::vector<Row *> rows(live_.begin() + static_cast<ptrdiff_t>(i), live_.begin() + static_cast<ptrdiff_t>(end));
            const std::vector<float> logits(logits_.begin() + static_cast<ptrdiff_t>(i) * n_vocab, logits_.begin() + static_cast<ptrdiff_t>(end) * n_vocab);
            draw_rows(rows, logits, *rows.front()->drawing);
            i = end;
        }
        stepper_.timings.sample_ms += clock.ms();
        report();
    }

    void report() {
        for (Drawing & drawing : drawings_) {
            if (!drawing.events.empty() && drawing.options.on_step) {
                drawing.options.on_step(drawing.events);
            }
            drawing.events.clear();
        }
        for (const Row * row : live_) {
            if (row->done && row->drawing->options.on_candidate) {
                row->drawing->options.on_candidate(row->candidate);
            }
        }
    }

    /// Finished and cancelled rows leave, and give their slots back. A cache that wants its rows in the first slots has the last
    /// live one moved into each hole.
    void drop_finished() {
        for (size_t i = 0; i < live_.size();) {
            if (!live_[i]->done && !live_[i]->drawing->is_cancelled()) {
                i++;
                continue;
            }
            Row * last = live_.back();
            uint32_t slot = live_[i]->slot;
            if (!stepper_.cache.takes_any_rows() && last != live_[i]) {
                stepper_.cache.copy(last->slot, slot);
                std::swap(last->slot, slot);
            }
            stepper_.cache.close(slot);
            free_.push_back(slot);
            live_[i] = last;
            live_.pop_back();
        }
        std::sort(free_.begin(), free_.end(), std::greater<>());
        std::stable_sort(live_.begin(), live_.end(), [](const Row * a, const Row * b) { return a->slot < b->slot; });
    }

    void step() {
        logits_.clear();
        if (live_.empty()) {
            return;
        }
        std::vector<StepRow> rows;
        std::vector<uint32_t> candidates;
        for (const Row * row : live_) {
            rows.push_back(row->drawing->decoding.next(row->slot, row->seen.back()));
            candidates.push_back(row->candidate.index);
        }
        Drawing & first = *live_.front()->drawing;
        logits_ = watched_ ? first.decoding.step(rows, candidates, deterministic_) : stepper_.step(rows, deterministic_, {}).logits;
    }

    Stepper & stepper_;
    std::deque<Drawing> & drawings_;
    bool watched_ = false, deterministic_ = false;
    std::vector<Row *> live_;
    std::vector<float> logits_;  // [n_live, n_vocab]
    std::vector<uint32_t> free_; // the lowest last
};

} // namespace

void check_generate(const GenerateOptions & o) {
    constexpr uint32_t max_candidates = 65536, max_batch = 1024;
    auto check = [](const char * name, uint32_t value, uint32_t min, uint32_t max) {
        if (value < min || value > max) {
            fail(Code::invalid_argument, "Expected an integer from %u to %u for %s but received %u", min, max, name, value);
        }
    };
    check("n_candidates", o.n_candidates, 1, max_candidates);
    check("first", o.first, 0, UINT32_MAX - max_candidates);
    check("batch_size", o.batch_size, 1, max_batch);
}

bool is_watched(const GenerateOptions & o) {
    return o.process || o.criteria || o.record.scores || o.record.logits || o.record.hidden_states || o.record.attentions;
}

std::vector<Generated> generate(const Decoder & decoder, const std::vector<Request> & requests) {
    uint64_t n_rows = 0;
    uint32_t n_max = 0, n_batch = 1, n_least = 1;
    for (const Request & request : requests) {
        n_rows += request.options.n_candidates;
        n_max = std::max(n_max, request.options.max_tokens);
        n_batch = std::max(n_batch, request.options.batch_size);
        n_least = request.options.deterministic ? deterministic_rows : n_least;
    }
    n_batch = static_cast<uint32_t>(std::min<uint64_t>(n_batch, n_rows));
    const bool attentions = requests.front().options.record.attentions;
    Stepper stepper(decoder, attentions, std::max(n_batch, n_least), n_max);
    std::deque<Drawing> drawings;
    for (const Request & request : requests) {
        drawings.push_back({ decoder.params, request.options, Decoding(stepper, decoder.params, request.prompt, request.options) });
    }
    Batch(stepper, drawings, n_batch).run();
    std::vector<Generated> all;
    for (Drawing & drawing : drawings) {
        all.emplace_back();
        for (Row & row : drawing.rows) {
            all.back().candidates.push_back(std::move(row.candidate));
        }
        all.back().steps = std::move(drawing.decoding.traces);
    }
    return all;
}

} // namespace clvp
