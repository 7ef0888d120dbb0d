// Group norms, with what the diffusion model does behind them, against the same sums in double precision.
#include "model/group_norm.h"

#include "model/hparams.h"
#include "runtime/graph.h"
#include "sums.h"
#include "test.h"

using namespace clvp;
using test::largest_difference;
using test::noise;

TEST(a_group_norm_is_its_sums_and_what_follows_them) {
    Backend backend(find_device("cpu"), 3, 64);
    for (const auto & [n, n_frames, n_batch] : { std::array<int64_t, 3>{ 64, 7, 2 }, { 24, 33, 1 }, { 1024, 50, 2 }, { 160, 1, 3 } }) {
        const int64_t n_group = group_count(static_cast<uint32_t>(n)), width = n / n_group;
        std::vector<float> x = noise(n * n_frames * n_batch, 1);
        for (float & each : x) {
            each += 3.0f; // a mean that is not 0
        }
        const std::vector<float> weight = noise(n, 2), bias = noise(n, 3), change = noise(2 * n, 4);
        for (const bool changes : { false, true }) {
            for (const bool silu : { false, true }) {
                std::vector<double> expected(x.size());
                for (int64_t group = 0; group < n_group * n_batch; group++) {
                    const auto each = [&, n = n, n_frames = n_frames](auto visit) {
                        for (int64_t i = 0; i < width * n_frames; i++) {
                            const int64_t channel = group % n_group * width + i % width;
                            visit(static_cast<size_t>((group / n_group * n_frames + i / width) * n + channel), static_cast<size_t>(channel));
                        }
                    };
                    double mean = 0, variance = 0;
                    each([&](size_t i, size_t) { mean += static_cast<double>(x[i]) / static_cast<double>(width * n_frames); });
                    each([&](size_t i, size_t) { variance += std::pow(static_cast<double>(x[i]) - mean, 2) / static_cast<double>(width * n_frames); });
                    each([&, n = n](size_t i, size_t channel) {
                        double y = (static_cast<double>(x[i]) - mean) / std::sqrt(variance + 1e-5);
                        y = y * static_cast<double>(weight[channel]) + static_cast<double>(bias[channel]);
                        if (changes) {
                            y = y * (1 + static_cast<double>(change[channel])) + static_cast<double>(change[static_cast<size_t>(n) + channel]);
                        }
                        expected[i] = silu ? y / (1 + std::exp(-y)) : y;
                    });
                }
                Graph graph(backend, 64);
                const Norm norm = { graph.input("weight", GGML_TYPE_F32, { n }, weight.data()), graph.input("bias", GGML_TYPE_F32, { n }, bias.data()), 1e-5f };
                ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { n, n_frames, n_batch }, x.data());
                ggml_tensor * by = changes ? graph.input("change", GGML_TYPE_F32, { 2 * n }, change.data()) : nullptr;
                CHECK_CLOSE(largest_difference(graph.result("y", group_norm(graph.ctx(), norm, input, { by, silu })), expected), 0, 1e-5);
            }
        }
    }
}
