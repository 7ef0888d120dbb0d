/* clvp/types.h: parameter and result types of the functions in clvp.h. */
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace clvp {

// --- errors ---------------------------------------------------------------------------------------------------

enum class Code { invalid_argument, model_format, unsupported, aborted, disposed, out_of_memory, io, busy, device, audio };

/// The code's public name, such as "CLVP_MODEL_FORMAT".
const char * code_name(Code code);

class Error : public std::runtime_error {
public:
    Error(Code code, const std::string & message) : std::runtime_error(message), code(code) {}
    const Code code;
};

// --- model parameters ---------------------------------------------------------------------------------------------

/// Sizes of a text or speech encoder (ClvpEncoderConfig).
struct EncoderParams {
    uint32_t n_vocab = 0, n_embd = 0, n_ff = 0, n_proj = 0, n_layer = 0, n_head = 0;
    bool attn_bias = false; // q, k and v have biases
    uint32_t n_rot = 0;     // leading dimensions of each head that are rotated; 0 without rotary embedding
    float rope_base = 0;    // base of the rotary frequencies, over n_rot dimensions
    float eps = 0;          // of the RMS norms and the final layer norm
    std::string act;        // activation of the GEGLU gate: "gelu", "gelu_new", "relu", "silu"
    std::string summary;    // pooling: "mean", "last", "first", "cls_index"
};

/// Sizes of the speech decoder and of the conditioning encoder that feeds it (ClvpDecoderConfig).
struct DecoderParams {
    uint32_t n_vocab = 0, n_positions = 0, n_embd = 0, n_ff = 0, n_layer = 0, n_head = 0;
    uint32_t n_text_positions = 0; // text positions of the conditioning encoder
    uint32_t n_cond_layer = 0, n_cond_group = 0;
    bool attn_bias = true; // q, k and v have biases, here and in the conditioning encoder
    float eps = 0;
    std::string act;
    int32_t bos = 0, eos = 0;
    std::vector<int32_t> fixing_codes; // silence, then the codes that end a row
};

/// Log-mel features (ClvpFeatureExtractor). Frequencies in Hz.
struct MelParams {
    uint32_t sample_rate = 22050, n_fft = 1024, hop = 256, n_mels = 80;
    uint32_t seconds = 6; // clips are zero-padded or cut to this length
    float f_max = 8000.0f;
    std::vector<float> norms; // one divisor per mel channel; empty for none
};

/// Mel frames per speech code: 1,024 samples with the published parameters.
constexpr uint32_t frames_per_code = 4;

struct Params {
    std::string name;
    std::string type; // of the weight matrices: "f32", "f16", "q8_0", ...
    DecoderParams decoder;
    EncoderParams text, speech;
    MelParams mel;
    int32_t text_bos = 255, text_eos = 0;
    float logit_scale = 0;   // scores are cosine * exp(logit_scale)
    uint32_t n_codebook = 0; // number of codes in the file's codebook; 0 for a file without one

    /// Maximum number of text ids for generate(): the conditioning encoder adds bos and two stops.
    uint32_t max_text_ids() const { return decoder.n_text_positions > 3 ? decoder.n_text_positions - 3 : 0; }
    /// Maximum number of tokens of one candidate: position 1 is never used, and the last token is not fed back.
    uint32_t max_tokens() const { return decoder.n_positions > 1 ? decoder.n_positions - 1 : 0; }
};

// --- devices --------------------------------------------------------------------------------------------------------

struct Device {
    std::string name, description, kind;        // kind: "cpu", "gpu", "igpu"
    uint64_t memory_free = 0, memory_total = 0; // bytes
};

/// The CPU kernels in use.
struct Kernels {
    std::string variant;               // GGML's name for the CPU features they need, such as "haswell"; "built in" without CPU libraries
    std::string library;               // the file they were loaded from; empty if built in
    std::vector<std::string> features; // CPU features that they use, such as "AVX2"
    std::string ggml;                  // GGML's version
};

// --- model ------------------------------------------------------------------------------------------------------------

/// Called with the completed fraction, 0 to 1, on the thread that does the work.
using Progress = std::function<void(double fraction)>;
/// Set to true from any thread to stop a call with Code::aborted.
using AbortFlag = std::shared_ptr<std::atomic<bool>>;

/// A value of a GGUF key.
using Value = std::variant<bool, uint32_t, int32_t, float, std::string, std::vector<int32_t>, std::vector<float>, std::vector<std::string>>;
using Values = std::map<std::string, Value>;

/// A tensor as a file lists it. Dimensions in GGML's order: the contiguous one first.
struct TensorInfo {
    std::string name, type;
    std::vector<uint64_t> dims;
    uint64_t n_bytes = 0;
    uint64_t offset = 0; // of its data, from the file's start
};

/// The validated header of a GGUF file, without tensor data.
struct FileInfo {
    Values values;
    std::vector<TensorInfo> tensors;
    uint64_t n_bytes = 0; // of the file
};

/// A fault that verify() found in a file.
struct Fault {
    std::string tensor; // empty for a fault of the file as a whole
    std::string what;
};

struct Verification {
    std::vector<Fault> faults; // empty if the file is sound
    std::string checksum;      // as stated in the header; empty for a file without checksums, whose weights are checked only for NaN and infinity
    Values values;             // of the header; empty if it could not be read
    uint64_t n_bytes = 0;      // of the file
    uint64_t n_tensors = 0;
};

struct VerifyOptions {
    uint32_t n_threads = 0; // 0 for the number of physical cores available to this process
    Progress progress;
    AbortFlag abort;
};

/// Difference between the tensors of the same name in two files.
struct TensorDifference {
    std::string name, type_a, type_b;
    std::vector<uint64_t> dims;
    double max_error = 0;                                         // the largest |a - b|
    double square_error = 0, square_a = 0, square_b = 0, dot = 0; // sums of (a - b)^2, a^2, b^2 and a * b
};

struct CompareOptions {
    Progress progress;
    AbortFlag abort;
};

/// Which towers of a model are loaded. Calls that need a part that was not loaded throw unsupported.
struct Parts {
    bool decoder = true; // decoder and conditioning encoder: voices, prompts, drawing
    bool ranker = true;  // text and speech encoder: embeddings, scores
};

struct ModelOptions {
    std::string device = "auto"; // "auto", a kind ("cpu", "cuda", "gpu"), the n-th of a kind ("cuda:1"), or a name from devices()
    Parts parts;
    bool map = false;              // maps the file instead of copying its weights: CPU only; the file must not change while it is mapped
    uint64_t memory_available = 0; // bytes; larger weights are refused before they are read. 0: unknown
    uint64_t max_memory = 0;       // bytes; the same limit, also for mapped weights and other devices. 0: no limit
    Progress progress;
    AbortFlag abort;
};

// --- audio ----------------------------------------------------------------------------------------------------------------

/// Mono samples in [-1, 1].
struct Audio {
    std::vector<float> samples;
    uint32_t sample_rate = 0; // Hz

    /// The same sound at another sample rate, by windowed sinc interpolation; ceil(n * rate / sample_rate) samples.
    std::vector<float> resampled(uint32_t rate) const;
};

/// A log-mel spectrogram: data is [n_mels, n_frames], frames contiguous.
struct Mel {
    uint32_t n_mels = 0, n_frames = 0;
    std::vector<float> data;
};

// --- session ----------------------------------------------------------------------------------------------------------------

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

/// Rows of equal length for a tower: ids, or embeddings instead.
struct Rows {
    uint32_t n_rows = 0, n_tokens = 0;
    std::vector<int32_t> ids;       // [n_rows, n_tokens]
    std::vector<float> embeds;      // [n_rows, n_tokens, n_embd]
    std::vector<int32_t> mask;      // [n_rows, n_tokens], or [n_rows, n_past + n_tokens] after a past; 0 hides; empty to hide nothing
    std::vector<int32_t> positions; // [n_rows, n_tokens]; empty for 0, 1, 2, ..., after a past for n_past, n_past + 1, ...
    bool hidden_states = false;     // return hidden states
    bool attentions = false;        // return attention weights
};

/// Outputs of a tower.
struct Output {
    std::vector<float> last_hidden;                // [n_rows, n_tokens, n_embd], after the final norm
    std::vector<std::vector<float>> hidden_states; // the embeddings, then the output of each block, the last one after the final norm
    std::vector<std::vector<float>> attentions;    // one per block: [n_rows, n_head, n_tokens, n_keys]
};

struct EncoderOutput : Output {
    std::vector<float> pooled; // [n_rows, n_embd]
    std::vector<float> embeds; // [n_rows, n_proj], not normalised
};

/// Keys and values of rows of tokens that the decoder has read. Immutable: continuing from a past creates a new one.
class Past {
public:
    virtual ~Past() = default;
    virtual uint32_t n_rows() const = 0;
    virtual uint32_t n_tokens() const = 0;
    virtual uint64_t n_bytes() const = 0;
};

struct DecoderRows : Rows {
    std::vector<int32_t> types; // token type ids [n_rows, n_tokens]; their token embeddings are added
    std::shared_ptr<const Past> past;
    bool keep = false;   // return a past
    bool logits = false; // return logits
};

struct DecoderOutput : Output {
    std::vector<float> logits; // [n_rows, n_tokens, n_vocab]
    std::shared_ptr<const Past> past;
};

/// How the decoder's learned positions apply to its prefix (voice, text, mel start).
///   reference  as in transformers 5.23: adds position 0 to row i and subtracts position i
///   cancelled  no positions, as tortoise trained it and as the comments of the reference say
enum class PrefixPositions { reference, cancelled };

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
    uint32_t max_tokens = 500;  // at most Params::max_tokens()
    std::vector<int32_t> stops; // ids that end a row; empty for the model's eos
    uint64_t seed = 0;          // below 2^53
    PrefixPositions prefix_positions = PrefixPositions::reference;
    Sampling sampling;
    Limits limits;
    Recording record;
    Processor process; // may call the session itself: other calls compute while it runs
    Criteria criteria; // the same
    AbortFlag abort;   // ends only this call, within one step
};

