#include "generate.h"

#include "clock.h"
#include "random.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

/// One candidate while it is being drawn.
struct Row {
    Candidate candidate;
    std::vector<int32_t> seen; // what the prompt counts as written, and the tokens
    double sum_logprob = 0;
    uint32_t n_drawn = 0;
    bool done = false;
};

/// Everything that the steps of one call share.
struct Job {
    const Params & params;
    const GenerateOptions & options;
    Timings & timings;
    Decoding decoding;
};

StepRows step_rows(const std::vector<Row *> & live) {
    StepRows rows;
    for (const Row * row : live) {
        rows.candidates.push_back(row->candidate.index);
        rows.ids.push_back(row->seen);
    }
    return rows;
}

/// Draws a row's next token from its scores.
int32_t draw_token(Row & row, const float * logits, const float * scores, const Job & job) {
    const size_t n = job.params.decoder.n_vocab;
    const std::vector<float> from(scores, scores + n);
    const bool greedy = job.options.sampling.temperature == 0.0f;
    const int32_t token = greedy ? most_likely(from) : draw(from, uniform(row.candidate.seed, row.n_drawn));
    row.sum_logprob += static_cast<double>(logits[token]) - log_sum(logits, n);
    row.n_drawn++;
    row.seen.push_back(token);
    if (job.decoding.is_stop(token)) {
        row.candidate.finish = Finish::stop;
        row.candidate.stop = token;
        row.done = true;
    } else {
        row.candidate.tokens.push_back(token);
        row.done = row.n_drawn >= job.options.max_tokens;
    }
    row.candidate.mean_logprob = row.sum_logprob / row.n_drawn;
    return token;
}

/// Ends the rows that the caller's criteria end, but for those that have drawn a stop.
void judge(std::vector<Row *> & live, const Job & job) {
    const std::vector<int32_t> ends = job.decoding.ends(step_rows(live));
    for (size_t i = 0; i < live.size(); i++) {
        if (ends[i] && live[i]->candidate.finish != Finish::stop) {
            live[i]->candidate.finish = Finish::criteria;
            live[i]->done = true;
        }
    }
}

/// Draws for all live rows, which have logits [n_live, n_vocab], and reports.
void draw_all(std::vector<Row *> & live, const std::vector<float> & logits, Job & job) {
    const Clock clock;
    const size_t n_vocab = job.params.decoder.n_vocab;
    const StepRows rows = step_rows(live);
    const size_t n_drawn = live.front()->n_drawn;
    job.decoding.record_logits(n_drawn, rows.candidates, logits);
    std::vector<float> scores = logits;
    job.decoding.process(rows, scores, n_drawn, true, 1);
    std::vector<StepEvent> events;
    for (size_t i = 0; i < live.size(); i++) {
        const int32_t token = draw_token(*live[i], logits.data() + i * n_vocab, scores.data() + i * n_vocab, job);
        events.push_back({ live[i]->candidate.index, token });
    }
    judge(live, job);
    job.timings.sample_ms += clock.ms();
    if (job.options.on_step) {
        job.options.on_step(events);
    }
    for (Row * row : live) {
        if (row->done && job.options.on_candidate) {
            job.options.on_candidate(row->candidate);
        }
    }
}

/// Lets finished rows leave: the last live slot moves into each hole.
void drop_finished(std::vector<Row *> & live, KvCache & cache) {
    for (size_t i = 0; i < live.size();) {
        if (!live[i]->done) {
            i++;
            continue;
        }
        const size_t last = live.size() - 1;
        if (i != last && !live[last]->done) {
            cache.move(static_cast<uint32_t>(last), static_cast<uint32_t>(i));
        }
        live[i] = live[last];
        live.pop_back();
    }
}

/// Draws one batch of candidates to their ends. The first token comes from the same logits for all.
void run_batch(std::vector<Row> & rows, const std::vector<float> & first_logits, Job & job) {
    std::vector<Row *> live;
    std::vector<float> logits;
    for (Row & row : rows) {
        live.push_back(&row);
        logits.insert(logits.end(), first_logits.begin(), first_logits.end());
    }
    job.decoding.cache.clear_own();
    while (true) {
        draw_all(live, logits, job);
        drop_finished(live, job.decoding.cache);
        if (live.empty()) {
            return;
        }
        std::vector<int32_t> tokens;
        std::vector<uint32_t> candidates;
        for (const Row * row : live) {
            tokens.push_back(row->seen.back());
            candidates.push_back(row->candidate.index);
        }
        logits = job.decoding.step(tokens, candidates, job.options.deterministic);
    }
}

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

Generated generate(Backend & backend, const Weights & weights, const Params & params, const Prompt & prompt, const GenerateOptions & options,
                   Timings & timings) {
    const uint32_t n_batch = std::min(options.batch_size, options.n_candidates);
    const uint32_t n_slots = options.deterministic ? std::max(n_batch, deterministic_rows) : n_batch;
    Job job = { params, options, timings, Decoding(backend, weights, params, prompt, options, n_slots, timings) };
    const std::vector<float> first_logits = job.decoding.start();
    Generated generated;
    for (uint32_t done = 0; done < options.n_candidates; done += n_batch) {
        std::vector<Row> rows(std::min(n_batch, options.n_candidates - done));
        for (size_t i = 0; i < rows.size(); i++) {
            rows[i].candidate.index = options.first + done + static_cast<uint32_t>(i);
            rows[i].candidate.seed = candidate_seed(options.seed, rows[i].candidate.index);
            rows[i].seen = job.decoding.written();
        }
        run_batch(rows, first_logits, job);
        for (Row & row : rows) {
            generated.candidates.push_back(std::move(row.candidate));
        }
    }
    generated.steps = std::move(job.decoding.traces);
    return generated;
}

} // namespace clvp
