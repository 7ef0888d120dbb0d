/* clvp/types.h: what the core takes and gives. clvp.h declares what works on them. */
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

// --- what a model file says ---------------------------------------------------------------------------------------

/// Sizes of a text or speech encoder (ClvpEncoderConfig).
struct EncoderParams {
    uint32_t n_vocab = 0, n_embd = 0, n_ff = 0, n_proj = 0, n_layer = 0, n_head = 0;
    bool attn_bias = false; // do q, k and v have biases
    uint32_t n_rot = 0;     // leading dimensions of a head that are rotated; 0 without rotary embedding
    float rope_base = 0;    // base of the rotary frequencies, over n_rot dimensions
    float eps = 0;          // of the RMS norms and the final layer norm
    std::string act;        // gate of the GEGLU: "gelu", "gelu_new", "relu", "silu"
    std::string summary;    // pooling: "mean", "last", "first", "cls_index"
};

/// Sizes of the speech decoder and of the conditioning encoder that feeds it (ClvpDecoderConfig).
struct DecoderParams {
    uint32_t n_vocab = 0, n_positions = 0, n_embd = 0, n_ff = 0, n_layer = 0, n_head = 0;
    uint32_t n_text_positions = 0; // of the conditioning encoder's text
    uint32_t n_cond_layer = 0, n_cond_group = 0;
    bool attn_bias = true; // do q, k and v have biases, here and in the conditioning encoder
    float eps = 0;
    std::string act;
    int32_t bos = 0, eos = 0;
    std::vector<int32_t> fixing_codes; // silence, then the codes that end a row
};

/// Log-mel features (ClvpFeatureExtractor). Frequencies in Hz.
struct MelParams {
    uint32_t sample_rate = 22050, n_fft = 1024, hop = 256, n_mels = 80;
    uint32_t seconds = 6; // a clip is padded or cut to this length
    float f_max = 8000.0f;
    std::vector<float> norms; // one divisor for each mel channel; empty for none
};

/// Mel frames that one speech code stands for: 1,024 samples at the published sizes.
constexpr uint32_t frames_per_code = 4;

struct Params {
    std::string name;
    std::string type; // of the weight matrices: "f32", "f16", "q8_0", ...
    DecoderParams decoder;
    EncoderParams text, speech;
    MelParams mel;
    int32_t text_bos = 255, text_eos = 0;
    float logit_scale = 0;   // scores are cosine * exp(logit_scale)
    uint32_t n_codebook = 0; // codes, from 0 on, that the file's codebook has frames for; 0 for a file without one

    /// Most text ids that generate() takes: bos and two stops join them in the conditioning encoder.
    uint32_t max_text_ids() const { return decoder.n_text_positions > 3 ? decoder.n_text_positions - 3 : 0; }
    /// Most tokens that one candidate can have: position 1 is never used, and the last token is not fed back.
    uint32_t max_tokens() const { return decoder.n_positions > 1 ? decoder.n_positions - 1 : 0; }
};

// --- devices --------------------------------------------------------------------------------------------------------

struct Device {
    std::string name, description, kind;        // kind: "cpu", "gpu", "igpu"
    uint64_t memory_free = 0, memory_total = 0; // bytes
};

/// The code that computes on the CPU.
struct Kernels {
    std::string variant;               // GGML's name for the CPU features it needs, "haswell" for one; "built in" where there is no choice
    std::string library;               // the file it was loaded from; empty where it is built in
    std::vector<std::string> features; // what it uses, such as "AVX2"
    std::string ggml;                  // GGML's version
};

// --- model ------------------------------------------------------------------------------------------------------------

/// Called with the fraction done, 0 to 1, on the thread that does the work.
using Progress = std::function<void(double fraction)>;
/// Set to true from any thread to stop a load or a conversion with Code::aborted.
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

/// The header of a GGUF file: read, bounded and checked, without its tensors' data.
struct FileInfo {
    Values values;
    std::vector<TensorInfo> tensors;
    uint64_t n_bytes = 0; // of the file
};

/// Something in a file that is not as it should be.
struct Fault {
    std::string tensor; // empty if it is about the file
    std::string what;
};

