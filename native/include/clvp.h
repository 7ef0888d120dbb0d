/*
 * clvp.h: CLVP (contrastive language-voice pretraining, of TorToiSe TTS) on GGML. From text token ids and a few
 * seconds of a voice to ranked speech-token candidates. Plain C++17; nothing here needs Node.
 *
 *     auto model = clvp::Model::load("model.gguf");
 *     clvp::Session session(model);
 *
 *     clvp::Audio clip  = clvp::decode_audio(bytes, n_bytes);            // WAV, MP3, FLAC or Ogg Vorbis
 *     auto        voice = session.condition(session.mel(clip.resampled(model->params().mel.sample_rate)));
 *     auto        found = session.generate(clvp::TextPrompt{ text_ids, voice }, {}); // 16 candidates, tortoise's settings
 *     auto        rows  = clvp::fix_codes(found.candidates, model->params());       // as the ranker and the next stage want them
 *     auto        score = session.score(text_ids, rows);                 // cosine * exp(logit_scale)
 *
 * Threads: a Model is immutable after load() and may be shared by any number of Sessions. Any number of threads may call a Session at
 * the same time: their calls share the machine, a decoder step or a bounded piece of work at a time, and none waits for another's end.
 * Errors: every function throws clvp::Error for bad input, files or machines.
 */
#pragma once

#include "clvp/types.h"

namespace clvp {

// --- devices --------------------------------------------------------------------------------------------------------

/// The devices this build can use, best first.
std::vector<Device> devices();

/// A build with CPU libraries (CLVP_CPU_VARIANTS) needs this once before all else: loads the best one in `folder` that the
/// machine runs, or the one named. Later calls change nothing, but throw unsupported if they name another. Other builds have
/// one set of kernels built in, and take no name but "". Throws unsupported.
void load_kernels(const std::string & folder, const std::string & variant = "");

/// Adds a backend's devices, out of a library that was built for this version of the core. After load_kernels(). Throws unsupported
/// with what the system said: a driver or a library of the backend's maker may be missing.
void load_backend(const std::string & path);

/// What load_kernels() has chosen.
Kernels kernels();

// --- model ------------------------------------------------------------------------------------------------------------

/// Reads a header. Throws model_format for anything that is not a well-formed GGUF file, io if it cannot be read.
FileInfo inspect(const std::string & path);

/// Reads a whole model file: its structure, parameters and shapes, its checksums, and whether every weight is a finite number. Model::load()
/// checks the first three only. Throws io if the file cannot be read, aborted.
Verification verify(const std::string & path, const VerifyOptions & options = {});

/// Compares the tensors that two files share by name, in the order of `a`: quantized ones as GGML reads them, a few MiB at a time. Both files
/// should be sound: what verify() finds in them is not looked for here.
/// Throws model_format or io for a file that is none, invalid_argument for a tensor of two shapes, aborted.
std::vector<TensorDifference> compare_tensors(const std::string & a, const std::string & b, const CompareOptions & options = {});

class Model {
public:
    static std::shared_ptr<const Model> load(const std::string & path, const ModelOptions & options = {});
    virtual ~Model() = default;

    virtual const Params & params() const = 0;
    /// The file's keys: vocabulary, merges, the source's configurations.
    virtual const Values & values() const = 0;
    /// Bytes of weights in memory, and the device that holds them.
    virtual uint64_t n_bytes() const = 0;
    virtual const std::string & device() const = 0;
    virtual const Parts & parts() const = 0;
};

// --- audio ----------------------------------------------------------------------------------------------------------------

/// Decodes WAV, MP3, FLAC or Ogg Vorbis, mixing channels to their mean. Throws audio for anything else.
/// At most `max_seconds` are decoded; 0 for all.
Audio decode_audio(const void * data, size_t n_bytes, double max_seconds = 0);

/// Log-mel features without a model: of `n_samples` samples at MelParams::sample_rate, the rest being cut off or silence;
/// 0 for as many as there are. MelParams::seconds plays no part. One frame a hop, and one more.
Mel mel_features(const std::vector<float> & samples, const MelParams & params, uint64_t n_samples = 0);

// --- session ----------------------------------------------------------------------------------------------------------------

/// A model at work. Any number of threads may call it at the same time. An AbortFlag that is given ends its call alone with Code::aborted,
/// within one graph node on the CPU and one graph elsewhere.
class Session {
public:
    explicit Session(std::shared_ptr<const Model> model, const SessionOptions & options = {});
    /// All calls must have returned, or close() been called and they with it.
    ~Session();
    Session(const Session &) = delete;
    Session & operator=(const Session &) = delete;

    /// Log-mel features of samples at the model's rate, padded or cut to MelParams::seconds.
    Mel mel(const std::vector<float> & samples);
    /// One clip's conditioning vector, [n_embd] of the decoder. A voice of several clips is the mean of theirs.
    std::vector<float> condition(const Mel & mel, const AbortFlag & abort = {});

