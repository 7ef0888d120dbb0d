// Tiled matrix products against the same sums in double precision, and against GGML's own kernels.
#include "kernels/tile.h"

#include "kernels/kernel_set.h"

#include "model/convolution.h"
#include "runtime/backend.h"
#include "runtime/graph.h"
#include "sums.h"
#include "test.h"

#include <cstring>

using namespace clvp;
using test::noise;

namespace {

struct Case {
    ggml_type type;
    int64_t n_in, n_out, n_rows;
};

/// An allocated matrix of a type, tiled or in GGML's layout.
struct Matrix {
    ggml_context_ptr ctx;
    std::vector<uint8_t> memory;
    ggml_tensor * tensor;

    Matrix(const Case & c, const std::vector<uint8_t> & rows, bool tiled) {
        ctx.reset(ggml_init({ 4 * ggml_tensor_overhead(), nullptr, true }));
        tensor = ggml_new_tensor_2d(ctx.get(), c.type, c.n_in, c.n_out);
        if (tiled) {
            choose_tiles(tensor);
            tiled = is_tiled(tensor); // false on a CPU without our kernels
        }
        memory.resize((tiled ? tiled_bytes(tensor) : ggml_nbytes(tensor)) + 64);
        tensor->data = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
        if (tiled) {
            store_tiles(tensor, 0, rows.data(), c.n_out);
        } else {
            memcpy(tensor->data, rows.data(), rows.size());
        }
    }
};

std::vector<uint8_t> quantized(const Case & c, const std::vector<float> & values) {
    std::vector<uint8_t> rows(static_cast<size_t>(c.n_out) * ggml_row_size(c.type, c.n_in));
    ggml_quantize_chunk(c.type, values.data(), rows.data(), 0, c.n_out, c.n_in, nullptr);
    return rows;
}

std::vector<float> multiply(Backend & backend, const Matrix & matrix, ggml_tensor * bias, const Case & c, const std::vector<float> & x) {
    Graph graph(backend, 16);
    ggml_tensor * input = graph.input("x", GGML_TYPE_F32, { c.n_in, c.n_rows }, x.data());
    ggml_tensor * y = graph.output("y", linear(graph.ctx(), { matrix.tensor, bias }, input));
    graph.run();
    return Graph::read(y);
}

/// Largest difference, relative to the root mean square of the expected values.
double error(const std::vector<float> & found, const std::vector<float> & expected) {
    double most = 0, squares = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        most = std::max(most, std::fabs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
        squares += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
    }
    return most / std::sqrt(squares / static_cast<double>(expected.size()));
}

const ggml_type types[] = { GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_IQ4_NL, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K };

} // namespace

TEST(products_in_tiles_are_those_of_ggml) {
    Backend backend(find_device("cpu"), 2, 64);
    for (ggml_type type : types) {
        for (const auto & [n_in, n_out, n_rows] : { std::array<int64_t, 3>{ 256, 16, 1 }, { 256, 33, 3 }, { 512, 48, 16 }, { 1024, 130, 7 }, { 768, 8, 21 } }) {
            const Case c = { type, n_in, n_out, n_rows };
            const std::vector<uint8_t> rows = quantized(c, noise(static_cast<size_t>(n_in * n_out), 1));
            const std::vector<float> x = noise(static_cast<size_t>(n_in * n_rows), 2);
            const Matrix plain(c, rows, false), tiles(c, rows, true);
            if (!is_tiled(tiles.tensor)) {
                return; // a CPU without our kernels
            }
            // Both round x to 8 bits, in blocks of 32 or 256 columns. They differ by less than the rounding error of either.
            const double difference = error(multiply(backend, tiles, nullptr, c, x), multiply(backend, plain, nullptr, c, x));
            CHECK(difference < (type == GGML_TYPE_Q4_K || type == GGML_TYPE_Q6_K ? 0.04 : 0.004));
        }
    }
    test::note("kernels: %s", kernel_set() ? kernel_set()->name : "ggml");
}

