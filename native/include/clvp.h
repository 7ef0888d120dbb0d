/*
 * clvp.h: CLVP (contrastive language-voice pretraining, from TorToiSe TTS) on GGML. Turns text token ids and a few
 * seconds of a voice into ranked speech-token candidates. Plain C++17; nothing here needs Node.js.
 *
 *     auto model = clvp::Model::load("model.gguf");
 *     clvp::Session session(model);
 *
 *     clvp::Audio clip  = clvp::decode_audio(bytes, n_bytes);            // WAV, MP3, FLAC or Ogg Vorbis
 *     auto        voice = session.condition(session.mel(clip.resampled(model->params().mel.sample_rate)));
 *     auto        found = session.generate(clvp::TextPrompt{ text_ids, voice }, {}); // 16 candidates, tortoise's settings
 *     auto        rows  = clvp::fix_codes(found.candidates, model->params());       // the form that ranker and diffusion expect
 *     auto        score = session.score(text_ids, rows);                 // cosine * exp(logit_scale)
 *
 * Threads: a Model is immutable after load(), and any number of Sessions may share it. Any number of threads may call a Session
 * concurrently. The calls take turns after each decoder step or bounded piece of work, so no call waits for another to finish.
 * Errors: every function throws clvp::Error for invalid arguments, damaged files and failures of the system or the device.
 */
#pragma once

#include "clvp/speech.h"
#include "clvp/types.h"

namespace clvp {

// --- devices --------------------------------------------------------------------------------------------------------

/// The devices that this build can use, best first.
std::vector<Device> devices();

/// Loads the best CPU library in `folder` that this machine can run, or the one named by `variant`. A build with CPU libraries
/// (CLVP_CPU_VARIANTS) requires this call before any other. Later calls have no effect, but throw unsupported if they name
/// another variant. Other builds have one set of kernels built in and accept only "" as the variant. Throws unsupported.
void load_kernels(const std::string & folder, const std::string & variant = "");

/// Loads a backend library, built for this version of the core, and adds its devices. Call it after load_kernels(). Throws
/// unsupported with the system's message: a driver or a vendor library may be missing.
void load_backend(const std::string & path);

/// The CPU kernels that load_kernels() has chosen.
Kernels kernels();

// --- model ------------------------------------------------------------------------------------------------------------

/// Reads the header of a GGUF file. Throws model_format for a file that is not well-formed GGUF, io if it cannot be read.
FileInfo inspect(const std::string & path);

/// Reads a whole model file and checks its structure, parameters, shapes and checksums, and that every weight is finite.
/// Model::load() checks only the first three. Throws io if the file cannot be read, aborted.
Verification verify(const std::string & path, const VerifyOptions & options = {});

/// Compares the tensors that two files share by name, in the order of `a`. Dequantizes quantized tensors with GGML, a few MiB at a
/// time. Does not repeat the checks of verify(): both files should have passed it.
/// Throws model_format or io for a file that is not a readable model, invalid_argument for a tensor whose shapes differ, aborted.
std::vector<TensorDifference> compare_tensors(const std::string & a, const std::string & b, const CompareOptions & options = {});

/// The weights and parameters of a model file. Immutable.
class Model {
public:
    /// Throws model_format for a damaged file, io, unsupported for a device that is not there, out_of_memory, aborted.
    static std::shared_ptr<const Model> load(const std::string & path, const ModelOptions & options = {});
    ~Model();
    Model(const Model &) = delete;
    Model & operator=(const Model &) = delete;

    const Params & params() const;
    /// The GGUF keys of the file: vocabulary, merges, and the configurations of the source checkpoint.
    const Values & values() const;
    /// Size of the weights in memory, in bytes, and the device that holds them.
    uint64_t n_bytes() const;
    const std::string & device() const;
    const Parts & parts() const;

private:
    friend class Session;
    struct Impl;
    explicit Model(std::unique_ptr<const Impl> impl);
    std::unique_ptr<const Impl> impl_;
};

// --- audio ----------------------------------------------------------------------------------------------------------------

/// Decodes WAV, MP3, FLAC or Ogg Vorbis to mono, the mean of all channels. Throws audio for any other format.
/// Decodes at most `max_seconds`; 0 for all.
Audio decode_audio(const void * data, size_t n_bytes, double max_seconds = 0);

/// Log-mel features without a model. `samples`, at MelParams::sample_rate, are cut or zero-padded to `n_samples`; 0 keeps their
/// length. Ignores MelParams::seconds. The result has n_samples / hop + 1 frames.
Mel mel_features(const std::vector<float> & samples, const MelParams & params, uint64_t n_samples = 0);

// --- session ----------------------------------------------------------------------------------------------------------------

/// Runs a model. Any number of threads may call it concurrently. An AbortFlag ends only the call that it was passed to, with
/// Code::aborted: within one graph node on the CPU, within one graph on other devices.
class Session {
public:
    explicit Session(std::shared_ptr<const Model> model, const SessionOptions & options = {});
    /// All calls must have returned; close() makes them return soon.
    ~Session();
    Session(const Session &) = delete;
    Session & operator=(const Session &) = delete;

