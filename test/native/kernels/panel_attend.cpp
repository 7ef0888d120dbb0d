// Attention with a bias by distance against the same sums in double precision.
#include "kernels/panel_attend.h"

#include "runtime/graph.h"
#include "sums.h"
#include "test.h"

#include <array>

using namespace clvp;
using test::largest_difference;
using test::noise;

TEST(attention_in_panels_is_the_softmax_of_biased_scores) {
    if (!has_panel_attention()) {
        return; // a CPU without our kernels
    }
    Backend backend(find_device("cpu"), 3, 64); // more threads than some have heads
    for (const auto & [d_head, n_head, n, n_batch] : { std::array<int64_t, 4>{ 16, 2, 5, 1 }, { 64, 3, 50, 2 }, { 5, 4, 33, 1 }, { 12, 1, 1, 1 } }) {
        const int64_t n_embd = d_head * n_head;
        const std::vector<float> qkv = noise(3 * n_embd * n * n_batch, 8), bias = noise((2 * n - 1) * n_head, 9);
        const auto at = [&, d = d_head, count = n](int64_t batch, int64_t part, int64_t head, int64_t t, int64_t c) {
            return static_cast<double>(qkv[static_cast<size_t>((batch * count + t) * 3 * n_embd + part * n_embd + head * d + c)]);
        };
        std::vector<double> expected(static_cast<size_t>(n_embd * n * n_batch));
        for (int64_t row = 0; row < n_head * n_batch * n; row++) {
            const int64_t q = row % n, head = row / n % n_head, batch = row / n / n_head;
            std::vector<double> weights;
            double sum = 0;
            for (int64_t k = 0; k < n; k++) {
                double score = 0;
                for (int64_t c = 0; c < d_head; c++) {
                    score += at(batch, 0, head, q, c) * at(batch, 1, head, k, c);
                }
                score = score / std::sqrt(static_cast<double>(d_head)) + static_cast<double>(bias[static_cast<size_t>(head * (2 * n - 1) + k - q + n - 1)]);
                weights.push_back(std::exp(score));
                sum += weights.back();
            }
            for (int64_t c = 0; c < d_head; c++) {
                double mixed = 0;
                for (int64_t k = 0; k < n; k++) {
                    mixed += weights[static_cast<size_t>(k)] / sum * at(batch, 2, head, k, c);
                }
                expected[static_cast<size_t>((batch * n + q) * n_embd + head * d_head + c)] = mixed;
            }
        }
        Graph graph(backend, 16);
        ggml_tensor * input = graph.input("qkv", GGML_TYPE_F32, { 3 * n_embd, n, n_batch }, qkv.data());
        ggml_tensor * table = graph.input("bias", GGML_TYPE_F32, { 2 * n - 1, n_head }, bias.data());
        CHECK_CLOSE(largest_difference(graph.result("y", panel_attend(graph.ctx(), input, n_head, table)), expected), 0, 3e-6);
    }
}