TEST(a_bias_is_added_and_each_row_is_as_if_it_were_alone) {
    Backend backend(find_device("cpu"), 2, 64);
    for (ggml_type type : types) {
        const Case c = { type, 256, 50, 13 };
        const std::vector<uint8_t> rows = quantized(c, noise(256 * 50, 3));
        const std::vector<float> x = noise(256 * 13, 4);
        std::vector<float> values = noise(50, 5);
        const Matrix tiles(c, rows, true);
        if (!is_tiled(tiles.tensor)) {
            return;
        }
        ggml_context_ptr ctx(ggml_init({ 2 * ggml_tensor_overhead(), nullptr, true }));
        ggml_tensor * bias = ggml_new_tensor_1d(ctx.get(), GGML_TYPE_F32, 50);
        bias->data = values.data();
        const std::vector<float> with = multiply(backend, tiles, bias, c, x), without = multiply(backend, tiles, nullptr, c, x);
        for (size_t i = 0; i < with.size(); i++) {
            CHECK(with[i] == without[i] + values[i % 50]);
        }
        for (size_t row = 0; row < 13; row++) {
            const std::vector<float> one(x.begin() + static_cast<ptrdiff_t>(row * 256), x.begin() + static_cast<ptrdiff_t>((row + 1) * 256));
            const std::vector<float> alone = multiply(backend, tiles, nullptr, { type, 256, 50, 1 }, one);
            CHECK(std::equal(alone.begin(), alone.end(), without.begin() + static_cast<ptrdiff_t>(row * 50)));
        }
    }
}

TEST(windows_are_rounded_as_rows_that_hold_them) {
    Backend backend(find_device("cpu"), 2, 64);
    const int64_t n_in = 64, n_frames = 19, n_batch = 2;
    for (const Window & window : { Window{ 3, 1, 1, 1 }, { 5, 3, 6, 1 }, { 3, 1, 1, 2 }, Window() }) {
        const Case c = { GGML_TYPE_Q8_0, n_in * window.width, 20, 0 };
        const Matrix matrix(c, quantized(c, noise(static_cast<size_t>(c.n_in * c.n_out), 1)), true);
        if (!is_tiled(matrix.tensor)) {
            return; // a CPU without our kernels
        }
        const std::vector<float> frames = noise(static_cast<size_t>(n_in * n_frames * n_batch), 2);
        const auto product = [&](auto make) {
            Graph graph(backend, 32);
            ggml_tensor * x = graph.input("x", GGML_TYPE_F32, { n_in, n_frames, n_batch }, frames.data());
            return graph.result("y", make(graph.ctx(), x));
        };
        const Linear layer = { matrix.tensor, nullptr };
        const auto found = product([&](ggml_context * ctx, ggml_tensor * x) { return convolve(ctx, layer, x, window); });
        const auto expected = product([&](ggml_context * ctx, ggml_tensor * x) { return linear(ctx, layer, copy_windows(ctx, x, window)); });
        CHECK(found.size() == static_cast<size_t>(c.n_out * window.count(n_frames) * n_batch));
        CHECK(found == expected);
    }
}

TEST(what_is_no_number_stays_none_in_tiles) {
    Backend backend(find_device("cpu"), 1, 64);
    const Case c = { GGML_TYPE_Q8_0, 64, 16, 1 };
    const Matrix tiles(c, quantized(c, noise(64 * 16, 6)), true);
    if (!is_tiled(tiles.tensor)) {
        return;
    }
    for (float bad : { NAN, INFINITY, -INFINITY }) {
        std::vector<float> x = noise(64, 7);
        x[40] = bad;
        for (float y : multiply(backend, tiles, nullptr, c, x)) {
            CHECK(!std::isfinite(y));
        }
    }
}

namespace {

/// One layer with a bias, tiled or in GGML's layout.
struct Layer {
    std::vector<float> bias;
    Matrix matrix;
    ggml_context_ptr ctx;
    Linear linear;

