// Convolutions in panels against the same sums in double precision.
#include "kernels/panel.h"

#include "kernels/kernel_set.h"
#include "model/convolution.h"
#include "runtime/graph.h"
#include "sums.h"
#include "test.h"

#include <cstring>

using namespace clvp;
using test::largest_difference;
using test::noise;

namespace {

struct Case {
    int64_t n_in, n_out, n_frames, n_batch;
    Window window;
};

/// Numbers as a type holds them.
std::vector<float> rounded(std::vector<float> values, ggml_type type) {
    for (float & x : values) {
        x = type == GGML_TYPE_F16 ? ggml_fp16_to_fp32(ggml_fp32_to_fp16(x)) : type == GGML_TYPE_BF16 ? ggml_bf16_to_fp32(ggml_fp32_to_bf16(x)) : x;
    }
    return values;
}

std::vector<uint8_t> encoded(const std::vector<float> & values, ggml_type type) {
    std::vector<uint8_t> bytes(values.size() * ggml_type_size(type));
    if (type == GGML_TYPE_F16) {
        ggml_fp32_to_fp16_row(values.data(), reinterpret_cast<ggml_fp16_t *>(bytes.data()), static_cast<int64_t>(values.size()));
    } else if (type == GGML_TYPE_BF16) {
        ggml_fp32_to_bf16_row(values.data(), reinterpret_cast<ggml_bf16_t *>(bytes.data()), static_cast<int64_t>(values.size()));
    } else {
        memcpy(bytes.data(), values.data(), bytes.size());
    }
    return bytes;
}

/// A matrix in panels, or in GGML's layout.
struct Matrix {
    ggml_context_ptr ctx;
    std::vector<uint8_t> memory;
    ggml_tensor * tensor;

    Matrix(int64_t n_in, int64_t n_out, const std::vector<float> & rows, bool panels, ggml_type type = GGML_TYPE_F32) {
        ctx.reset(ggml_init({ 4 * ggml_tensor_overhead(), nullptr, true }));
        tensor = ggml_new_tensor_2d(ctx.get(), type, n_in, n_out);
        if (panels) {
            choose_panels(tensor);
            panels = is_panelled(tensor); // false on a CPU without our kernels
        }
        memory.resize((panels ? panelled_bytes(tensor) : ggml_nbytes(tensor)) + 64);
        tensor->data = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
        const std::vector<uint8_t> bytes = encoded(rows, type);
        if (panels) { // in two pieces, as a file is read
            const int64_t first = std::min<int64_t>(panel_width, n_out);
            store_panels(tensor, 0, bytes.data(), first);
            store_panels(tensor, first, bytes.data() + static_cast<size_t>(first) * tensor->nb[1], n_out - first);
        } else {
            memcpy(tensor->data, bytes.data(), bytes.size());
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

const Case convolutions[] = {
    { 4, 5, 7, 1, same_window(3) },   { 32, 32, 100, 1, same_window(11, 5) }, { 24, 16, 61, 2, same_window(7, 3) }, { 100, 33, 50, 1, same_window(3) },
    { 16, 1, 97, 1, { 7, 1, 0, 1 } }, { 8, 40, 3, 1, same_window(11, 5) },    { 64, 64, 130, 3, Window() },         { 12, 20, 49, 1, same_window(5, 27) },
};

} // namespace

TEST(a_convolution_is_its_sums_in_panels_and_by_ggml) {
    Backend backend(find_device("cpu"), 2, 64);
    for (const Case & c : convolutions) {
        for (ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16 }) {
            const std::vector<float> w = noise(c.window.width * c.n_in * c.n_out, 1), x = noise(c.n_in * c.n_frames * c.n_batch, 2), bias = noise(c.n_out, 3),
                                     residual = noise(c.n_out * c.window.count(c.n_frames) * c.n_batch, 4);
            for (bool panels : { false, true }) {
                const Matrix matrix(c.window.width * c.n_in, c.n_out, w, panels, type);
                if (type != GGML_TYPE_F32 && !is_panelled(matrix.tensor)) {
                    continue; // GGML rounds x as well
                }
                const std::vector<double> expected = convolved(c, rounded(w, type), rounded(x, panel_input(matrix.tensor)), bias, residual);
                Graph graph(backend, 64);
                const Linear layer = { matrix.tensor, graph.input("bias", GGML_TYPE_F32, { c.n_out }, bias.data()) };
                ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { c.n_in, c.n_frames, c.n_batch }, x.data());
                ggml_tensor * other = graph.input("residual", GGML_TYPE_F32, { c.n_out, c.window.count(c.n_frames), c.n_batch }, residual.data());
                const std::vector<float> y = graph.result("y", convolve_add(graph.ctx(), layer, input, c.window, other));
                CHECK_CLOSE(largest_difference(y, expected), 0, 2e-5 * std::sqrt(static_cast<double>(c.window.width * c.n_in)));
            }
        }
    }
    test::note("kernels: %s", kernel_set() ? kernel_set()->name : "ggml");
}

TEST(a_leaky_relu_before_and_behind_a_convolution_is_that_of_its_sums) {
    Backend backend(find_device("cpu"), 2, 64);
    for (const Case & c : convolutions) {
        for (ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16 }) {
            const std::vector<float> w = noise(c.window.width * c.n_in * c.n_out, 1), x = noise(c.n_in * c.n_frames * c.n_batch, 2), bias = noise(c.n_out, 3);
            std::vector<float> activated = x;
            for (float & each : activated) {
                each = each > 0 ? each : each * 0.1f;
            }
            const Matrix matrix(c.window.width * c.n_in, c.n_out, w, true, type);
            const ggml_type taken = panel_input(matrix.tensor);
            if (type != GGML_TYPE_F32 && !is_panelled(matrix.tensor)) {
                continue;
            }
            const std::vector<float> nothing(static_cast<size_t>(c.n_out * c.window.count(c.n_frames) * c.n_batch));
            std::vector<double> expected = convolved(c, rounded(w, type), rounded(activated, taken), bias, nothing);
            for (double & each : expected) {
                each = each > 0 ? each : each * 0.2;
            }
            Graph graph(backend, 64);
            const Linear layer = { matrix.tensor, graph.input("bias", GGML_TYPE_F32, { c.n_out }, bias.data()) };
            ggml_tensor * input = leaky(graph.ctx(), graph.input("x", GGML_TYPE_F32, { c.n_in, c.n_frames, c.n_batch }, x.data()), 0.1f, layer);
            CHECK(input->type == taken);
            const double tolerance = 2e-5 * std::sqrt(static_cast<double>(c.window.width * c.n_in));
            CHECK_CLOSE(largest_difference(graph.result("y", convolve_leaky(graph.ctx(), layer, input, c.window, 0.2f)), expected), 0, tolerance);

            Graph second(backend, 64); // for a layer like it: half a unit in the last of 8 bits more
            const Linear again = { matrix.tensor, second.input("bias", GGML_TYPE_F32, { c.n_out }, bias.data()) };
            ggml_tensor * y = convolve_leaky(second.ctx(), again, second.input("x", GGML_TYPE_F32, { c.n_in, c.n_frames, c.n_batch }, activated.data()),
                                             c.window, 0.2f, &again);
            CHECK(y->type == taken);
            y = taken == GGML_TYPE_F32 ? y : ggml_cast(second.ctx(), y, GGML_TYPE_F32);
            double largest = 0;
            for (double each : expected) {
                largest = std::max(largest, std::fabs(each));
            }
            CHECK_CLOSE(largest_difference(second.result("y", y), expected), 0, taken == GGML_TYPE_F32 ? tolerance : tolerance + largest / 256);
        }
    }
}