struct Verification {
    std::vector<Fault> faults; // none: the file is sound
    std::string checksum;      // as the header states it; empty for a file without checksums, whose numbers may be any that are finite
    Values values;             // of the header; none if that could not be read
    uint64_t n_bytes = 0;      // of the file
    uint64_t n_tensors = 0;
};

struct VerifyOptions {
    uint32_t n_threads = 0; // 0 for the physical cores that this process may use
    Progress progress;
    AbortFlag abort;
};

/// How a tensor of one file differs from another's.
struct TensorDifference {
    std::string name, type_a, type_b;
    std::vector<uint64_t> dims;
    double max_error = 0;                                         // the largest |a - b|
    double square_error = 0, square_a = 0, square_b = 0, dot = 0; // sums
};

struct CompareOptions {
    Progress progress;
    AbortFlag abort;
};

/// Which towers of a model are loaded. What needs another throws unsupported.
struct Parts {
    bool decoder = true; // with the conditioning encoder: voices, prompts, drawing
    bool ranker = true;  // the text and the speech encoder: embeddings, scores
};

struct ModelOptions {
    std::string device = "auto"; // "auto", a kind ("cpu", "cuda", "gpu"), one of a kind ("cuda:1"), or a name of devices()
    Parts parts;
    bool map = false;              // the file's pages serve as the weights: CPU only, and it must not change meanwhile
    uint64_t memory_available = 0; // bytes; weights that need more are refused before they are read. 0: not known
    uint64_t max_memory = 0;       // bytes; the same, for mapped weights and other devices too. 0: no limit
    Progress progress;
    AbortFlag abort;
};

// --- audio ----------------------------------------------------------------------------------------------------------------

/// Mono samples in [-1, 1].
struct Audio {
    std::vector<float> samples;
    uint32_t sample_rate = 0; // Hz

    /// The same sound at another rate, by a windowed sinc; ceil(n * rate / sample_rate) samples.
    std::vector<float> resampled(uint32_t rate) const;
};

/// A log-mel spectrogram: data is [n_mels, n_frames], frames contiguous.
struct Mel {
    uint32_t n_mels = 0, n_frames = 0;
    std::vector<float> data;
};

// --- session ----------------------------------------------------------------------------------------------------------------

/// How a token is drawn, in transformers' order and arithmetic.
struct Sampling {
    float repetition_penalty = 2.0f; // 0.001 to 1000, 1 for none
    float temperature = 0.8f;        // 0.001 to 1000, or 0 for the most likely token always (greedy)
    uint32_t top_k = 50;             // 0 for all
    float top_p = 0.8f;              // 1 for all
    float min_p = 0.0f;              // 0 for all
    float typical_p = 1.0f;          // 1 for all
};

/// What may not be drawn, in transformers' order and arithmetic: between the repetition penalty and the warpers.
struct Limits {
    uint32_t no_repeat_ngram = 0;                // no run of this many ids comes twice; 0 for any repetition
    std::vector<std::vector<int32_t>> bad_words; // runs of ids that are not drawn
    std::vector<int32_t> suppress;               // ids that are not drawn
    uint32_t min_tokens = 0;                     // tokens before a stop may be drawn
    bool rankable = true;                        // ids that the speech encoder has no embedding for are not drawn
};

/// Rows of one length for a tower: ids, or embeddings in their place.
struct Rows {
    uint32_t n_rows = 0, n_tokens = 0;
    std::vector<int32_t> ids;       // [n_rows, n_tokens]
    std::vector<float> embeds;      // [n_rows, n_tokens, n_embd]
    std::vector<int32_t> mask;      // [n_rows, n_tokens], behind a past [n_rows, n_past + n_tokens]; 0 hides; empty for none hidden
    std::vector<int32_t> positions; // [n_rows, n_tokens]; empty for 0, 1, 2, ..., behind a past from its length on
    bool hidden_states = false;     // give them back
    bool attentions = false;        // give them back
};

/// What a tower makes of rows.
struct Output {
    std::vector<float> last_hidden;                // [n_rows, n_tokens, n_embd], after the final norm
    std::vector<std::vector<float>> hidden_states; // the embeddings, then each block's output, the last one after the final norm
    std::vector<std::vector<float>> attentions;    // each block's [n_rows, n_head, n_tokens, n_keys]
};

