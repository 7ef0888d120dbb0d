#include "speech/diffusion.h"

#include "model/convolution.h"
#include "model/group_norm.h"
#include "model/pieces.h"

#include <cmath>

namespace clvp {

namespace {

constexpr size_t layer_nodes = 96; // of a residual block and an attention block

/// Multiplications of one layer for one frame: matrices of 4 and 5 times n_embd^2.
double layer_work(const DiffusionParams & p) { return 10.0 * p.n_embd * p.n_embd; }

/// cos and sin of the time at n/2 frequencies, from 1 down to 1/10,000. In F32, as the reference.
std::vector<float> time_embedding(float time, int64_t n) {
    const int64_t half = n / 2;
    std::vector<float> embedding(static_cast<size_t>(n), 0.0f);
    for (int64_t i = 0; i < half; i++) {
        const float angle = time * std::exp(static_cast<float>(-std::log(10000.0)) * static_cast<float>(i) / static_cast<float>(half));
        embedding[static_cast<size_t>(i)] = std::cos(angle);
        embedding[static_cast<size_t>(half + i)] = std::sin(angle);
    }
    return embedding;
}

/// Frame t of n_frames follows row floor(t * n / n_frames) of x [width, n]: torch's nearest interpolation.
std::vector<float> nearest_rows(const std::vector<float> & x, int64_t width, int64_t n_frames) {
    const int64_t n = static_cast<int64_t>(x.size()) / width;
    const float scale = static_cast<float>(n) / static_cast<float>(n_frames);
    std::vector<float> rows;
    rows.reserve(static_cast<size_t>(width * n_frames));
    for (int64_t t = 0; t < n_frames; t++) {
        const int64_t row = std::min(static_cast<int64_t>(static_cast<float>(t) * scale), n - 1);
        rows.insert(rows.end(), x.begin() + row * width, x.begin() + (row + 1) * width);
    }
    return rows;
}

/// Runs attention blocks piece by piece over x [n_embd, n, ...], which `begin` makes.
template <typename Begin>
std::vector<float> run_blocks(Call & call, const std::vector<DiffusionWeights::Attention> & blocks, int64_t n_embd, int64_t n, size_t n_nodes, Begin begin) {
    std::vector<float> between;
    for (Pieces pieces(call, blocks.size() + 1, 4.0 * static_cast<double>(n_embd) * static_cast<double>(n_embd) * static_cast<double>(n)); pieces.next();) {
        Graph graph(call.backend(), n_nodes);
        ggml_tensor * x = pieces.is_first() ? begin(graph) : graph.input("between", GGML_TYPE_F32, { n_embd, n }, between.data());
        for (size_t i = std::max<size_t>(pieces.from(), 1); i < pieces.to(); i++) { // the first unit of work is what `begin` makes
            x = attention_block(graph, blocks[i - 1], DistanceBias(blocks[i - 1].bias, n_embd), x);
        }
        between = graph.result("between", x);
    }
    return between;
}

/// Scales and shifts normalised rows by the voice, and fits them to the frames.
std::vector<float> fit(Call & call, const DiffusionWeights & w, const DiffusionParams & p, const std::vector<float> & rows, const std::vector<float> & voice,
                       int64_t n_frames) {
    const int64_t n_embd = p.n_embd, n = static_cast<int64_t>(rows.size()) / n_embd;
    Graph graph(call.backend(), diffusion_nodes(p));
    ggml_context * ctx = graph.ctx();
    ggml_tensor * x = graph.input("rows", GGML_TYPE_F32, { n_embd, n }, rows.data());
    ggml_tensor * v = graph.input("voice", GGML_TYPE_F32, { 2 * n_embd }, voice.data());
    x = group_norm(ctx, w.code_norm, x, { v });
    return nearest_rows(graph.result("condition", x), n_embd, n_frames);
}

} // namespace

size_t diffusion_nodes(const DiffusionParams & p) {
    const size_t n =
        std::max({ size_t(p.n_integrator), size_t(p.n_block) + p.n_tail, size_t(p.n_latent_block), size_t(p.n_code_block), size_t(p.n_context_block) });
    return 192 + layer_nodes * n;
}

std::vector<float> condition_latents(Call & call, const DiffusionWeights & w, const DiffusionParams & p, const std::vector<float> & latents,
                                     const std::vector<float> & voice, int64_t n_frames) {
    const int64_t n = static_cast<int64_t>(latents.size()) / p.n_latent;
    const auto begin = [&](Graph & graph) {
        ggml_tensor * x = graph.input("latents", GGML_TYPE_F32, { p.n_latent, n }, latents.data());
        return convolve(graph.ctx(), w.latent_in, x, same_window(3));
    };
    return fit(call, w, p, run_blocks(call, w.latent_blocks, p.n_embd, n, diffusion_nodes(p), begin), voice, n_frames);
}

std::vector<float> condition_codes(Call & call, const DiffusionWeights & w, const DiffusionParams & p, const std::vector<int32_t> & codes,
                                   const std::vector<float> & voice, int64_t n_frames) {
    const auto begin = [&](Graph & graph) { return ggml_get_rows(graph.ctx(), w.code_embd, graph.input("codes", codes)); };
    return fit(call, w, p, run_blocks(call, w.code_blocks, p.n_embd, static_cast<int64_t>(codes.size()), diffusion_nodes(p), begin), voice, n_frames);
}

std::vector<float> condition_clips(Call & call, const DiffusionWeights & w, const DiffusionParams & p, const std::vector<Mel> & mels) {
    const int64_t n_embd = 2 * int64_t(p.n_embd);
    std::vector<double> sums(static_cast<size_t>(n_embd), 0.0);
    size_t n_rows = 0;
    for (const Mel & mel : mels) {
        const auto halved = [](int64_t n) { return (n - 1) / 2 + 1; };
        const auto begin = [&](Graph & graph) {
            ggml_context * ctx = graph.ctx();
            ggml_tensor * x = ggml_cont(ctx, ggml_transpose(ctx, graph.input("mel", GGML_TYPE_F32, { mel.n_frames, mel.n_mels }, mel.data.data())));
            for (const Linear & layer : w.context_in) {
                x = convolve(ctx, layer, x, same_window(3, 1, 2));
            }
            return x;
        };
        const int64_t n = halved(halved(mel.n_frames));
        const std::vector<float> rows = run_blocks(call, w.context_blocks, n_embd, n, diffusion_nodes(p), begin);
        for (size_t i = 0; i < rows.size(); i++) {
            sums[i % sums.size()] += static_cast<double>(rows[i]);
        }
        n_rows += static_cast<size_t>(n);
    }
    std::vector<float> voice;
    for (double sum : sums) {
        voice.push_back(static_cast<float>(sum / static_cast<double>(n_rows)));
    }
    return voice;
}

Diffusion::Diffusion(const DiffusionWeights & weights, const DiffusionParams & params, int64_t n_frames, std::vector<float> condition)
    : w_(weights), p_(params), n_frames_(n_frames), condition_(std::move(condition)) {
    for (auto * list : { &w_.integrator, &w_.blocks }) {
        for (const DiffusionWeights::Layer & each : *list) {
            (list == &w_.integrator ? integrator_ : blocks_).push_back({ &each.residual, &each.attention, biases_.size() });
            biases_.emplace_back(each.attention.bias, p_.n_embd);
        }
    }
    for (const DiffusionWeights::Residual & each : w_.tail) {
        blocks_.push_back({ &each });
    }
}

ggml_tensor * Diffusion::layer(Graph & graph, const Layer & layer, ggml_tensor * x, ggml_tensor * time) const {
    ggml_context * ctx = graph.ctx();
    const DiffusionWeights::Residual & block = *layer.residual;
    ggml_tensor * change = linear(ctx, block.time, time); // [2*n]: scale, then shift
    ggml_tensor * y = linear(ctx, block.in, group_norm(ctx, block.first_norm, x, { nullptr, true }));
    y = group_norm(ctx, block.second_norm, y, { change, true });
    x = graph.expand(convolve_add(ctx, block.out, y, same_window(3), x));
    return layer.attention ? attention_block(graph, *layer.attention, biases_[layer.bias], x) : x;
}

/// The condition of the conditioned pass, then that of the pass without one: [n_embd, n_frames, 1 or 2].
std::vector<float> Diffusion::conditions(bool free) const {
    std::vector<float> all = condition_;
    if (free || condition_.empty()) {
        const std::vector<float> none = Graph::read(w_.uncond);
        for (int64_t t = 0; t < n_frames_; t++) {
            all.insert(all.end(), none.begin(), none.end());
        }
    }
    return all;
}

std::vector<float> Diffusion::pass(Call & call, const std::vector<float> & x, float time, bool free) const {
    const int64_t n = p_.n_embd, n_batch = free && !condition_.empty() ? 2 : 1;
    const std::vector<float> embedding = time_embedding(time, n);
    const size_t n_before = integrator_.size(), n_layer = n_before + blocks_.size();
    std::vector<float> between = conditions(free);
    for (Pieces pieces(call, n_layer, layer_work(p_) * static_cast<double>(n_frames_ * n_batch)); pieces.next();) {
        Graph graph(call.backend(), 192 + layer_nodes * pieces.size());
        ggml_context * ctx = graph.ctx();
        ggml_tensor * t = graph.input("time", GGML_TYPE_F32, { n, 1 }, embedding.data());
        t = linear(ctx, w_.time_second, ggml_silu(ctx, linear(ctx, w_.time_first, t)));
        t = ggml_silu(ctx, t); // each layer takes it so
        ggml_tensor * y = graph.input("between", GGML_TYPE_F32, { n, n_frames_, n_batch }, between.data());
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            y = i == n_before ? mix(graph, x, y) : y;
            y = layer(graph, i < n_before ? integrator_[i] : blocks_[i - n_before], y, t);
        }
        if (pieces.is_last()) {
            y = n_layer == n_before ? mix(graph, x, y) : y;
            y = convolve(ctx, w_.out, group_norm(ctx, w_.out_norm, y, { nullptr, true }), same_window(3));
        }
        between = graph.result("between", y);
    }
    return between;
}

/// Joins the spectrogram with what it follows: y [n_embd, n_frames, n_batch].
ggml_tensor * Diffusion::mix(Graph & graph, const std::vector<float> & x, ggml_tensor * y) const {
    ggml_context * ctx = graph.ctx();
    ggml_tensor * frames = convolve(ctx, w_.in, graph.input("x", GGML_TYPE_F32, { p_.n_mels, n_frames_ }, x.data()), same_window(3));
    return linear(ctx, w_.mix, ggml_concat(ctx, ggml_repeat_4d(ctx, frames, p_.n_embd, n_frames_, y->ne[2], 1), y, 0));
}

} // namespace clvp
