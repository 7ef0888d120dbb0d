// Shared by drawing and beam search: decoder steps, the prefill of a prompt, the processing of logits into scores, and recordings.
#pragma once

#include "generate/logits_limits.h"
#include "generate/sampler.h"
#include "model/decoder.h"

namespace clvp {

/// Throws invalid_argument for options that do not fit the model or the prompt.
void check_draw(const Prompt & prompt, const DrawOptions & options, const Params & params);

/// The last prefill and its prompt. A call with the same prompt, for more candidates or with another seed, reuses it. Only one is
/// kept, and it is evicted before another prompt is read, so it does not raise the peak memory.
struct LastPrefill {
    Prompt prompt;
    Positions positions = Positions::model;
    KvShape shape = {};
    Prefilled prefilled; // without a prefix: nothing is kept
};

/// The resources of a call that draws. All of them must outlive the drawing.
struct Decoder {
    Call & call;
    const Weights & weights;
    const Params & params;
    const KvShape & shape;
    LastPrefill & last;
};

/// The decoder with a KV cache for rows of one or several prompts.
class Stepper {
public:
    /// `attentions`: attention weights will be recorded.
    Stepper(const Decoder & decoder, bool attentions, uint32_t n_slots, uint32_t n_max);

    /// Reads a prompt, with pauses, and adds to `timings`.
    Prefilled start(const Prompt & prompt, Positions positions, const Recording & record, Timings & timings);
    /// Logits [n_rows, n_vocab] of the next tokens, and the outputs that `record` selects.
    DecoderOutput step(const std::vector<StepRow> & rows, bool deterministic, const Recording & record);

    Call & call() { return decoder_.call; }
    const Decoder & decoder() const { return decoder_; }

    KvCache cache;

private:
    Decoder decoder_;
};

/// Throws model_format if a row of logits contains NaN or infinite values.
void check_logits(const float * logits, size_t n);

/// A prompt and its continuations.
class Decoding {
public:
    Decoding(Stepper & stepper, const Params & params, const Prompt & prompt, const DrawOptions & options);

    /// Reads the prompt. Returns the logits [n_vocab] of the first token.
    std::vector<float> start();
    /// Opens an empty slot for a row of this prompt.
    void open(uint32_t slot) { stepper_.cache.open(slot, prefix_); }
    /// Releases the prefix, when no more rows will be opened.
    void close() { prefix_.reset(); }
    uint64_t prefix_bytes() const { return prefix_bytes_; }
    /// The input of a step for the row in a slot.
    StepRow next(uint32_t slot, int32_t token) const;
    /// Pauses for other calls, then feeds rows of this prompt only: those of `candidates`, all of equal length. Returns logits
    /// [n_rows, n_vocab].
    std::vector<float> step(const std::vector<StepRow> & rows, const std::vector<uint32_t> & candidates, bool deterministic);

    /// Applies the limits, the caller's processor and, if `warped`, the warpers to logits or log-probabilities [n_rows, n_vocab].
    /// Records the result as the scores of step n_drawn.
    void process(const StepRows & rows, std::vector<float> & scores, size_t n_drawn, bool warped, size_t min_keep);
    /// Records a step's logits [n_rows, n_vocab], if requested.
    void record_logits(size_t n_drawn, const std::vector<uint32_t> & candidates, const std::vector<float> & logits);
    /// Nonzero for each row that the caller's criteria end; all zero without criteria.
    std::vector<int32_t> ends(const StepRows & rows) const;
    bool is_stop(int32_t id) const;
    size_t n_stops() const { return stops_.size(); }
    const std::vector<int32_t> & written() const { return written_; }

    std::vector<StepTrace> traces;
    Timings timings;

private:
    /// The recording of a step. The prompt's recording, which has no candidates yet, becomes that of the first batch.
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