    /// Log-mel features of samples at the model's sample rate, zero-padded or cut to MelParams::seconds.
    Mel mel(const std::vector<float> & samples);
    /// Conditioning vector of one clip, [n_embd] of the decoder. For a voice of several clips, average their vectors.
    std::vector<float> condition(const Mel & mel, const AbortFlag & abort = {});

    /// Draws candidates for a prompt, such as a text in a voice, and returns them in the order of their indices. On the CPU, concurrent
    /// requests share one batch: a request joins between two steps and returns when its own candidates have ended. Its results are those
    /// it would get alone, except for rounding (GenerateOptions::deterministic removes that difference). A request with a processor,
    /// criteria or a recording has a batch of its own, as has every request on other devices.
    Generated generate(const Prompt & prompt, const GenerateOptions & options);
    /// Like generate(), but does not wait: calls `done` with the outcome, possibly on a thread of the session. A request that does not
    /// share the batch is drawn before submit() returns. Throws instead of calling `done` for invalid options, disposed, and
    /// out_of_memory if the system starts no thread.
    void submit(Request request, Done done);
    /// Whether a request with these options shares the batch, so that submit() returns at once.
    bool shares_batch(const GenerateOptions & options) const;
    /// Beam search: the most likely rows, best first.
    Generated search_beams(const Prompt & prompt, const BeamOptions & options);
    /// Logits [n_codes + 1, n_vocab] of the next token after the prefix and after each code. Feeds each code in a step of its own
    /// through the KV cache, as generate() does.
    std::vector<float> step_logits(const TextPrompt & prompt, const std::vector<int32_t> & codes, Positions positions = Positions::model,
                                   const AbortFlag & abort = {});

    /// Latents [n_codes, n_embd] of 1 to 4,096 codes of a text in a voice: for each code the decoder's hidden state, after the final norm,
    /// that predicts it. tortoise's diffusion stage is conditioned on them; its second pass (UnifiedVoice.forward with return_latent) feeds
    /// whole rows with trained positions. Throws invalid_argument for codes that do not fit the model.
    std::vector<float> latents(const Prompt & prompt, const std::vector<int32_t> & codes, Positions positions = Positions::model, const AbortFlag & abort = {});

    /// Output of the conditioning encoder for the decoder, [max(n_voices, n_rows), n_tokens + 3, n_embd]: voice, bos, text, and a stop
    /// at the first id 0 or else at the end. Text positions are the running sum of the mask. `voices` is [n_voices, n_embd]; a single
    /// voice is combined with all texts, and a single text with all voices.
    std::vector<float> conditioning(const std::vector<float> & voices, const Rows & text, const AbortFlag & abort = {});
    /// Outputs of a tower for rows as given: adds no tokens and does not normalise. The encoders attend to all positions that
    /// the mask does not hide, the decoder only to those up to its own.
    EncoderOutput encode_text(const Rows & rows, const AbortFlag & abort = {});
    EncoderOutput encode_speech(const Rows & rows, const AbortFlag & abort = {});
    DecoderOutput decode(const DecoderRows & rows, const AbortFlag & abort = {});

    /// L2-normalised embedding [n_proj] of a text as ranking uses it: its ids and one stop.
    std::vector<float> embed_text(const std::vector<int32_t> & text_ids, const AbortFlag & abort = {});
    /// L2-normalised embeddings [n_rows, n_proj] of rows of codes, each row on its own, without padding.
    std::vector<float> embed_speech(const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort = {});
    /// Scores of rows against a text: cosine * exp(logit_scale). And the embeddings, [1, n_proj] and [n_rows, n_proj].
    Similarity score(const std::vector<int32_t> & text_ids, const std::vector<std::vector<int32_t>> & rows, const AbortFlag & abort = {});

    /// Codes of a recording at the model's sample rate, one for each 1,024 samples: by the discrete VAE's encoder, which adds one at the end of
    /// whole codes as the reference does, or else by the nearest frames of the codebook. At most 4,096. Throws unsupported for a model with neither, audio for
    /// no samples or NaN, invalid_argument for too many.
    std::vector<int32_t> encode_audio(const std::vector<float> & samples, const AbortFlag & abort = {});
    /// Codes of features as condition() takes them, by the discrete VAE's encoder: one for each frames_per_code frames begun.
    std::vector<int32_t> encode_mel(const Mel & mel, const AbortFlag & abort = {});
    /// Looks up the codebook's frames for 1 to 4,096 codes below Params::n_codebook: natural logarithm of mel power, not divided by
    /// norms, [n_mels, frames_per_code * codes]. Throws unsupported for a model without a codebook, invalid_argument for other codes.
    Mel codes_to_mel(const std::vector<int32_t> & codes);
    /// Approximate sound of codes: frames_per_code * MelParams::hop samples for each code, in [-1, 1], at the model's sample rate.
    /// Inverts the mel filterbank of codes_to_mel() by non-negative factorisation (Lee and Seung 2001) and estimates the phases by the
    /// fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard 2013). Equal codes give equal samples. Throws as codes_to_mel().
    Audio preview(const std::vector<int32_t> & codes, const PreviewOptions & options = {}, const AbortFlag & abort = {});