    Layer(const Case & c, uint64_t seed, bool tiled)
        : bias(noise(static_cast<size_t>(c.n_out), seed + 100)), matrix(c, quantized(c, noise(static_cast<size_t>(c.n_in * c.n_out), seed)), tiled),
          ctx(ggml_init({ 2 * ggml_tensor_overhead(), nullptr, true })) {
        ggml_tensor * tensor = ggml_new_tensor_1d(ctx.get(), GGML_TYPE_F32, c.n_out);
        tensor->data = bias.data();
        linear = { matrix.tensor, tensor };
    }
};

struct NormTensors {
    std::vector<float> weight, bias;
    ggml_context_ptr ctx;
    Norm norm;

    NormTensors(int64_t n, bool with_bias)
        : weight(noise(static_cast<size_t>(n), 50)), bias(noise(static_cast<size_t>(n), 51)), ctx(ggml_init({ 3 * ggml_tensor_overhead(), nullptr, true })) {
        norm.weight = ggml_new_tensor_1d(ctx.get(), GGML_TYPE_F32, n);
        norm.weight->data = weight.data();
        if (with_bias) {
            norm.bias = ggml_new_tensor_1d(ctx.get(), GGML_TYPE_F32, n);
            norm.bias->data = bias.data();
        }
        norm.eps = 1e-5f;
    }
};

/// A block's second half with 256 channels and n_ff 320: more columns than the kernel takes at a time.
std::vector<float> fed(Backend & backend, bool tiled, bool gated, const std::string & act, int64_t n_rows) {
    constexpr int64_t n_embd = 256, n_ff = 320;
    const Layer up({ GGML_TYPE_Q8_0, n_embd, gated ? 2 * n_ff : n_ff, n_rows }, 30, tiled), down({ GGML_TYPE_Q8_0, n_ff, n_embd, n_rows }, 31, tiled);
    const NormTensors norm(n_embd, !gated);
    Block block;
    block.ffn_norm = norm.norm;
    block.up = up.linear;
    block.down = down.linear;
    const std::vector<float> x = noise(static_cast<size_t>(n_embd * n_rows), 32);
    Graph graph(backend, 64);
    ggml_tensor * y = graph.output("y", feed_forward(graph.ctx(), block, act, graph.input("x", GGML_TYPE_F32, { n_embd, n_rows }, x.data())));
    graph.run();
    return Graph::read(y);
}

} // namespace

TEST(a_feed_forward_in_tiles_is_that_of_ggml) {
    Backend backend(find_device("cpu"), 2, 128);
    for (const char * act : { "gelu", "gelu_new", "silu" }) { // silu has no kernel and uses GGML's operations
        for (bool gated : { false, true }) {
            for (int64_t n_rows : { 1, 5, 130 }) {
                const double e = error(fed(backend, true, gated, act, n_rows), fed(backend, false, gated, act, n_rows));
                CHECK(e < 0.03); // twice the error of rounding to 8 bits
            }
        }
    }
}

TEST(activations_keep_their_digits) {
    if (!kernel_set() || !kernel_set()->gelu) {
        return;
    }
    std::vector<float> x;
    for (int i = -1600; i < 1600; i++) {
        x.push_back(static_cast<float>(i) / 100.0f);
    }
    std::vector<float> exact = x, by_tanh = x;
    kernel_set()->gelu(exact.data(), static_cast<int64_t>(x.size()));
    kernel_set()->gelu_tanh(by_tanh.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); i++) {
        const double at = static_cast<double>(x[i]), unit = std::max(1.0, std::fabs(at));
        const double erf = at * std::erfc(-at / std::sqrt(2.0)) / 2,
                     tanh = at * (1 + std::tanh(std::sqrt(2 / 3.14159265358979) * (at + 0.044715 * at * at * at))) / 2;
        CHECK(std::fabs(static_cast<double>(exact[i]) - erf) < 3e-7 * unit);
        CHECK(std::fabs(static_cast<double>(by_tanh[i]) - tanh) < 3e-7 * unit);
    }
    std::vector<float> none(16, NAN);
    kernel_set()->gelu(none.data(), 16);
    CHECK(std::isnan(none[0]));
    none.assign(16, NAN);
    kernel_set()->gelu_tanh(none.data(), 16);
    CHECK(std::isnan(none[0]));
}