TEST(what_is_not_a_number_stays_so_in_panels) {
    Backend backend(find_device("cpu"), 1, 64);
    std::vector<float> w = noise(32 * 20, 1), x = noise(32 * 5, 2);
    x[70] = NAN;
    for (ggml_type type : { GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16 }) {
        const Matrix matrix(32, 20, w, true, type);
        if (!is_panelled(matrix.tensor)) {
            continue; // GGML's leaky ReLU of NaN is 0
        }
        Graph graph(backend, 64);
        ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { 32, 5 }, x.data());
        const Linear layer = { matrix.tensor, nullptr };
        const std::vector<float> y = graph.result("y", convolve_leaky(graph.ctx(), layer, leaky(graph.ctx(), input, 0.1f, layer), Window(), 0.1f));
        size_t n_right = 0;
        for (size_t i = 0; i < y.size(); i++) {
            n_right += std::isnan(y[i]) == (i / 20 == 2);
        }
        CHECK(n_right == y.size());
    }
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

TEST(padded_rows_of_a_last_panel_hold_no_rubbish) {
    std::vector<float> rows = noise(8 * 20, 10);
    const Matrix matrix(8, 20, rows, true), halves(8, 20, rows, true, GGML_TYPE_BF16);
    if (!is_panelled(matrix.tensor)) {
        return;
    }
    const auto * data = static_cast<const float *>(matrix.tensor->data) + 8 * panel_width;
    const auto * pairs = static_cast<const uint32_t *>(halves.tensor->data) + 4 * panel_width;
    for (int i = 0; i < 8 * panel_width; i++) {
        CHECK(i % panel_width < 4 || data[i] == 0.0f);
        CHECK(i >= 4 * panel_width || i % panel_width < 4 || pairs[i] == 0);
    }
}
