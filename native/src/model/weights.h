// The model's tensors, one struct per tower, and loading them from a file.
#pragma once

#include "base/mapping.h"
#include "clvp/types.h"
#include "gguf/gguf_reader.h"
#include "kernels/layers.h"
#include "model/speech_weights.h"
#include "runtime/backend.h"

namespace clvp {

/// A block of the conditioning encoder: group norm and attention.
struct ConditioningBlock {
    Norm norm;
    Linear qkv; // [n_embd, 3*n_embd]: rows of q, then k, then v
    Linear out; // [n_embd, n_embd]
};

/// A block of the decoder or of an encoder.
struct Block {
    Norm attn_norm;
    Linear qkv; // [n_embd, 3*n_embd]
    Linear out; // [n_embd, n_embd]
    Norm ffn_norm;
    Linear up;   // decoder [n_embd, n_ff]; encoder [n_embd, 2*n_ff]: values, then gates
    Linear down; // [n_ff, n_embd]
};

struct ConditioningWeights {
    ggml_tensor * text_embd = nullptr; // any type, [n_embd, n_text_vocab]
    ggml_tensor * text_pos = nullptr;  // F32 [n_embd, n_text_positions]
    Linear mel_conv;                   // [n_mels, n_embd]
    std::vector<ConditioningBlock> blocks;
};

struct DecoderWeights {
    ggml_tensor * token_embd = nullptr; // any type, [n_embd, n_vocab]
    ggml_tensor * pos_embd = nullptr;   // F32 [n_embd, n_positions]
    std::vector<Block> blocks;
    Norm norm, final_norm;
    Linear lm_head; // [n_embd, n_vocab]
};

struct EncoderWeights {
    ggml_tensor * token_embd = nullptr; // any type, [n_embd, n_vocab]
    std::vector<Block> blocks;
    Norm norm;
    ggml_tensor * proj = nullptr; // [n_embd, n_proj]
};

/// A residual block of the discrete VAE: two convolutions of width 3 and one of width 1.
struct DvaeBlock {
    Linear first, second; // [3*n_channels, n_channels]: a frame's channels, frame by frame
    Linear third;         // [n_channels, n_channels]
};

struct DvaeWeights {
    std::vector<Linear> halvings; // [3*n_in, n_out]
    std::vector<DvaeBlock> blocks;
    Linear out;                       // [n_channels, n_embd]
    ggml_tensor * codebook = nullptr; // F32 [n_embd, n_codes]; null without the encoder
};

struct Weights {
    ConditioningWeights cond;
    DecoderWeights dec;
    EncoderWeights text, speech;
    DvaeWeights dvae;
    HifiganWeights hifigan;
    DiffusionWeights diffusion;
    VocoderWeights vocoder;
    RandomWeights random;
    ggml_tensor * logit_scale = nullptr; // F32 [1]
    ggml_tensor * codebook = nullptr;    // F32 or F16 [frames_per_code * n_mels, n_codes]; null for a file without one
    Context ctx;                         // of the loaded parts
    Mapping mapping;                     // the file's pages, if the file is mapped
    ggml_backend_buffer_ptr buffer;
};

/// Creates every tensor that the parameters require, without memory, and checks it against the file: name, shape and type. No tensor may
/// be missing or unknown. Keeps the tensors of the given parts. Throws model_format.
Weights describe_weights(const GgufHeader & header, const Params & params, const Parts & parts = {});

uint64_t weight_bytes(const Weights & weights);

/// Reads described weights' data into the device's memory, or maps it. `header` was read from `file`. Throws out_of_memory, io, aborted,
/// unsupported.
void load_weights(Weights & weights, const File & file, const GgufHeader & header, ggml_backend_dev_t device, const ModelOptions & options);

} // namespace clvp
