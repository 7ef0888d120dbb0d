#include "generate.h"

#include "clock.h"
#include "conditioning.h"
#include "random.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace clvp {

namespace {

/// One candidate while it is being drawn.
struct Row {
    Candidate candidate;
    std::vector<int32_t> seen; // bos and the tokens
    double sum_logprob = 0;
    uint32_t n_drawn = 0;
    bool done = false;
};

/// Everything that the steps of one call share.
struct Job {
    Backend & backend;
    const Weights & weights;
    const Params & params;
    const GenerateOptions & options;
    Timings & timings;
    KvCache cache;
};

/// Draws a row's next token from its logits; returns it, stop included.
int32_t draw_token(Row & row, const float * logits, const Job & job) {
    const size_t n = job.params.decoder.n_vocab;
    std::vector<float> warped(logits, logits + n);
    check_logits(warped);
    suppress_unrankable(warped, job.params);
    warp(warped, row.seen, job.options.sampling);
    const int32_t token = job.options.sampling.temperature == 0.0f ? most_likely(warped) : draw(warped, uniform(row.candidate.seed, row.n_drawn));
    row.sum_logprob += static_cast<double>(logits[token]) - log_sum(logits, n);
    row.n_drawn++;
    if (token == job.params.decoder.eos) {
        row.candidate.finish = Finish::stop;
        row.done = true;
    } else {
        row.candidate.tokens.push_back(token);
        row.seen.push_back(token);
        row.done = row.n_drawn >= job.options.max_tokens;
    }
    row.candidate.mean_logprob = row.sum_logprob / row.n_drawn;
    return token;
}

/// Draws for all live rows and reports; row i has logits[i * stride].
void draw_all(std::vector<Row *> & live, const std::vector<float> & logits, size_t stride, const Job & job) {
    const Clock clock;
    std::vector<StepEvent> events;
    for (size_t i = 0; i < live.size(); i++) {
        const int32_t token = draw_token(*live[i], logits.data() + i * stride, job);
        events.push_back({ live[i]->candidate.index, token });
    }
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

/// Draws one batch of candidates to their ends.
void run_batch(std::vector<Row> & rows, const std::vector<float> & first_logits, Job & job) {
    std::vector<Row *> live;
    for (Row & row : rows) {
        live.push_back(&row);
    }
    job.cache.clear_own();
    draw_all(live, first_logits, 0, job); // the first token comes from the same logits for all
    drop_finished(live, job.cache);
    while (!live.empty()) {
        const Clock clock;
        std::vector<int32_t> tokens;
        for (const Row * row : live) {
            tokens.push_back(row->candidate.tokens.back());
        }
        const std::vector<float> logits = decode_step(job.backend, job.weights, job.params, job.cache, tokens, job.options.deterministic);
        job.timings.decode_ms += clock.ms();
        job.timings.n_steps++;
        job.timings.kv_bytes = std::max(job.timings.kv_bytes, job.cache.n_bytes());
        draw_all(live, logits, job.params.decoder.n_vocab, job);
        drop_finished(live, job.cache);
    }
}

} // namespace

void check_logits(const std::vector<float> & logits) {
    if (!std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
        fail(Code::model_format, "the model gives logits that are no numbers: its weights are damaged");
    }
}

void suppress_unrankable(std::vector<float> & logits, const Params & params) {
    for (size_t id = params.speech.n_vocab; id < logits.size(); id++) {
        if (id != static_cast<size_t>(params.decoder.eos)) {
            logits[id] = -std::numeric_limits<float>::infinity();
        }
    }
}

ggml_type kv_type(const Params & params) { return params.type == "f32" ? GGML_TYPE_F32 : GGML_TYPE_F16; }

void check_generate(const GenerateOptions & o, const Params & params) {
    constexpr uint32_t max_candidates = 65536, max_batch = 1024;
    check_sampling(o.sampling);
    auto check = [](const char * name, uint64_t value, uint64_t min, uint64_t max) {
        if (value < min || value > max) {
            fail(Code::invalid_argument, "Expected an integer from %llu to %llu for %s but received %llu", static_cast<unsigned long long>(min),
                 static_cast<unsigned long long>(max), name, static_cast<unsigned long long>(value));
        }
    };
    check("n_candidates", o.n_candidates, 1, max_candidates);
    check("first", o.first, 0, UINT32_MAX - max_candidates);
    check("max_tokens", o.max_tokens, 1, params.max_tokens());
    check("batch_size", o.batch_size, 1, max_batch);
    check("seed", o.seed, 0, (1ull << 53) - 1);
}

void check_prefix(size_t n_text_ids, PrefixPositions prefix_positions, const Params & params) {
    constexpr uint32_t n_extra = 5; // voice, bos, two stops, mel start
    if (prefix_positions == PrefixPositions::reference && n_text_ids + n_extra > params.decoder.n_positions) {
        fail(Code::invalid_argument, "Expected at most %u text ids for this model's %u positions but received %zu: use fewer, or prefixPositions 'cancelled'",
             params.decoder.n_positions > n_extra ? params.decoder.n_positions - n_extra : 0, params.decoder.n_positions, n_text_ids);
    }
}

std::vector<Candidate> generate(Backend & backend, const Weights & weights, const Params & params, const std::vector<int32_t> & text_ids,
                                const std::vector<float> & voice, const GenerateOptions & options, Timings & timings) {
    const std::vector<int32_t> ids = conditioning_ids(text_ids, params);
    const auto n_prefix = static_cast<uint32_t>(ids.size() + 2); // the voice before, mel start behind
    const uint32_t n_batch = std::min(options.batch_size, options.n_candidates);
    const uint32_t n_slots = options.deterministic ? std::max(n_batch, deterministic_rows) : n_batch;
    const DecoderParams & d = params.decoder;
    Job job = { backend, weights, params,
                options, timings, KvCache(backend, kv_type(params), d.n_layer, d.n_embd, d.n_head, n_prefix, n_slots, options.max_tokens) };

    const Clock clock;
    const std::vector<float> first_logits = prefill(backend, weights, params, job.cache, voice, ids, options.prefix_positions);
    timings.prefill_ms = clock.ms();
    timings.n_prefill = n_prefix;
    timings.kv_bytes = job.cache.n_bytes();

    std::vector<Candidate> candidates;
    for (uint32_t done = 0; done < options.n_candidates; done += n_batch) {
        std::vector<Row> rows(std::min(n_batch, options.n_candidates - done));
        for (size_t i = 0; i < rows.size(); i++) {
            rows[i].candidate.index = options.first + done + static_cast<uint32_t>(i);
            rows[i].candidate.seed = candidate_seed(options.seed, rows[i].candidate.index);
            rows[i].seen = { d.bos };
        }
        run_batch(rows, first_logits, job);
        for (Row & row : rows) {
            candidates.push_back(std::move(row.candidate));
        }
    }
    return candidates;
}

} // namespace clvp
