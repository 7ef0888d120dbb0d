#include "model/dvae.h"

#include "model/convolution.h"
#include "model/pieces.h"
#include "runtime/graph.h"

#include <algorithm>

namespace clvp {

namespace {

constexpr Window window = same_window(3);

ggml_tensor * residual_block(ggml_context * ctx, const DvaeBlock & block, ggml_tensor * x) {
    ggml_tensor * y = ggml_relu(ctx, convolve(ctx, block.first, x, window));
    y = ggml_relu(ctx, convolve(ctx, block.second, y, window));
    return ggml_add(ctx, linear(ctx, block.third, y), x);
}

/// A spectrogram's frames between two layers, [n_channels, n_frames].
struct Frames {
    std::vector<float> data;
    int64_t n_channels = 0, n_frames = 0;
};

/// Index of the codebook entry nearest each frame. |x - e|^2 = |x|^2 - 2 x e + |e|^2, and |x|^2 does not change the order.
std::vector<int32_t> nearest(Call & call, ggml_tensor * codebook, const Frames & x) {
    const auto n_embd = static_cast<size_t>(codebook->ne[0]), n_codes = static_cast<size_t>(codebook->ne[1]);
    std::vector<float> entries(n_embd * n_codes);
    ggml_backend_tensor_get(codebook, entries.data(), 0, entries.size() * sizeof(float));
    std::vector<float> squares(n_codes, 0.0f);
    for (size_t i = 0; i < entries.size(); i++) {
        squares[i / n_embd] += entries[i] * entries[i];
    }
    constexpr int64_t at_once = 256; // frames: bounds the table of products
    std::vector<int32_t> codes;
    const auto n_groups = static_cast<size_t>((x.n_frames + at_once - 1) / at_once);
    for (Pieces pieces(call, n_groups, static_cast<double>(at_once) * static_cast<double>(entries.size())); pieces.next();) {
        for (size_t group = pieces.from(); group < pieces.to(); group++) {
            const int64_t first = static_cast<int64_t>(group) * at_once, n = std::min(at_once, x.n_frames - first);
            Graph graph(call.backend(), graph_nodes(0));
            ggml_tensor * frames = graph.input("frames", GGML_TYPE_F32, { x.n_channels, n }, x.data.data() + first * x.n_channels);
            const std::vector<float> products = graph.result("products", product(graph.ctx(), codebook, frames)); // [n_codes, n]
            for (size_t i = 0; i < static_cast<size_t>(n); i++) {
                size_t best = 0;
                for (size_t code = 1; code < n_codes; code++) {
                    const bool nearer = 2 * products[i * n_codes + code] - squares[code] > 2 * products[i * n_codes + best] - squares[best];
                    best = nearer ? code : best;
                }
                codes.push_back(static_cast<int32_t>(best));
            }
        }
    }
    return codes;
}

} // namespace

std::vector<int32_t> encode_mel(Call & call, const DvaeWeights & weights, const DvaeParams & params, const Mel & mel) {
    const size_t n_halvings = weights.halvings.size(), n_layers = n_halvings + weights.blocks.size() + 1;
    Frames x = { {}, mel.n_mels, mel.n_frames };
    x.data.resize(mel.data.size());
    for (size_t i = 0; i < mel.data.size(); i++) { // to frame by frame
        x.data[i % mel.n_frames * mel.n_mels + i / mel.n_frames] = mel.data[i];
    }
    const double work = 7.0 * params.channels.back() * params.channels.back() * mel.n_frames / frames_per_code; // of a residual block
    for (Pieces pieces(call, n_layers, work); pieces.next();) {
        Graph graph(call.backend(), graph_nodes(pieces.size()));
        ggml_context * ctx = graph.ctx();
        ggml_tensor * h = graph.input("frames", GGML_TYPE_F32, { x.n_channels, x.n_frames }, x.data.data());
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            if (i < n_halvings) {
                h = ggml_relu(ctx, convolve(ctx, weights.halvings[i], h, same_window(3, 1, 2)));
            } else if (i + 1 < n_layers) {
                h = residual_block(ctx, weights.blocks[i - n_halvings], h);
            } else {
                h = linear(ctx, weights.out, h);
            }
        }
        const int64_t n_channels = h->ne[0], n_frames = h->ne[1];
        x = { graph.result("encoded", h), n_channels, n_frames };
    }
    return nearest(call, weights.codebook, x);
}

} // namespace clvp
