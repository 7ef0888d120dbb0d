// What drawing and beam search share: a prompt's prefill and the steps behind it, the limits and the caller's functions on
// the way from logits to scores, and what is recorded.
#pragma once

#include "decoder.h"
#include "limits.h"
#include "sampler.h"

namespace clvp {

/// Throws invalid_argument for options that the model or the prompt cannot meet.
void check_draw(const Prompt & prompt, const DrawOptions & options, const Params & params);

class Decoding {
public:
    /// For at most n_slots candidates at a time. All arguments must outlive it.
    Decoding(Backend & backend, const Weights & weights, const Params & params, const Prompt & prompt, const DrawOptions & options, uint32_t n_slots,
             Timings & timings);

    /// Reads the prompt. Returns the logits [n_vocab] of the first token.
    std::vector<float> start();
    /// Feeds slot i tokens[i], of `candidates[i]`. Returns logits [n_rows, n_vocab].
    std::vector<float> step(const std::vector<int32_t> & tokens, const std::vector<uint32_t> & candidates, bool deterministic);

    /// Logits or log-probabilities [n_rows, n_vocab] through the limits, the caller's processor and, if `warped`, the warpers.
    /// Recorded as the scores of step n_drawn.
    void process(const StepRows & rows, std::vector<float> & scores, size_t n_drawn, bool warped, size_t min_keep);
    /// Keeps a step's logits [n_rows, n_vocab], if that is asked for.
    void record_logits(size_t n_drawn, const std::vector<uint32_t> & candidates, const std::vector<float> & logits);
    /// Which rows the caller's criteria end; none without any.
    std::vector<int32_t> ends(const StepRows & rows) const;
    bool is_stop(int32_t id) const;
    size_t n_stops() const { return stops_.size(); }
    const std::vector<int32_t> & written() const { return written_; }

    KvCache cache;
    std::vector<StepTrace> traces;

private:
    /// The record of a step of a batch; the prompt's, which has no candidates yet, becomes the first batch's.
    StepTrace & trace(size_t n_drawn, const std::vector<uint32_t> & candidates);
    void record(size_t n_drawn, const std::vector<uint32_t> & candidates, DecoderOutput & output);

    Backend & backend_;
    const Weights & weights_;
    const Params & params_;
    const Prompt & prompt_;
    const DrawOptions & options_;
    Timings & timings_;
    const std::vector<int32_t> stops_, written_;
};

} // namespace clvp