    // From codes to sound (clvp/speech.h). latents() are their input. Each call needs its part of the model and throws unsupported without it,
    // invalid_argument for input of another size or that is not finite. Sound is at 24 kHz.

    /// Mel spectrogram of a clip at 24 kHz, as the diffusion model's encoder of voices takes it: [100, n_samples / 256 + 1], natural logarithms of
    /// mel magnitudes (Slaney's scale, 0 to 12 kHz) of samples clipped to [-1, 1].
    Mel speech_mel(const std::vector<float> & samples) const;
    /// The diffusion model's voice of one or more clips, [2 * n_embd].
    std::vector<float> condition_speech(const std::vector<Mel> & mels, const AbortFlag & abort = {});
    /// One pass of the diffusion model: noise, then variance, [2 * n_mels, n_frames].
    Mel diffusion_pass(const DiffusionPass & pass, const AbortFlag & abort = {});
    /// The spectrogram of latents [n, n_latent] in a voice: natural logarithms, [n_mels, sound_frames(n)].
    Mel diffuse(const std::vector<float> & latents, const std::vector<float> & voice, const DiffusionSampling & options = {});
    /// Sound of a spectrogram by UnivNet, 256 samples for each frame with the published strides.
    std::vector<float> vocode(const Mel & mel, const VocoderOptions & options = {});
    /// Sound of latents [n, n_latent] in a voice [n_voice] by HiFi-GAN: the samples of the parts.
    std::vector<float> hifigan(const std::vector<float> & latents, const std::vector<float> & voice, const SoundParts & parts);
    /// How many parts of HiFi-GAN's sound can be computed from n latents: all, or those that later latents do not change.
    uint32_t hifigan_parts(uint32_t n_latents, bool is_end) const;
    /// A random voice: of the seed, or of normal numbers as many as the voice has.
    std::vector<float> random_voice(RandomVoice which, uint64_t seed, const std::vector<float> & noise = {}, const AbortFlag & abort = {});

    /// true: starts accumulating statistics of the inputs of the weight matrices over this session's calls, from zero. false: stops, and
    /// discards them. The results of the calls stay the same, but they take longer. Used for NewTensor::importance.
    void collect_importance(bool on);
    /// The statistics, one entry for each matrix that was used, sorted by name. Throws invalid_argument if collection is off,
    /// model_format if a value is NaN or infinite.
    std::vector<ColumnImportance> importance() const;

    /// Makes all calls end soon with Code::disposed, and refuses later ones. Does not wait for them.
    void close();
    /// Waits, after close(), for the thread that draws shared batches. Must not be called from a callback on that thread.
    void wait_closed();
    bool is_closed() const;
    uint32_t n_threads() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The rows that the speech encoder and the diffusion stage expect. Pads each candidate's tokens and stop with stops to the longest
/// row (or to `pad_to` tokens if that is longer), then replaces the codes from the first stop on by the fixing codes. Rows without
/// a stop stay unchanged.
std::vector<std::vector<int32_t>> fix_codes(const std::vector<Candidate> & candidates, const Params & params, uint32_t pad_to = 0);

/// Frames of sound for n latents: four each at 22.05 kHz, stretched to 24 kHz and rounded down.
uint32_t sound_frames(uint32_t n_latents);

/// Scores of all pairs of embeddings [n_texts, n_proj] and [n_rows, n_proj], which are L2-normalised first.
Similarity similarity(std::vector<float> text, std::vector<float> speech, const Params & params);

/// Logits after transformers' processors and warpers for these settings; a token is drawn from their softmax.
/// `seen` holds the ids so far, bos first.
std::vector<float> warp_logits(std::vector<float> logits, const std::vector<int32_t> & seen, const Sampling & sampling);

// --- writing model files ------------------------------------------------------------------------------------------------------

/// Writes a GGUF file tensor by tensor, in the order given, into a temporary file that finish() renames. The destructor of an
/// unfinished writer removes the temporary file. If a process is killed, the next writer for the same path removes the stale file.
class Writer {
public:
    /// Adds checksums to the values, under the reserved keys clvp.checksum.*.
    Writer(const std::string & path, const Values & values, const std::vector<NewTensor> & tensors, const WriterOptions & options = {});
    ~Writer();
    Writer(const Writer &) = delete;
    Writer & operator=(const Writer &) = delete;

    /// Appends whole rows (for a vector, any number of elements) to the current tensor; the next call continues where this one ended.
    /// `source` is the type of the data, any tensor type. Data that already has the tensor's type is written unchanged. With
    /// n_cols_transposed, the data is a transposed [n_cols, n_rows] matrix of f32, f16 or bf16 (as in transformers' Conv1D) and is
    /// transposed back first.
    void append(const void * data, size_t n_bytes, const std::string & source, uint64_t n_cols_transposed = 0);
    /// Checks that every tensor is complete, syncs the file, reads it back, compares its checksums and renames it to its path.
    void finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace clvp
