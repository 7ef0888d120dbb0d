// What drawing and beam search share: steps of the decoder, a prompt's prefill, the limits and the caller's functions on the way
// from logits to scores, and what is recorded.
#pragma once

#include "generate/logits_limits.h"
#include "generate/sampler.h"
#include "model/decoder.h"

namespace clvp {

/// Throws invalid_argument for options that the model or the prompt cannot meet.
void check_draw(const Prompt & prompt, const DrawOptions & options, const Params & params);

/// The prompt that was read last, and what came of it: a call that goes on from the same one, for more candidates or with another
/// seed, need not read it again. One is kept, and dropped before another is read, so that the peak of memory is as without.
struct LastPrefill {
    Prompt prompt;
    PrefixPositions prefix_positions = PrefixPositions::reference;
    KvShape shape = {};
    Prefilled prefilled; // no prefix: nothing is kept
};

/// What a call draws with. All of it must outlive the drawing.
struct Decoder {
    Call & call;
    const Weights & weights;
    const Params & params;
    const KvShape & shape;
    LastPrefill & last;
};

/// The decoder with a cache for some rows, which may come from several prompts.
class Stepper {
public:
    /// `attentions`: the rows' attention weights are to be recorded.
    Stepper(const Decoder & decoder, bool attentions, uint32_t n_slots, uint32_t n_max);

    /// Reads a prompt, with pauses; counts in `timings`.
    Prefilled start(const Prompt & prompt, PrefixPositions prefix_positions, const Recording & record, Timings & timings);
    /// Logits [n_rows, n_vocab] of the tokens that follow, and what is to be recorded.
    DecoderOutput step(const std::vector<StepRow> & rows, bool deterministic, const Recording & record);

    Call & call() { return decoder_.call; }

    KvCache cache;

private:
    Decoder decoder_;
};

/// Throws model_format unless a row of logits is finite.
void check_logits(const float * logits, size_t n);

/// One prompt that is gone on from.
class Decoding {
public:
    Decoding(Stepper & stepper, const Params & params, const Prompt & prompt, const DrawOptions & options);

    /// Reads the prompt. Returns the logits [n_vocab] of the first token.
    std::vector<float> start();
    /// Empties a slot for a row of this prompt.
    void open(uint32_t slot) { stepper_.cache.open(slot, prefix_); }
    /// Gives the prefix back, when no more rows are to come.
    void close() { prefix_.reset(); }
    uint64_t prefix_bytes() const { return prefix_bytes_; }
    /// What a step reads for the row in a slot.
    StepRow next(uint32_t slot, int32_t token) const;
    /// Feeds rows of this prompt alone, those of `candidates`, all of one length, after a pause for other calls. Returns logits
    /// [n_rows, n_vocab].
    std::vector<float> step(const std::vector<StepRow> & rows, const std::vector<uint32_t> & candidates, bool deterministic);

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

    std::vector<StepTrace> traces;
    Timings timings;

private:
    /// The record of a step of a batch; the prompt's, which has no candidates yet, becomes the first batch's.
    StepTrace & trace(size_t n_drawn, const std::vector<uint32_t> & candidates);
    void record(size_t n_drawn, const std::vector<uint32_t> & candidates, DecoderOutput & output);

    Stepper & stepper_;
    const Params & params_;
    const Prompt & prompt_;
    const DrawOptions & options_;
    const std::vector<int32_t> stops_, written_;
    std::shared_ptr<const Prefix> prefix_;
    uint64_t prefix_bytes_ = 0;
};

} // namespace clvp