struct EncoderOutput : Output {
    std::vector<float> pooled; // [n_rows, n_embd]
    std::vector<float> embeds; // [n_rows, n_proj], not normalised
};

/// Keys and values of rows of tokens that the decoder has read. Never changes: to go on from it gives another.
class Past {
public:
    virtual ~Past() = default;
    virtual uint32_t n_rows() const = 0;
    virtual uint32_t n_tokens() const = 0;
    virtual uint64_t n_bytes() const = 0;
};

struct DecoderRows : Rows {
    std::vector<int32_t> types; // token type ids [n_rows, n_tokens], embedded as tokens are and added
    std::shared_ptr<const Past> past;
    bool keep = false;   // give a past back
    bool logits = false; // give logits back
};

struct DecoderOutput : Output {
    std::vector<float> logits; // [n_rows, n_tokens, n_vocab]
    std::shared_ptr<const Past> past;
};

/// How the decoder's learned positions touch its prefix (voice, text, mel start).
///   reference  as transformers 5.23 runs: row i has position 0 added and position i taken away
///   cancelled  none, as tortoise trained it and as the reference's own comments say
enum class PrefixPositions { reference, cancelled };

/// What the decoder goes on from.
struct TextPrompt {           // a text in a voice
    std::vector<int32_t> ids; // without bos and stop
    std::vector<float> voice; // [n_embd]
};
struct ConditioningPrompt {    // what the conditioning encoder makes of one; mel start follows
    std::vector<float> embeds; // [n, n_embd]
};
struct TokenPrompt {                // the decoder's own tokens, or embeddings in their place
    std::vector<int32_t> ids;       // [n]
    std::vector<float> embeds;      // [n, n_embd]
    std::vector<int32_t> positions; // [n]; the first drawn token has the position after the last one's
    std::vector<int32_t> mask;      // [n], 0 hides; empty for none hidden
    std::vector<int32_t> seen;      // the ids that count as written already, for penalties and limits
    uint32_t n_padding = 0;         // of seen: leading ones that the repetition penalty passes over
};
using Prompt = std::variant<TextPrompt, ConditioningPrompt, TokenPrompt>;

/// Why a candidate ended: a stop was drawn, there was no more room, or the caller's function said so.
enum class Finish { stop, length, criteria };

struct Candidate {
    uint32_t index = 0;
    uint64_t seed = 0;           // generates this candidate alone, as candidate 0
    std::vector<int32_t> tokens; // as drawn, without bos and stop
    double mean_logprob = 0;     // of the drawn tokens (stop too) under the model, before any warper
    Finish finish = Finish::length;
    int32_t stop = -1;         // the id that ended it
    float beam_score = 0;      // of search_beams(): sum of processed log-probabilities / length^length_penalty
    std::vector<int32_t> path; // of search_beams(): for each token, stop included, the rank of the beam that it went on from
};

/// One drawn token of one candidate, the stop token included.
struct StepEvent {
    uint32_t candidate;
    int32_t token;
};

/// The rows of a step, all of one length.
struct StepRows {
    std::vector<uint32_t> candidates;      // each row's candidate; with beams its rank, best first
    std::vector<std::vector<int32_t>> ids; // so far, those that the prompt counts as written first
};

/// What a call keeps of its steps.
struct Recording {
    bool scores = false, logits = false, hidden_states = false, attentions = false;
};

/// One step, as far as it was recorded.
struct StepTrace {
    uint32_t step = 0;                             // 0: the prompt's, which has one row of hidden states and attentions for all
    std::vector<uint32_t> candidates;              // as in StepRows
    std::vector<float> scores, logits;             // [n_rows, n_vocab]; scores are what was drawn from
    std::vector<std::vector<float>> hidden_states; // as in Output
    std::vector<std::vector<float>> attentions;
};

/// Between the limits and the warpers: may change scores [n_rows, n_vocab] in place. Minus infinity rules an id out.
using Processor = std::function<void(const StepRows & rows, std::vector<float> & scores)>;
/// Does a row end? Asked with the new token at the end of each; not 0 for yes.
using Criteria = std::function<std::vector<int32_t>(const StepRows & rows)>;

