#include "speech/univnet.h"

#include "kernels/panel_gate.h"
#include "model/convolution.h"
#include "model/pieces.h"
#include "runtime/graph.h"
#include "speech/frame_range.h"

#include <algorithm>

namespace clvp {

namespace {

constexpr int64_t window_frames = 32; // of one graph, without its margins

/// The frames that a window needs: [0] spectrogram and noise, then those that each block is computed for, then the window with what the last
/// convolution looks at.
std::vector<FrameRange> spans(const VocoderParams & p, int64_t from, int64_t to, int64_t n_frames) {
    std::vector<FrameRange> list = { FrameRange{ from, to }.wider(1, n_frames) };
    int64_t hop = p.hop();
    for (size_t i = p.strides.size(); i-- > 0;) {
        int64_t samples = p.strides[i]; // of the upsampling
        for (int32_t dilation : p.dilations) {
            samples += dilation + 1;
        }
        list.push_back(list.back().wider((samples + hop - 1) / hop, n_frames));
        hop /= p.strides[i];
    }
    const int64_t predictor = 2 + 2 * int64_t(p.n_predictor_block) + 1;
    list.push_back(list.back().wider(std::max<int64_t>(predictor, 3), n_frames));
    std::reverse(list.begin(), list.end());
    return list;
}

/// Kernels and biases for each layer and frame: kernel [n_layer*2*n*3*n, n_frames], bias [n_layer*2*n, n_frames].
struct Kernels {
    ggml_tensor * kernel;
    ggml_tensor * bias;
};

/// For the frames of `wanted`, from a spectrogram of those of `has`.
Kernels predict(ggml_context * ctx, const VocoderWeights::Predictor & w, const VocoderParams & p, ggml_tensor * mel, const FrameRange & has,
                const FrameRange & wanted) {
    ggml_tensor * x = convolve_leaky(ctx, w.in, mel, same_window(5), p.slope);
    for (const auto & block : w.residuals) {
        ggml_tensor * y = convolve_leaky(ctx, block.first, x, same_window(3), p.slope, &block.second);
        x = ggml_add(ctx, x, convolve_leaky(ctx, block.second, y, same_window(3), p.slope));
    }
    const FrameRange near = { std::max(wanted.from - 1, has.from), std::min(wanted.to + 1, has.to) }; // the kernels are most of the work
    const auto last = [&](const Linear & layer) { return crop(ctx, convolve(ctx, layer, crop(ctx, x, has, near), same_window(3)), near, wanted); };
    return { last(w.kernel), last(w.bias) };
}

/// Those of one layer, for a signal of n channels.
LocalKernels layer_kernels(ggml_context * ctx, const Kernels & all, int64_t layer, int64_t n) {
    const int64_t n_frames = all.kernel->ne[1], n_out = 2 * n;
    const size_t size = all.kernel->nb[0];
    return {
        ggml_view_3d(ctx, all.kernel, 3 * n, n_out, n_frames, static_cast<size_t>(3 * n) * size, all.kernel->nb[1],
                     static_cast<size_t>(layer * n_out * 3 * n) * size),
        ggml_view_2d(ctx, all.bias, n_out, n_frames, all.bias->nb[1], static_cast<size_t>(layer * n_out) * size),
    };
}

/// x + sigmoid(a) * tanh(b), where [a, b] is y convolved with a kernel of its own for each frame of `hop` samples: one batched product.
ggml_tensor * local_gate(ggml_context * ctx, const LocalKernels & kernels, ggml_tensor * y, ggml_tensor * x, bool on_cpu) {
    if (on_cpu && has_panel_gate()) {
        return panel_gate(ctx, kernels, y, x);
    }
    const int64_t n = y->ne[0], n_places = y->ne[1], n_frames = kernels.kernel->ne[2], n_out = 2 * n;
    ggml_tensor * rows = ggml_reshape_3d(ctx, windows(ctx, y, same_window(3), on_cpu), 3 * n, n_places / n_frames, n_frames);
    y = product(ctx, ggml_cont(ctx, kernels.kernel), rows); // [2*n, hop, n_frames]
    y = ggml_add(ctx, y, ggml_reshape_3d(ctx, ggml_cont(ctx, kernels.bias), n_out, 1, n_frames));
    y = ggml_reshape_2d(ctx, y, n_out, n_places);
    const auto half = [&](int64_t h) { return ggml_cont(ctx, ggml_view_2d(ctx, y, n, n_places, y->nb[1], static_cast<size_t>(h * n) * y->nb[0])); };
    return ggml_add(ctx, x, ggml_mul(ctx, ggml_sigmoid(ctx, half(0)), ggml_tanh(ctx, half(1))));
}

ggml_tensor * forward(Graph & graph, const VocoderWeights & w, const VocoderParams & p, ggml_tensor * mel, ggml_tensor * noise,
                      const std::vector<FrameRange> & need) {
    ggml_context * ctx = graph.ctx();
    ggml_tensor * x = convolve(ctx, w.pre, reflect(ctx, noise, 3), { 7, 1, 0, 1 });
    int64_t hop = 1;
    for (size_t i = 0; i < w.blocks.size(); i++) {
        const VocoderWeights::Block & block = w.blocks[i];
        const Kernels kernels = predict(ctx, block.predictor, p, mel, need[0], need[i + 1]);
        x = crop(ctx, x, need[i], need[i + 1], hop);
        hop *= p.strides[i];
        x = upsample(ctx, block.up, leaky(ctx, x, p.slope, block.up), p.strides[i]);
        const int64_t n = x->ne[0];
        for (size_t d = 0; d < block.convolutions.size(); d++) {
            const Linear & layer = block.convolutions[d];
            ggml_tensor * y = convolve_leaky(ctx, layer, leaky(ctx, x, p.slope, layer), same_window(3, p.dilations[d]), p.slope);
            x = graph.expand(local_gate(ctx, layer_kernels(ctx, kernels, static_cast<int64_t>(d), n), y, x, graph.on_cpu()));
        }
    }
    x = crop(ctx, x, need[w.blocks.size()], need.back(), hop);
    x = convolve(ctx, w.post, reflect(ctx, ggml_leaky_relu(ctx, x, p.slope, false), 3), { 7, 1, 0, 1 });
    return ggml_tanh(ctx, x);
}

/// Multiplications for one frame.
double frame_work(const VocoderParams & p) {
    const double n = p.n_channels, hidden = p.n_hidden, n_layer = static_cast<double>(p.dilations.size());
    double work = 0, hop = 1;
    for (int32_t stride : p.strides) {
        hop *= stride;
        work += hidden * (5.0 * p.n_mels + 6 * hidden * p.n_predictor_block + 3 * n_layer * 2 * n * (3 * n + 1));
        work += hop * (2 * n * n + n_layer * 9 * n * n);
    }
    return work;
}

} // namespace

size_t univnet_nodes(const VocoderParams & p) {
    const size_t block = 64 + 3 * convolution_nodes(5) + size_t(p.n_predictor_block) * (2 * convolution_nodes(3) + 4);
    return 256 + 5 * p.strides.size() * (block + p.dilations.size() * (2 * convolution_nodes(3) + 24)) / 4; // a fifth to spare
}

std::vector<float> univnet(Call & call, const VocoderWeights & weights, const VocoderParams & p, const std::vector<float> & mel,
                           const std::vector<float> & noise, const Progress & progress) {
    const int64_t n_mels = p.n_mels, n_noise = p.n_noise, hop = p.hop(), n_frames = static_cast<int64_t>(mel.size()) / n_mels;
    const int64_t n_windows = (n_frames + window_frames - 1) / window_frames;
    std::vector<float> samples;
    for (Pieces pieces(call, static_cast<size_t>(n_windows), frame_work(p) * window_frames); pieces.next();) {
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            const int64_t first = static_cast<int64_t>(i) * window_frames, last = std::min(first + window_frames, n_frames);
            const std::vector<FrameRange> need = spans(p, first, last, n_frames);
            Graph graph(call.backend(), univnet_nodes(p));
            ggml_tensor * m = graph.input("mel", GGML_TYPE_F32, { n_mels, need[0].size() }, mel.data() + need[0].from * n_mels);
            ggml_tensor * z = graph.input("noise", GGML_TYPE_F32, { n_noise, need[0].size() }, noise.data() + need[0].from * n_noise);
            const std::vector<float> sound = graph.result("sound", forward(graph, weights, p, m, z, need));
            const auto begin = sound.begin() + (first - need.back().from) * hop;
            samples.insert(samples.end(), begin, begin + (last - first) * hop);
            if (progress) {
                progress(static_cast<double>(i + 1) / static_cast<double>(n_windows));
            }
        }
    }
    return samples;
}

} // namespace clvp