struct GenerateOptions : DrawOptions {
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

/// Options of Session::preview().
struct PreviewOptions {
    uint32_t n_iterations = 60; // of the phase estimation; 1 to 1000
};

/// L2-normalised embeddings and the scores of all pairs.
struct Similarity {
    std::vector<float> text, speech; // [n_texts, n_proj], [n_rows, n_proj]
    std::vector<float> scores;       // [n_texts, n_rows]: cosine * exp(logit_scale)
};

/// Input statistics of a weight matrix: the mean square of each input column over all rows (tokens).
struct ColumnImportance {
    std::string name;                // of the matrix
    uint64_t n_rows = 0;             // rows that were multiplied by the matrix
    std::vector<float> mean_squares; // [n_in]
};

struct SessionOptions {
    uint32_t n_threads = 0; // 0 for the number of physical cores available to this process
    /// Type of keys and values while candidates are drawn: "auto" (F32 for an F32 model, else F16), "f32", "f16", or "q8_0", which takes
    /// half the memory of F16. "q8_0" needs the CPU and a head size that is a multiple of 32; steps whose attention weights are recorded
    /// use F16. Throws unsupported.
    std::string kv_type = "auto";
};

// --- writing model files ------------------------------------------------------------------------------------------------------

/// A tensor to write.
struct NewTensor {
    std::string name;
    std::string type;           // "f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q5_0", "q4_k", "q4_0", "iq4_nl"
    std::vector<uint64_t> dims; // in GGML's order: the contiguous one first
    /// Weight of the error in each column, [dims[0]], finite and not negative; empty for equal weights. The types of 4 to 6 bits use it
    /// to choose their scales.
    std::vector<float> importance = {};
};

struct WriterOptions {
    uint32_t n_threads = 0; // 0 for the number of physical cores available to this process; the bytes of the file do not depend on it
    AbortFlag abort;        // append() and finish() throw aborted soon after it is set
};

} // namespace clvp