    /// Draws candidates for a text in a voice, or another prompt, in the order of their indices. Requests that are under way at the same time
    /// share one batch on the CPU: each enters between two steps and returns when its own candidates have ended, with what it would get
    /// alone, but for rounding (GenerateOptions::deterministic fixes that). One with a processor, criteria or a recording has a batch
    /// of its own, as every request has on other devices.
    Generated generate(const Prompt & prompt, const GenerateOptions & options);
    /// The same without waiting: `done` is told the outcome, maybe on a thread of the session's. A request that has a batch of its own is drawn
    /// before this returns. Throws, in place of calling `done`, for wrong options, disposed, and out_of_memory where no thread can be had.
    void submit(Request request, Done done);
    /// The likeliest rows, best first.
    Generated search_beams(const Prompt & prompt, const BeamOptions & options);
    /// Logits [n_codes + 1, n_vocab] of the next token after the prefix and after each of the codes, each code
    /// fed in a step of its own through the KV cache, as generate() does.
    std::vector<float> step_logits(const TextPrompt & prompt, const std::vector<int32_t> & codes, PrefixPositions prefix_positions = PrefixPositions::reference,
                                   const AbortFlag & abort = {});

    /// What the conditioning encoder gives the decoder, [max(n_voices, n_rows), n_tokens + 3, n_embd]: voice, bos, text, and
    /// a stop at the first id 0 or else at the end. Text positions are the mask's running sum. One voice goes with all texts
    /// and one text with all voices [n_voices, n_embd].
    std::vector<float> conditioning(const std::vector<float> & voices, const Rows & text, const AbortFlag & abort = {});
    /// A tower's outputs for rows as they are: nothing is added, nothing normalised. The encoders see all positions that
    /// the mask does not hide, the decoder those up to its own.
    EncoderOutput encode_text(const Rows & rows, const AbortFlag & abort = {});
    EncoderOutput encode_speech(const Rows & rows, const AbortFlag & abort = {});
    DecoderOutput decode(const DecoderRows & rows, const AbortFlag & abort = {});

    /// L2-normalised embedding [n_proj] of a text as generate() ranks it: its ids and one stop.
    std::vector<float> embed_text(const std::vector<int32_t> & text_ids, const AbortFlag & abort = {});
    /// L2-normalised embeddings [n_rows, n_proj] of rows of codes, each by itself, without padding.
    std::vector<float> embed_speech(const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort = {});
    /// Scores of rows against a text: cosine * exp(logit_scale).
    std::vector<float> score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort = {});

    /// The codebook's frames of 1 to 4,096 codes below Params::n_codebook: natural logarithm of mel power, not divided by norms,
    /// [n_mels, frames_per_code * codes]. Throws unsupported for a model without a codebook, invalid_argument for other codes.
    Mel codes_to_mel(const std::vector<int32_t> & codes);
    /// What such codes sound like, roughly: frames_per_code * MelParams::hop samples a code, in [-1, 1], at the model's rate.
    /// The codebook's frames, the mel filterbank inverted by non-negative factors (Lee and Seung 2001), and phases by the fast
    /// Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard 2013). Equal codes give equal samples. Throws as codes_to_mel().
    Audio preview(const std::vector<int32_t> & codes, const PreviewOptions & options = {}, const AbortFlag & abort = {});

    /// From now on what enters the weight matrices in this session's jobs is summed up, from nothing; false stops that and forgets
    /// it. The jobs' results stay the same, but they take longer. For NewTensor::importance.
    void collect_importance(bool on);
    /// What was summed up, one entry for each matrix that something entered, by name. Throws invalid_argument if nothing is collected,
    /// model_format if some of it is no number.
    std::vector<ColumnImportance> importance() const;

    /// Ends all calls with Code::disposed, soon, and refuses later ones. Does not wait for them.
    void close();
    /// Waits, after close(), for the thread that shared batches are drawn on. Not from a function that it calls.
    void wait_closed();
    bool is_closed() const;
    uint32_t n_threads() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The rows that the speech encoder and the diffusion stage take: each candidate's tokens and stop padded with stops to
/// the longest row (or to `pad_to` tokens if that is longer), then the codes from the first stop on replaced by
/// fixing codes. Rows without a stop stay as they are.
std::vector<std::vector<int32_t>> fix_codes(const std::vector<Candidate> & candidates, const Params & params, uint32_t pad_to = 0);

/// All pairs of embeddings [n, n_proj].
Similarity similarity(std::vector<float> text, std::vector<float> speech, const Params & params);

/// Logits after transformers' processors and warpers for these settings: what a token is drawn from (before softmax).
/// `seen` are the ids so far, bos first.
std::vector<float> warp_logits(std::vector<float> logits, const std::vector<int32_t> & seen, const Sampling & sampling);

// --- writing model files ------------------------------------------------------------------------------------------------------

/// Writes a GGUF file tensor by tensor, in the order given, into a temporary file that finish() renames. An unfinished
/// writer removes it; what a killed process left behind for the same path, the next writer removes.
class Writer {
public:
    /// Checksums join the values under the keys clvp.checksum.*, which the caller cannot give.
    Writer(const std::string & path, const Values & values, const std::vector<NewTensor> & tensors, const WriterOptions & options = {});
    ~Writer();
    Writer(const Writer &) = delete;
    Writer & operator=(const Writer &) = delete;

    /// Appends whole rows (of a vector, any of its elements) to the current tensor; the next call goes on where this one ended. `source` is the data's
    /// type, any that a tensor can have; data of the tensor's own type is kept as it is. With n_cols_transposed, the data is a
    /// [n_cols, n_rows] matrix of f32, f16 or bf16 stored the other way round (as transformers' Conv1D) and is transposed first.
    void append(const void * data, size_t n_bytes, const std::string & source, uint64_t n_cols_transposed = 0);
    /// Checks that every tensor is whole, syncs, reads the file back and compares its checksums, and gives it its name.
    void finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace clvp