/// What drawing and beam search have in common.
struct DrawOptions {
    uint32_t max_tokens = 500;  // at most Params::max_tokens()
    std::vector<int32_t> stops; // ids that end a row; empty for the model's own
    uint64_t seed = 0;          // below 2^53
    PrefixPositions prefix_positions = PrefixPositions::reference;
    Sampling sampling;
    Limits limits;
    Recording record;
    Processor process; // may use the session itself: others compute while it runs
    Criteria criteria; // the same
    AbortFlag abort;   // ends this call within one step, and no other
};

struct GenerateOptions : DrawOptions {
    uint32_t n_candidates = 16;
    uint32_t first = 0;                                          // index of the first candidate
    uint32_t batch_size = 16;                                    // candidates decoded together
    bool deterministic = false;                                  // same rounding whatever the batch: candidate k of N is exactly the k of any N
    std::function<void(const std::vector<StepEvent> &)> on_step; // after each step
    std::function<void(const Candidate &)> on_candidate;         // when one is finished
};

/// What is to be drawn.
struct Request {
    Prompt prompt;
    GenerateOptions options;
};

/// When a beam search ends: as soon as n_beams rows have ended (yes), when no running beam is likely to beat them (no), or
/// when none can (never).
enum class EarlyStopping { no, yes, never };

/// Beam search in transformers' arithmetic. Candidate k is the k-th best row.
struct BeamOptions : DrawOptions {
    uint32_t n_beams = 4;
    uint32_t n_return = 4;       // at most n_beams
    float length_penalty = 1.0f; // a row's score is divided by its length to this power
    EarlyStopping early_stopping = EarlyStopping::no;
    bool sample = false;                          // draw the ways on, with all of `sampling`; else only its repetition penalty counts
    std::function<void(size_t n_tokens)> on_step; // after each step, with the running beams' length
};

/// Milliseconds and counts of one call. A step that several calls share counts in full for each.
struct Timings {
    double prefill_ms = 0, decode_ms = 0, sample_ms = 0;
    uint32_t n_prefill = 0; // positions that were read; none of a prompt that was read last
    uint32_t n_steps = 0;   // decoder steps after the prefill
    uint64_t kv_bytes = 0;  // largest size of its part of the KV cache
};

struct Generated {
    std::vector<Candidate> candidates;
    std::vector<StepTrace> steps; // as DrawOptions::record asked
    Timings timings;
};

/// What became of a request: candidates, or why it failed.
using Outcome = std::variant<Generated, Error>;
/// Told what became of a request, once. It must not throw.
using Done = std::function<void(Outcome)>;

/// How codes are made audible.
struct PreviewOptions {
    uint32_t n_iterations = 60; // of the search for phases; 1 to 1000
};

/// Embeddings of unit length, and the scores of all pairs.
struct Similarity {
    std::vector<float> text, speech; // [n_texts, n_proj], [n_rows, n_proj]
    std::vector<float> scores;       // [n_texts, n_rows]: cosine * exp(logit_scale)
};

/// What entered a weight matrix: for each of its input columns the mean of the squares over all rows (tokens).
struct ColumnImportance {
    std::string name;                // the matrix's
    uint64_t n_rows = 0;             // that entered it
    std::vector<float> mean_squares; // [n_in]
};

struct SessionOptions {
    uint32_t n_threads = 0; // 0 for the machine's physical cores
    /// Of keys and values while candidates are drawn: "auto" (F32 for an F32 model, else F16), "f32", "f16", or "q8_0", which takes
    /// half of F16 (on the CPU, for heads of a multiple of 32; steps whose attention weights are recorded are F16). Throws unsupported.
    std::string kv_type = "auto";
};

// --- writing model files ------------------------------------------------------------------------------------------------------

/// A tensor to be written.
struct NewTensor {
    std::string name;
    std::string type;           // "f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q5_0", "q4_k", "q4_0", "iq4_nl"
    std::vector<uint64_t> dims; // in GGML's order: the contiguous one first
    /// How much an error in each column counts, [dims[0]], finite and not negative; empty for all alike. The types of 4 to 6 bits
    /// choose their scales by it.
    std::vector<float> importance = {};
};

struct WriterOptions {
    uint32_t n_threads = 0; // 0 for the physical cores that this process may use; the file's bytes are the same for any number
    AbortFlag abort;        // append() and finish() throw aborted soon after it is set
};

} // namespace clvp
