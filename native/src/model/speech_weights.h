// The tensors of the stages that turn codes into sound. A convolution is a matrix whose rows hold its taps one after the other, each with all
// input channels; a transposed one has a row for each tap and output channel, taps first.
#pragma once

#include "kernels/layers.h"
#include "model/weight_table.h"

namespace clvp {

struct HifiganWeights {
    /// Two convolutions for each dilation.
    struct Residual {
        std::vector<Linear> first, second; // [kernel_size*n_channels, n_channels]
    };
    struct Stage {
        Linear up;                       // [n_in, 2*rate*n_channels], n_channels = n_in / 2
        std::vector<Residual> residuals; // one for each kernel size
    };
    Linear pre;   // [7*n_latent, n_channels]
    Linear voice; // [n_voice, n_channels]
    std::vector<Stage> stages;
    Linear post; // [7*n_channels of the last stage, 1]; null without HiFi-GAN
};

struct DiffusionWeights {
    struct Attention {
        Norm norm;
        Linear qkv, out;    // [n, 3*n]: rows of q, then k, then v; [n, n]
        ggml_tensor * bias; // F32 [n_head, 32], by bucket of the distance
    };
    struct Residual {
        Norm first_norm, second_norm;
        Linear in;   // [n_embd, n_embd]
        Linear time; // [n_embd, 2*n_embd]: scale, then shift
        Linear out;  // [3*n_embd, n_embd]
    };
    struct Layer {
        Residual residual;
        Attention attention;
    };
    Linear time_first, time_second;    // [n_embd, n_embd]
    Linear in;                         // [3*n_mels, n_embd]
    Linear mix;                        // [2*n_embd, n_embd]: the spectrogram, then the condition
    Linear latent_in;                  // [3*n_latent, n_embd]
    ggml_tensor * code_embd = nullptr; // F32 [n_embd, n_codes]
    ggml_tensor * uncond = nullptr;    // F32 [n_embd]; null without the diffusion model
    std::vector<Attention> latent_blocks, code_blocks;
    Norm code_norm;
    Linear context_in[2]; // [3*n_mels, n_embd], [3*n_embd, 2*n_embd]
    std::vector<Attention> context_blocks;
    std::vector<Layer> integrator, blocks;
    std::vector<Residual> tail;
    Norm out_norm;
    Linear out; // [3*n_embd, 2*n_mels]
};

struct VocoderWeights {
    struct Predictor {
        Linear in; // [5*n_mels, n_hidden]
        struct Residual {
            Linear first, second; // [3*n_hidden, n_hidden]
        };
        std::vector<Residual> residuals;
        Linear kernel; // [3*n_hidden, n_layer*2*n_channels*3*n_channels]: by layer, output, tap, input
        Linear bias;   // [3*n_hidden, n_layer*2*n_channels]
    };
    struct Block {
        Linear up; // [n_channels, 2*stride*n_channels]
        Predictor predictor;
        std::vector<Linear> convolutions; // [3*n_channels, n_channels], one for each dilation
    };
    Linear pre; // [7*n_noise, n_channels]
    std::vector<Block> blocks;
    Linear post; // [7*n_channels, 1]; null without UnivNet
};

struct RandomWeights {
    std::vector<Linear> decoder, diffusion; // [n, n]
};

HifiganWeights hifigan_weights(WeightTable & table, const HifiganParams & p);
DiffusionWeights diffusion_weights(WeightTable & table, const DiffusionParams & p);
VocoderWeights vocoder_weights(WeightTable & table, const VocoderParams & p);
RandomWeights random_weights(WeightTable & table, const RandomParams & p);

/// Calls `visit` for each layer whose product may have a layout of its own in memory.
template <typename Visit> void each_layer(HifiganWeights & w, Visit visit) {
    for (Linear * layer : { &w.pre, &w.voice, &w.post }) {
        visit(*layer);
    }
    for (auto & stage : w.stages) {
        visit(stage.up);
        for (auto & residual : stage.residuals) {
            for (auto * list : { &residual.first, &residual.second }) {
                for (Linear & layer : *list) {
                    visit(layer);
                }
            }
        }
    }
}

template <typename Visit> void each_layer(DiffusionWeights & w, Visit visit) {
    const auto attention = [&](DiffusionWeights::Attention & block) {
        visit(block.qkv);
        visit(block.out);
    };
    const auto residual = [&](DiffusionWeights::Residual & block) {
        for (Linear * layer : { &block.in, &block.time, &block.out }) {
            visit(*layer);
        }
    };
    for (Linear * layer : { &w.time_first, &w.time_second, &w.in, &w.mix, &w.latent_in, &w.context_in[0], &w.context_in[1], &w.out }) {
        visit(*layer);
    }
    for (auto * list : { &w.latent_blocks, &w.code_blocks, &w.context_blocks }) {
        for (auto & block : *list) {
            attention(block);
        }
    }
    for (auto * list : { &w.integrator, &w.blocks }) {
        for (auto & layer : *list) {
            residual(layer.residual);
            attention(layer.attention);
        }
    }
    for (auto & block : w.tail) {
        residual(block);
    }
}

template <typename Visit> void each_layer(VocoderWeights & w, Visit visit) {
    visit(w.pre);
    visit(w.post);
    for (auto & block : w.blocks) {
        for (Linear * layer : { &block.up, &block.predictor.in, &block.predictor.kernel, &block.predictor.bias }) {
            visit(*layer);
        }
        for (auto & residual : block.predictor.residuals) {
            visit(residual.first);
            visit(residual.second);
        }
        for (Linear & layer : block.convolutions) {
            visit(layer);
        }
    }
}

} // namespace clvp
