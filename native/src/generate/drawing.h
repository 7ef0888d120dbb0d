// One request on its way: its prompt, and the rows of its candidates.
#pragma once

#include "generate/decoding.h"

#include <deque>

namespace clvp {

/// One candidate while it is being drawn.
struct Row {
    Candidate candidate;
    std::vector<int32_t> seen; // what the prompt counts as written, and the tokens
    double sum_logprob = 0;
    uint32_t n_drawn = 0;
    uint32_t slot = 0;
    bool done = false;
};

class Drawing {
public:
    /// The request, whose prompt is no TextPrompt, must outlive it.
    Drawing(Stepper & stepper, const Params & params, const Request & request);

    const GenerateOptions & options() const { return options_; }
    bool is_cancelled() const { return options_.abort && options_.abort->load(); }
    /// Are there candidates that have not begun?
    bool waits() const { return rows_.size() < options_.n_candidates; }
    /// Reads the prompt, with pauses for other calls.
    void read_prompt() { first_logits_ = decoding_.start(); }
    /// Begins the next candidate in a slot of the cache, once the prompt is read.
    Row & begin(uint32_t slot);
    /// Logits [n_vocab] that every candidate's first token is drawn from.
    const std::vector<float> & first_logits() const { return first_logits_; }
    /// Draws the next token of rows of one length, with logits [n_rows, n_vocab].
    void draw(const std::vector<Row *> & rows, const std::vector<float> & logits);
    /// Tells the caller what has been drawn since the last report, and which candidates that ended.
    void report();
    /// What a step reads for a row.
    StepRow next(const Row & row) const { return decoding_.next(row.slot, row.seen.back()); }
    /// Feeds rows of this request alone, all of one length. Returns logits [n_rows, n_vocab].
    std::vector<float> step(const std::vector<Row *> & rows);
    Timings & timings() { return decoding_.timings; }
    /// Bytes of the prompt's keys and values.
    uint64_t prefix_bytes() const { return decoding_.prefix_bytes(); }
    /// All candidates, once they have ended.
    Generated result();

private:
    int32_t draw_token(Row & row, const float * logits, const float * scores);
    void judge(const std::vector<Row *> & rows);

    const Params & params_;
    const GenerateOptions & options_;
    Decoding decoding_;
    std::vector<float> first_logits_;
    std::deque<Row> rows_;           // those that have begun
    std::vector<StepEvent> events_;  // not reported yet
    std::vector<const Row *> ended_; // not reported yet
};

} // namespace clvp
