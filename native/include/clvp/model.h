/* clvp/model.h: parameters of a model, devices, and model files. */
#pragma once

#include "clvp/error.h"
#include "clvp/speech_params.h"

#include <cstdint>
#include <map>
#include <variant>
#include <vector>

namespace clvp {

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
    uint32_t n_cond_layer = 0;
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
    std::vector<float> norms;  // one divisor per mel channel; empty for none
    bool slaney_scale = false; // Slaney's mel scale in place of HTK's
    bool magnitude = false;    // the filters weigh magnitudes in place of powers
};

/// Mel frames per speech code: 1,024 samples with the published parameters.
constexpr uint32_t frames_per_code = 4;

/// tortoise's discrete VAE (DiscreteVAE of dvae.pth), its encoder only: convolutions of width 3 that halve the frames, residual blocks, and the
/// nearest entry of a codebook. A file may lack it.
struct DvaeParams {
    std::vector<int32_t> channels; // of each halving convolution; empty without the encoder
    uint32_t n_block = 0;          // residual blocks
    uint32_t n_embd = 0, n_codes = 0;
};

/// How the decoder counts positions. Mel start has position 0, and token j (from 1) of a row j or j + 1.
///   model         as the model file says
///   trained       no positions in the prefix (voice, text); token j has position j. So tortoise trained it, and draws without a KV cache
///   cached        no positions in the prefix; token j has position j + 1. So tortoise draws with a KV cache, and transformers up to 4.46
///   transformers  as cached, but prefix row i has position 0 minus position i. So transformers draws from 4.49 on
enum class Positions { model, trained, cached, transformers };

struct Params {
    std::string name;
    std::string type; // of the weight matrices: "f32", "f16", "q8_0", ...
    DecoderParams decoder;
    EncoderParams text, speech;
    MelParams mel;
    DvaeParams dvae;
    HifiganParams hifigan;
    DiffusionParams diffusion;
    VocoderParams vocoder;
    RandomParams random;
    Positions positions = Positions::trained; // those of the model file
    int32_t text_bos = 255, text_eos = 0;
    float logit_scale = 0;   // scores are cosine * exp(logit_scale)
    uint32_t n_codebook = 0; // number of codes in the file's codebook; 0 for a file without one

    /// Maximum number of text ids for generate(): the conditioning encoder adds bos and two stops.
    uint32_t max_text_ids() const { return decoder.n_text_positions > 3 ? decoder.n_text_positions - 3 : 0; }
    /// Maximum number of tokens of one candidate. The last token is not fed back, so it needs no position.
    uint32_t max_tokens(Positions counted = Positions::model) const {
        return decoder.n_positions - ((counted == Positions::model ? positions : counted) == Positions::trained ? 0 : 1);
    }
};

// --- devices -------------------------------------------------------------------------------------------------------

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

// --- model files ---------------------------------------------------------------------------------------------------

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

/// Which parts of a model are loaded. A file always has the first two; the others are loaded if the file has them. Calls that need a part
/// that was not loaded throw unsupported.
struct Parts {
    bool decoder = true;   // decoder and conditioning encoder: voices, prompts, drawing
    bool ranker = true;    // text and speech encoder: embeddings, scores
    bool encoder = true;   // the discrete VAE's encoder: codes of recordings
    bool hifigan = true;   // latents to sound
    bool diffusion = true; // latents to a spectrogram, with the encoder of its voices
    bool vocoder = true;   // a spectrogram to sound
    bool random = true;    // random voices
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

// --- writing model files -------------------------------------------------------------------------------------------

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
