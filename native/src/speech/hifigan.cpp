#include "speech/hifigan.h"

#include "model/convolution.h"
#include "model/pieces.h"
#include "runtime/graph.h"
#include "speech/frame_range.h"

#include <algorithm>
#include <cmath>

namespace clvp {

namespace {

constexpr float slope = 0.1f, last_slope = 0.01f; // of the leaky ReLUs: torch's default before the last convolution
constexpr double stretch = 24000.0 / 22050.0;     // of frames, from the codes' sample rate to the sound's

/// A place between two rows of a table, by torch's linear interpolation without aligned corners. In F32, as there.
struct Place {
    int64_t low, high;
    float weight; // of the higher row
};

Place place(int64_t i, double scale, int64_t n) {
    const float ratio = static_cast<float>(1.0 / scale);
    const float at = std::max(ratio * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    const int64_t low = std::min(static_cast<int64_t>(at), n - 1);
    return { low, std::min(low + 1, n - 1), std::clamp(at - static_cast<float>(low), 0.0f, 1.0f) };
}

/// Frames from .. to of the latents, stretched twice: to mel frames, then to the sound's sample rate. [n_latent, to - from]
std::vector<float> stretched(const HifiganParams & p, const std::vector<float> & latents, int64_t from, int64_t to) {
    const int64_t width = p.n_latent, per_latent = p.frames_per_latent();
    const int64_t n = static_cast<int64_t>(latents.size()) / width, n_mel = per_latent * n;
    const auto mel = [&](const Place & at, int64_t c) {
        const float * column = latents.data() + c;
        return (1.0f - at.weight) * column[at.low * width] + at.weight * column[at.high * width];
    };
    const double scale = sound_frames(n, per_latent) == n_mel ? 1 : stretch; // torch copies frames whose number does not change, whatever the scale
    std::vector<float> frames(static_cast<size_t>((to - from) * width));
    for (int64_t t = from; t < to; t++) {
        const Place at = place(t, scale, n_mel);
        const Place low = place(at.low, per_latent, n), high = place(at.high, per_latent, n);
        for (int64_t c = 0; c < width; c++) {
            frames[static_cast<size_t>((t - from) * width + c)] = (1.0f - at.weight) * mel(low, c) + at.weight * mel(high, c);
        }
    }
    return frames;
}

/// How far a stage's residual blocks look.
int64_t reach(const HifiganParams & p) {
    const int64_t half = (*std::max_element(p.kernel_sizes.begin(), p.kernel_sizes.end()) - 1) / 2;
    int64_t n = 0;
    for (int32_t dilation : p.dilations) {
        n += half * dilation + half;
    }
    return n;
}

/// The frames that each level must have for a part: [0] the stretched latents, [1] the first convolution's output, then for each stage
/// the output of its upsampling and that of its residual blocks.
std::vector<FrameRange> spans(const HifiganParams & p, int64_t from, int64_t to, int64_t n_frames) {
    int64_t rate = p.hop();
    std::vector<FrameRange> list = { FrameRange{ from * rate, to * rate }.wider(3, n_frames * rate) };
    for (size_t s = p.rates.size(); s-- > 0;) {
        const int64_t up = p.rates[s];
        const FrameRange residual = list.back().wider(reach(p), n_frames * rate);
        list.push_back(residual);
        rate /= up;
        const int64_t cut = up / 2; // an output at j reaches the inputs (j + cut) / up and the one before
        list.push_back(FrameRange{ std::max<int64_t>((residual.from + cut) / up - 1, 0), std::min((residual.to - 1 + cut) / up + 1, n_frames * rate) });
    }
    list.push_back(list.back().wider(3, n_frames));
    std::reverse(list.begin(), list.end());
    return list;
}

ggml_tensor * residual_block(ggml_context * ctx, const HifiganWeights::Residual & block, const HifiganParams & p, ggml_tensor * x, int kernel_size) {
    for (size_t d = 0; d < p.dilations.size(); d++) {
        const Linear &first = block.first[d], &second = block.second[d];
        ggml_tensor * y = convolve_leaky(ctx, first, leaky(ctx, x, slope, first), same_window(kernel_size, p.dilations[d]), slope, &second);
        x = convolve_add(ctx, second, y, same_window(kernel_size), x);
    }
    return x;
}

/// One part: x [n_latent, frames of the first span] -> samples.
ggml_tensor * forward(Graph & graph, const HifiganWeights & w, const HifiganParams & p, ggml_tensor * x, ggml_tensor * voice,
                      const std::vector<FrameRange> & need) {
    ggml_context * ctx = graph.ctx();
    x = ggml_add(ctx, convolve(ctx, w.pre, x, same_window(7)), linear(ctx, w.voice, voice));
    x = crop(ctx, x, need[0], need[1]);
    for (size_t s = 0; s < w.stages.size(); s++) {
        const int64_t rate = p.rates[s];
        const FrameRange &in = need[1 + 2 * s], &up = need[2 + 2 * s], &out = need[3 + 2 * s];
        x = upsample(ctx, w.stages[s].up, leaky(ctx, x, slope, w.stages[s].up), rate);
        x = ggml_cont(ctx, crop(ctx, x, { in.from * rate, in.to * rate }, up));
        ggml_tensor * sum = nullptr;
        for (size_t k = 0; k < p.kernel_sizes.size(); k++) {
            ggml_tensor * y = residual_block(ctx, w.stages[s].residuals[k], p, x, p.kernel_sizes[k]);
            sum = graph.expand(sum ? ggml_add(ctx, sum, y) : y);
        }
        x = crop(ctx, ggml_scale(ctx, sum, 1.0f / static_cast<float>(p.kernel_sizes.size())), up, out);
    }
    x = convolve(ctx, w.post, leaky(ctx, x, last_slope, w.post), same_window(7));
    return ggml_tanh(ctx, x);
}

/// Multiplications for one frame.
double frame_work(const HifiganParams & p) {
    double n = p.n_channels, rate = 1, work = 7 * n * p.n_latent;
    for (int32_t up : p.rates) {
        work += rate * n * n * up; // half as many channels, two taps
        rate *= up;
        n /= 2;
        for (int32_t kernel : p.kernel_sizes) {
            work += rate * 2 * kernel * n * n * static_cast<double>(p.dilations.size());
        }
    }
    return work;
}

} // namespace

int64_t sound_frames(int64_t n_latents, int64_t per_latent) { return static_cast<int64_t>(static_cast<double>(per_latent * n_latents) * stretch); }

int64_t hifigan_part_frames(const HifiganParams & params) { return 16 * params.frames_per_latent(); }

int64_t hifigan_parts(const HifiganParams & params, int64_t n_latents, bool is_end) {
    constexpr int64_t far = int64_t(1) << 40; // no end in sight
    const int64_t per_latent = params.frames_per_latent(), part_frames = hifigan_part_frames(params);
    const int64_t n_frames = sound_frames(n_latents, per_latent), n_most = (n_frames + part_frames - 1) / part_frames;
    if (is_end) {
        return n_most;
    }
    const auto is_known = [&](int64_t part) {
        const int64_t last = spans(params, part * part_frames, (part + 1) * part_frames, far)[0].to - 1;
        return place(place(last, stretch, far).high, per_latent, far).high < n_latents;
    };
    int64_t n = 0;
    while (n < n_most && is_known(n)) {
        n++;
    }
    return n;
}

size_t hifigan_nodes(const HifiganParams & p) {
    size_t stage = 64;
    for (int32_t kernel : p.kernel_sizes) {
        stage += p.dilations.size() * 2 * (convolution_nodes(kernel) + 4);
    }
    return 192 + 5 * p.rates.size() * stage / 4; // a fifth to spare
}

std::vector<float> hifigan(Call & call, const HifiganWeights & weights, const HifiganParams & params, const std::vector<float> & latents,
                           const std::vector<float> & voice, int64_t first, int64_t last, const Progress & progress) {
    const int64_t n_frames = sound_frames(static_cast<int64_t>(latents.size()) / params.n_latent, params.frames_per_latent());
    const int64_t part_frames = hifigan_part_frames(params);
    std::vector<float> samples;
    const double work = frame_work(params) * static_cast<double>(part_frames);
    for (Pieces pieces(call, static_cast<size_t>(last - first), work); pieces.next();) {
        for (size_t i = pieces.from(); i < pieces.to(); i++) {
            const int64_t from = (first + static_cast<int64_t>(i)) * part_frames, to = std::min(from + part_frames, n_frames);
            const std::vector<FrameRange> need = spans(params, from, to, n_frames);
            const std::vector<float> frames = stretched(params, latents, need[0].from, need[0].to);
            Graph graph(call.backend(), hifigan_nodes(params));
            ggml_tensor * x = graph.input("frames", GGML_TYPE_F32, { params.n_latent, need[0].to - need[0].from }, frames.data());
            ggml_tensor * v = graph.input("voice", GGML_TYPE_F32, { params.n_voice, 1 }, voice.data());
            const std::vector<float> sound = graph.result("sound", forward(graph, weights, params, x, v, need)); // with what the last window adds
            const auto begin = sound.begin() + (from * params.hop() - need.back().from);
            samples.insert(samples.end(), begin, begin + (to - from) * params.hop());
            if (progress) {
                progress(static_cast<double>(i + 1) / static_cast<double>(last - first));
            }
        }
    }
    return samples;
}

} // namespace clvp
