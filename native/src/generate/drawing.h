// A request that is being drawn: its prompt, and the rows of its candidates.
#pragma once

#include "generate/decoding.h"

#include <deque>

namespace clvp {

/// One candidate while it is being drawn.
struct Row {
    Candidate candidate;
    std::vector<int32_t> seen; // ids that the prompt treats as already written, then the tokens
    double sum_logprob = 0;
    uint32_t n_drawn = 0;
    uint32_t slot = 0;
    bool done = false;
    bool is_given_up = false; // pruned: done, but not among the results
};

class Drawing {
public:
    /// The request must outlive this object. Its prompt must not be a TextPrompt.
    Drawing(Stepper & stepper, const Params & params, const Request & request);

    const GenerateOptions & options() const { return options_; }
    bool is_cancelled() const { return options_.abort && options_.abort->load(); }
    /// Whether some candidates have not begun.
    bool waits() const { return rows_.size() < options_.n_candidates; }
    /// Reads the prompt, with pauses for other calls.
    void read_prompt() { first_logits_ = decoding_.start(); }
    /// Begins the next candidate in a slot of the cache. Requires read_prompt().
    Row & begin(uint32_t slot);
    /// Logits [n_vocab] that every candidate's first token is drawn from.
    const std::vector<float> & first_logits() const { return first_logits_; }
    /// Draws the next token of each row from logits [n_rows, n_vocab]. The rows have equal length.
    void draw(const std::vector<Row *> & rows, const std::vector<float> & logits);
    /// Reports the tokens drawn and the candidates ended since the last report to the caller.
    void report();
    /// Gives up the worst candidates once all have the tokens of the next comparison (`prune` of the options), or have ended.
    void prune();
    /// The input of a step for a row.
    StepRow next(const Row & row) const { return decoding_.next(row.slot, row.seen.back()); }
    /// Feeds rows of this request only, all of equal length. Returns logits [n_rows, n_vocab].
    std::vector<float> step(const std::vector<Row *> & rows);
    Timings & timings() { return decoding_.timings; }
    /// Bytes of the prompt's keys and values.
    uint64_t prefix_bytes() const { return decoding_.prefix_bytes(); }
    /// All candidates that were not given up, once they have ended.
    Generated result();

private:
    int32_t draw_token(Row & row, const float * logits, const float * scores);
    void judge(const std::vector<Row *> & rows);
    std::vector<Row *> compared();
    void give_up_worst(const std::vector<Row *> & rows);

    const Decoder & decoder_;
    const Params & params_;
    const GenerateOptions & options_;
    Decoding decoding_;
    size_t n_compared_ = 32; // tokens that prune() compares next
    std::vector<float> first_logits_;
    std::deque<Row> rows_;           // candidates that have begun
    std::vector<StepEvent> events_;  // not reported yet
    std::vector<const Row *> ended_; // not reported yet
};

} // namespace clvp
