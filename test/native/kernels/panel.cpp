// Convolutions and attention in panels against the same sums in double precision.
#include "kernels/panel.h"

#include "base/random.h"
#include "kernels/kernel_set.h"
#include "model/convolution.h"
#include "runtime/graph.h"
#include "test.h"

#include <algorithm>
#include <cstring>

using namespace clvp;

namespace {

struct Case {
    int64_t n_in, n_out, n_frames, n_batch;
    Window window;
};

std::vector<float> noise(int64_t n, uint64_t seed) {
    std::vector<float> values(static_cast<size_t>(n));
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<float>(uniform(seed, i)) * 2.0f - 1.0f;
    }
    return values;
}

/// A matrix of F32 in panels, or in GGML's layout.
struct Matrix {
    ggml_context_ptr ctx;
    std::vector<uint8_t> memory;
    ggml_tensor * tensor;

    Matrix(int64_t n_in, int64_t n_out, const std::vector<float> & rows, bool panels) {
        ctx.reset(ggml_init({ 4 * ggml_tensor_overhead(), nullptr, true }));
        tensor = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, n_in, n_out);
        if (panels) {
            choose_panels(tensor);
            panels = is_panelled(tensor); // false on a CPU without our kernels
        }
        memory.resize((panels ? panelled_bytes(tensor) : ggml_nbytes(tensor)) + 64);
        tensor->data = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
        const auto * bytes = reinterpret_cast<const uint8_t *>(rows.data());
        if (panels) { // in two pieces, as a file is read
            const int64_t first = std::min<int64_t>(panel_width, n_out);
            store_panels(tensor, 0, bytes, first);
            store_panels(tensor, first, bytes + static_cast<size_t>(first * n_in) * sizeof(float), n_out - first);
        } else {
            memcpy(tensor->data, rows.data(), rows.size() * sizeof(float));
        }
    }
};

/// The sums of a convolution in double precision, with bias and residual. x [n_in, n_frames, n_batch]
std::vector<double> convolved(const Case & c, const std::vector<float> & w, const std::vector<float> & x, const std::vector<float> & bias,
                              const std::vector<float> & residual) {
    const int64_t n = c.n_frames + 2 * c.window.padding - int64_t(c.window.dilation) * (c.window.width - 1);
    std::vector<double> y;
    for (int64_t t = 0; t < n * c.n_batch; t++) {
        for (int64_t o = 0; o < c.n_out; o++) {
            double sum = static_cast<double>(bias[static_cast<size_t>(o)]) + static_cast<double>(residual[y.size()]);
            for (int tap = 0; tap < c.window.width; tap++) {
                const int64_t at = t % n + int64_t(tap) * c.window.dilation - c.window.padding;
                for (int64_t i = 0; i < c.n_in && at >= 0 && at < c.n_frames; i++) {
                    sum += static_cast<double>(w[static_cast<size_t>((o * c.window.width + tap) * c.n_in + i)]) *
                           static_cast<double>(x[static_cast<size_t>((t / n * c.n_frames + at) * c.n_in + i)]);
                }
            }
            y.push_back(sum);
        }
    }
    return y;
}

double largest_difference(const std::vector<float> & found, const std::vector<double> & expected) {
    double most = found.size() == expected.size() ? 0 : 1e9;
    for (size_t i = 0; i < found.size() && i < expected.size(); i++) {
        most = std::max(most, std::fabs(static_cast<double>(found[i]) - expected[i]));
    }
    return most;
}

const Case convolutions[] = {
    { 4, 5, 7, 1, same_window(3) },   { 32, 32, 100, 1, same_window(11, 5) }, { 24, 16, 61, 2, same_window(7, 3) }, { 100, 33, 50, 1, same_window(3) },
    { 16, 1, 97, 1, { 7, 1, 0, 1 } }, { 8, 40, 3, 1, same_window(11, 5) },    { 64, 64, 130, 3, Window() },         { 12, 20, 49, 1, same_window(5, 27) },
};

} // namespace

TEST(a_convolution_is_its_sums_in_panels_and_by_ggml) {
    Backend backend(find_device("cpu"), 2, 64);
    for (const Case & c : convolutions) {
        const int64_t n = c.n_frames + 2 * c.window.padding - int64_t(c.window.dilation) * (c.window.width - 1);
        const std::vector<float> w = noise(c.window.width * c.n_in * c.n_out, 1), x = noise(c.n_in * c.n_frames * c.n_batch, 2), bias = noise(c.n_out, 3),
                                 residual = noise(c.n_out * n * c.n_batch, 4);
        const std::vector<double> expected = convolved(c, w, x, bias, residual);
        for (bool panels : { false, true }) {
            const Matrix matrix(c.window.width * c.n_in, c.n_out, w, panels);
            Graph graph(backend, 64);
            const Linear layer = { matrix.tensor, graph.input("bias", GGML_TYPE_F32, { c.n_out }, bias.data()) };
            ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { c.n_in, c.n_frames, c.n_batch }, x.data());
            ggml_tensor * other = graph.input("residual", GGML_TYPE_F32, { c.n_out, n, c.n_batch }, residual.data());
            const std::vector<float> y = graph.result("y", convolve_add(graph.ctx(), layer, input, c.window, other));
            CHECK_CLOSE(largest_difference(y, expected), 0, 2e-5 * std::sqrt(static_cast<double>(c.window.width * c.n_in)));
        }
    }
    test::note("kernels: %s", kernel_set() ? kernel_set()->name : "ggml");
}

TEST(a_transposed_convolution_adds_what_frames_share) {
    Backend backend(find_device("cpu"), 2, 64);
    const int64_t n_in = 6, n_out = 3, n = 9;
    for (int64_t rate : { 2, 3, 8 }) {
        const std::vector<float> w = noise(n_in * 2 * rate * n_out, 5), x = noise(n_in * n, 6), bias = noise(n_out, 7);
        std::vector<double> expected;
        for (int64_t t = 0; t < rate * n; t++) {
            for (int64_t o = 0; o < n_out; o++) {
                double sum = static_cast<double>(bias[static_cast<size_t>(o)]);
                for (int64_t frame = 0; frame < n; frame++) {
                    const int64_t tap = t + (rate + 1) / 2 - frame * rate;
                    for (int64_t i = 0; i < n_in && tap >= 0 && tap < 2 * rate; i++) {
                        sum += static_cast<double>(w[static_cast<size_t>((tap * n_out + o) * n_in + i)]) *
                               static_cast<double>(x[static_cast<size_t>(frame * n_in + i)]);
                    }
                }
                expected.push_back(sum);
            }
        }
        for (bool panels : { false, true }) {
            const Matrix matrix(n_in, 2 * rate * n_out, w, panels);
            Graph graph(backend, 64);
            const Linear layer = { matrix.tensor, graph.input("bias", GGML_TYPE_F32, { n_out }, bias.data()) };
            ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { n_in, n }, x.data());
            CHECK_CLOSE(largest_difference(graph.result("y", upsample(graph.ctx(), layer, input, rate)), expected), 0, 1e-5);
        }
    }
}

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

TEST(padded_rows_of_a_last_panel_hold_no_rubbish) {
    std::vector<float> rows = noise(8 * 20, 10);
    const Matrix matrix(8, 20, rows, true);
    if (!is_panelled(matrix.tensor)) {
        return;
    }
    const auto * data = static_cast<const float *>(matrix.tensor->data) + 8 * panel_width;
    for (int i = 0; i < 8 * panel_width; i++) {
        CHECK(i % panel_width < 4 || data[i] == 0.0f);
    }
}
