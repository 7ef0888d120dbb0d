/* clvp/generation.h: prompts, options and results of drawing and beam search. */
#pragma once

#include "clvp/model.h"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace clvp {

/// Sampling settings, applied in transformers' order and arithmetic.
struct Sampling {
    float repetition_penalty = 2.0f; // 0.001 to 1000, 1 for none
    float temperature = 0.8f;        // 0.001 to 1000, or 0 for greedy decoding
    uint32_t top_k = 50;             // 0 for all
    float top_p = 0.8f;              // 1 for all
    float min_p = 0.0f;              // 0 for all
    float typical_p = 1.0f;          // 1 for all
};

/// Which tokens must not be drawn. Applied between the repetition penalty and the warpers, in transformers' order and arithmetic.
struct Limits {
    uint32_t no_repeat_ngram = 0;                // no n-gram of this length occurs twice; 0 for no limit
    std::vector<std::vector<int32_t>> bad_words; // sequences of ids that must not be drawn
    std::vector<int32_t> suppress;               // ids that must not be drawn
    uint32_t min_tokens = 0;                     // tokens before a stop may be drawn
    bool rankable = true;                        // excludes ids for which the speech encoder has no embedding
};

/// The input that the decoder continues.
struct TextPrompt {           // a text in a voice
    std::vector<int32_t> ids; // without bos and stop
    std::vector<float> voice; // [n_embd]
};
struct ConditioningPrompt {    // output of the conditioning encoder; mel start follows
    std::vector<float> embeds; // [n, n_embd]
};
struct TokenPrompt {                // tokens of the decoder, or embeddings instead
    std::vector<int32_t> ids;       // [n]
    std::vector<float> embeds;      // [n, n_embd]
    std::vector<int32_t> positions; // [n]; the first drawn token has the position after the last one
    std::vector<int32_t> mask;      // [n], 0 hides; empty to hide nothing
    std::vector<int32_t> seen;      // ids that penalties and limits treat as already written
    uint32_t n_padding = 0;         // leading ids of `seen` that the repetition penalty skips
};
using Prompt = std::variant<TextPrompt, ConditioningPrompt, TokenPrompt>;

/// Why a candidate ended: a stop was drawn, the maximum length was reached, or the caller's criteria ended it.
enum class Finish { stop, length, criteria };

struct Candidate {
    uint32_t index = 0;
    uint64_t seed = 0;           // reproduces this candidate alone, as candidate 0
    std::vector<int32_t> tokens; // as drawn, without bos and stop
    double mean_logprob = 0;     // of the drawn tokens, stop included, under the model, before any warper
    Finish finish = Finish::length;
    int32_t stop = -1;         // the id that ended it
    float beam_score = 0;      // from search_beams(): sum of processed log-probabilities / length^length_penalty
    std::vector<int32_t> path; // from search_beams(): for each token, stop included, the rank of its parent beam
};

/// One drawn token of one candidate, the stop token included.
struct StepEvent {
    uint32_t candidate;
    int32_t token;
};

/// The rows of a step, all of equal length.
struct StepRows {
    std::vector<uint32_t> candidates;      // candidate of each row; in beam search its rank, best first
    std::vector<std::vector<int32_t>> ids; // ids so far: first those that the prompt treats as already written
};

/// What a call records of its steps.
struct Recording {
    bool scores = false, logits = false, hidden_states = false, attentions = false;
};

/// The recording of one step.
struct StepTrace {
    uint32_t step = 0;                             // 0: the prompt, whose one row of hidden states and attentions serves all candidates
    std::vector<uint32_t> candidates;              // as in StepRows
    std::vector<float> scores, logits;             // [n_rows, n_vocab]; tokens were drawn from the scores
    std::vector<std::vector<float>> hidden_states; // as in Output
    std::vector<std::vector<float>> attentions;
};

/// May change scores [n_rows, n_vocab] in place. Called between the limits and the warpers. Minus infinity excludes an id.
using Processor = std::function<void(const StepRows & rows, std::vector<float> & scores)>;
/// Returns a nonzero value for each row that ends. The last id of each row is the new token.
using Criteria = std::function<std::vector<int32_t>(const StepRows & rows)>;

/// Options common to drawing and beam search.
struct DrawOptions {
    uint32_t max_tokens = 500;              // at most Params::max_tokens(positions)
    std::vector<int32_t> stops;             // ids that end a row; empty for the model's eos
    uint64_t seed = 0;                      // below 2^53
    Positions positions = Positions::model; // a TokenPrompt states its own
    std::vector<int32_t> history;           // ids that penalties and limits treat as written before the prompt's own; tortoise's are { 1 }
    Sampling sampling;
    Limits limits;
    Recording record;
    Processor process; // may call the session itself: other calls compute while it runs
    Criteria criteria; // the same
    AbortFlag abort;   // ends only this call, within one step
};

/// Gives up candidates that are unlikely to win. At 32, 64, 128 ... tokens the candidates that have reached that number are compared: the ranker scores
/// their tokens so far. The worst take no more steps and are not among the results. The choice does not depend on the batch.
struct Prune {
    double share = 0;              // of the candidates that are compared, from 0 to less than 1; 0: none is given up
    std::vector<int32_t> text_ids; // what the ranker compares them with
};

struct GenerateOptions : DrawOptions {
    Prune prune;
    uint32_t n_candidates = 16;
    uint32_t first = 0;                                          // index of the first candidate
    uint32_t batch_size = 16;                                    // candidates decoded together
    bool deterministic = false;                                  // same rounding in any batch: candidate k is bit-identical for any n_candidates
    std::function<void(const std::vector<StepEvent> &)> on_step; // after each step
    std::function<void(const Candidate &)> on_candidate;         // when a candidate has ended
};

/// A request for candidates.
struct Request {
    Prompt prompt;
    GenerateOptions options;
};

/// When a beam search ends: as soon as n_beams rows have finished (yes), when no running beam is likely to beat them (no), or
/// when no running beam can beat them (never).
enum class EarlyStopping { no, yes, never };

/// Beam search in transformers' arithmetic. Candidate k is the k-th best row.
struct BeamOptions : DrawOptions {
    uint32_t n_beams = 4;
    uint32_t n_return = 4;       // at most n_beams
    float length_penalty = 1.0f; // the score of a row is divided by its length to this power
    EarlyStopping early_stopping = EarlyStopping::no;
    bool sample = false;                          // draw continuations with all of `sampling`; otherwise only its repetition penalty applies
    std::function<void(size_t n_tokens)> on_step; // after each step, with the length of the running beams
};

/// Milliseconds and counts of one call. A step that several calls share counts in full for each of them.
struct Timings {
    double prefill_ms = 0, decode_ms = 0, sample_ms = 0;
    uint32_t n_prefill = 0; // prompt positions that were computed; 0 if the previous prefill was reused
    uint32_t n_steps = 0;   // decoder steps after the prefill
    uint64_t kv_bytes = 0;  // peak size of the call's part of the KV cache
};

struct Generated {
    std::vector<Candidate> candidates;
    std::vector<StepTrace> steps; // as requested by DrawOptions::record
    Timings timings;
};

/// The outcome of a request: candidates or an error.
using Outcome = std::variant<Generated, Error>;
/// Called once with the outcome of a request. It must not throw.
using Done = std::function<void(Outcome)>;

} // namespace clvp
