/*
 * What a decoder step costs beside its matrix products, and what those cost beside GGML's own kernels. One run, taking turns:
 *
 *     clvp_step MODEL [--rows 16] [--prefix 32] [--cached 100] [--rounds 15] [--threads 0] [--kv auto]
 *     clvp_step MODEL --operations [the same]
 *     clvp_step --bandwidth [--threads 0]
 *
 * Each round times, one after the other
 *     step      one step of the decoder for `rows` candidates, some `cached` positions behind them,
 *               of which they share `prefix`
 *     products  the same products alone: linear() on the same weights, without biases, in one graph
 *     stock     the same products by ggml_mul_mat on plain tensors, which are read from the file once more
 *     reading   reading these tensors' bytes and nothing else
 *     peak      as many integer operations on bytes in registers alone, with VNNI; 0 without it
 * and prints the medians as one line of JSON. The graphs of products are built and placed once, before the clock runs.
 * --operations prints what the kinds of operations of a step take, each run by itself: in sum more than the step takes, as threads wait
 * for each other behind each.
 * --bandwidth prints how fast all threads together read memory.
 */
#include "base/clock.h"
#include "base/cores.h"
#include "base/file.h"
#include "generate/decoding.h"
#include "kernels/kernel_set.h"
#include "model/hparams.h"
#include "model/ops.h"
#include "model/prompt.h"

#include "ggml-alloc.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#ifdef CLVP_X86
#include <immintrin.h>
#endif

using namespace clvp;

namespace {

struct Settings {
    std::string model, kv = "auto";
    bool bandwidth = false, operations = false;
    uint32_t n_rows = 16, n_prefix = 32, n_cached = 100, n_rounds = 15, n_threads = 0;
};

Settings read_settings(int argc, char ** argv) {
    Settings settings;
    for (int i = 1; i < argc; i++) {
        const std::string arg = argv[i];
        auto number = [&] { return i + 1 < argc ? static_cast<uint32_t>(std::strtoul(argv[++i], nullptr, 10)) : 0; };
        if (arg == "--bandwidth") {
            settings.bandwidth = true;
        } else if (arg == "--operations") {
            settings.operations = true;
        } else if (arg == "--rows") {
            settings.n_rows = number();
        } else if (arg == "--kv" && i + 1 < argc) {
            settings.kv = argv[++i];
        } else if (arg == "--prefix") {
            settings.n_prefix = number();
        } else if (arg == "--cached") {
            settings.n_cached = number();
        } else if (arg == "--rounds") {
            settings.n_rounds = number();
        } else if (arg == "--threads") {
            settings.n_threads = number();
        } else {
            settings.model = arg;
        }
    }
    if ((settings.model.empty() && !settings.bandwidth) || settings.n_rows < 1 || settings.n_prefix < 1 || settings.n_rounds < 1) {
        fail(Code::invalid_argument, "Expected a model file, and at least 1 for --rows, --prefix and --rounds: see the top of step.cpp");
    }
    settings.n_threads = settings.n_threads ? settings.n_threads : default_threads();
    return settings;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// --- reading alone ------------------------------------------------------------------------------------------------

/// Milliseconds until all threads have done `work`, which is given the thread's number.
template <typename Work> double time_threads(uint32_t n_threads, Work work) {
    std::vector<std::thread> threads;
    const Clock clock;
    for (uint32_t k = 0; k < n_threads; k++) {
        threads.emplace_back([&work, k] { work(k); });
    }
    for (std::thread & thread : threads) {
        thread.join();
    }
    return clock.ms();
}

/// All threads sum up words, each a part: as fast as memory can be read.
double read_ms(const uint32_t * words, size_t n, uint32_t n_threads, uint64_t & sum) {
    std::vector<uint64_t> sums(n_threads);
    const double ms = time_threads(n_threads, [&](uint32_t k) {
        const size_t part = n / n_threads;
        const uint32_t * from = words + k * part;
        uint32_t lanes[16] = {}; // as many sums as vectors hold
        for (size_t i = 0; i + 16 <= part; i += 16) {
            for (size_t lane = 0; lane < 16; lane++) {
                lanes[lane] += from[i + lane];
            }
        }
        for (uint32_t lane : lanes) {
            sums[k] += lane;
        }
    });
    for (uint64_t each : sums) {
        sum += each; // or the compiler leaves the reading out
    }
    return ms;
}

// --- arithmetic alone ---------------------------------------------------------------------------------------------

#ifdef CLVP_X86
/// 12 independent sums, as many as hide the instruction's latency: 12 * 64 products and additions a round. Each has a name: compilers keep an array of
/// them in memory.
__attribute__((target("avx512f,avx512vnni"))) int add_products(uint64_t n_rounds) {
    const __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(5);
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
    for (uint64_t round = 0; round < n_rounds; round++) {
        a = _mm512_dpbusd_epi32(a, x, y);
        b = _mm512_dpbusd_epi32(b, x, y);
        c = _mm512_dpbusd_epi32(c, x, y);
        d = _mm512_dpbusd_epi32(d, x, y);
        e = _mm512_dpbusd_epi32(e, x, y);
        f = _mm512_dpbusd_epi32(f, x, y);
        g = _mm512_dpbusd_epi32(g, x, y);
        h = _mm512_dpbusd_epi32(h, x, y);
        i = _mm512_dpbusd_epi32(i, x, y);
        j = _mm512_dpbusd_epi32(j, x, y);
        k = _mm512_dpbusd_epi32(k, x, y);
        l = _mm512_dpbusd_epi32(l, x, y);
        __asm__ volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f)); // or the compiler multiplies the rounds out
        __asm__ volatile("" : "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l));
    }
    for (const __m512i & each : { b, c, d, e, f, g, h, i, j, k, l }) {
        a = _mm512_add_epi32(a, each);
    }
    int lanes[16], sum = 0;
    _mm512_storeu_si512(lanes, a);
    for (int lane : lanes) {
        sum += lane;
    }
    return sum;
}

/// The time of n operations on bytes at the most that all threads can do, told from a quarter of them.
double peak_ms(double n_ops, uint32_t n_threads, uint64_t & sum) {
    if (!kernel_set() || strncmp(kernel_set()->name, "avx512-", 7) != 0) {
        return 0;
    }
    const auto n_rounds = static_cast<uint64_t>(n_ops / 4 / n_threads / (12 * 128));
    std::vector<int> sums(n_threads);
    const double ms = 4 * time_threads(n_threads, [&](uint32_t k) { sums[k] = add_products(n_rounds); });
    for (int each : sums) {
        sum += static_cast<uint64_t>(each);
    }
    return ms;
}
#else
double peak_ms(double, uint32_t, uint64_t &) { return 0; }
#endif

// --- products alone ---------------------------------------------------------------------------------------------

/// The matrices of a step, in its order.
std::vector<Linear> step_matrices(const DecoderWeights & weights) {
    std::vector<Linear> list;
    for (const Block & block : weights.blocks) {
        list.insert(list.end(), { block.qkv, block.out, block.up, block.down });
    }
    list.push_back(weights.lm_head);
    for (Linear & each : list) {
        each.bias = nullptr;
    }
    return list;
}

/// A graph of products only, placed once: nothing but the products is in the time that run() takes.
class Products {
public:
    Products(Backend & backend, const std::vector<Linear> & matrices, uint32_t n_rows, bool stock) : backend_(backend) {
        const size_t n_nodes = 16 * matrices.size() + 16;
        ggml_init_params params = { 2 * n_nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(n_nodes, false), nullptr, true };
        ctx_.reset(ggml_init(params));
        graph_ = ggml_new_graph_custom(ctx_.get(), n_nodes, false);
        std::map<int64_t, ggml_tensor *> inputs; // one for each width
        for (const Linear & matrix : matrices) {
            ggml_tensor *& x = inputs[matrix.weight->ne[0]];
            if (!x) {
                x = ggml_new_tensor_2d(ctx_.get(), GGML_TYPE_F32, matrix.weight->ne[0], n_rows);
                ggml_set_input(x);
            }
            ggml_build_forward_expand(graph_, stock ? ggml_mul_mat(ctx_.get(), matrix.weight, x) : linear(ctx_.get(), matrix, x));
        }
        memory_.reset(ggml_gallocr_new(backend.buffer_type()));
        if (!ggml_gallocr_alloc_graph(memory_.get(), graph_)) {
            fail(Code::out_of_memory, "not enough memory for the products alone");
        }
        for (const auto & [width, x] : inputs) {
            std::vector<float> values(static_cast<size_t>(width) * n_rows);
            for (size_t i = 0; i < values.size(); i++) {
                values[i] = static_cast<float>(i * 2654435761u % 2048) / 1024.0f - 1.0f;
            }
            ggml_backend_tensor_set(x, values.data(), 0, ggml_nbytes(x));
        }
    }

    double run() {
        const Clock clock;
        backend_.compute_in_place(graph_);
        return clock.ms();
    }

private:
    struct FreeMemory {
        void operator()(ggml_gallocr * memory) const { ggml_gallocr_free(memory); }
    };

    Backend & backend_;
    ggml_context_ptr ctx_;
    ggml_cgraph * graph_;
    std::unique_ptr<ggml_gallocr, FreeMemory> memory_;
};

/// Plain copies of matrices, out of the file: whatever the weights in memory have become.
class PlainMatrices {
public:
    PlainMatrices(const std::string & path, const GgufHeader & header, const std::vector<Linear> & matrices, ggml_backend_dev_t device) {
        ggml_init_params params = { matrices.size() * ggml_tensor_overhead(), nullptr, true };
        ctx_.reset(ggml_init(params));
        std::vector<const GgufTensor *> sources;
        for (const Linear & matrix : matrices) {
            const auto from =
                std::find_if(header.tensors.begin(), header.tensors.end(), [&](const GgufTensor & each) { return each.name == ggml_get_name(matrix.weight); });
            if (from == header.tensors.end()) {
                fail(Code::model_format, "the tensor %s is not in the file", ggml_get_name(matrix.weight));
            }
            sources.push_back(&*from);
            list.push_back({ ggml_new_tensor(ctx_.get(), from->type, from->n_dims, from->ne), nullptr });
        }
        buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), ggml_backend_dev_buffer_type(device)));
        if (!buffer_) {
            fail(Code::out_of_memory, "not enough memory for a second copy of the matrices");
        }
        File file = File::open(path);
        for (size_t i = 0; i < list.size(); i++) {
            std::vector<uint8_t> bytes(sources[i]->n_bytes);
            file.read_at(sources[i]->offset, bytes.data(), bytes.size());
            ggml_backend_tensor_set(list[i].weight, bytes.data(), 0, bytes.size());
        }
    }

    std::vector<Linear> list;

    /// All of their bytes are read, by as many threads.
    double read(uint32_t n_threads, uint64_t & sum) const {
        const auto * words = static_cast<const uint32_t *>(ggml_backend_buffer_get_base(buffer_.get()));
        return read_ms(words, ggml_backend_buffer_get_size(buffer_.get()) / sizeof(uint32_t), n_threads, sum);
    }

private:
    ggml_context_ptr ctx_;
    ggml_backend_buffer_ptr buffer_;
};

// --- the step ------------------------------------------------------------------------------------------------------

/// Rows behind a short prefix, going on with any tokens.
class Steps {
public:
    Steps(Call & call, const Weights & weights, const Params & params, const Settings & settings, uint32_t n_steps)
        : prompt_(make_prompt(params, settings.n_prefix)), shape_(kv_shape(call.backend(), params, settings.kv)),
          stepper_({ call, weights, params, shape_, last_ }, false, settings.n_rows, n_steps + 1), decoding_(stepper_, params, prompt_, options_) {
        decoding_.start();
        for (uint32_t slot = 0; slot < settings.n_rows; slot++) {
            decoding_.open(slot);
        }
    }

    double run() {
        std::vector<StepRow> rows;
        for (uint32_t slot = 0; slot < stepper_.cache.n_slots(); slot++) {
            rows.push_back(decoding_.next(slot, static_cast<int32_t>(100 + slot)));
        }
        const Clock clock;
        stepper_.step(rows, false, {});
        return clock.ms();
    }

    uint32_t n_cached() const { return stepper_.cache.prefix(0).n_positions() + stepper_.cache.length(0); }

private:
    static Prompt make_prompt(const Params & params, uint32_t n_prefix) { // a start code comes behind it
        ConditioningPrompt prompt;
        prompt.embeds.assign(static_cast<size_t>(n_prefix) * params.decoder.n_embd, 0.01f);
        return prompt;
    }

    Prompt prompt_;
    DrawOptions options_;
    KvShape shape_;
    LastPrefill last_;
    Stepper stepper_;
    Decoding decoding_;
};

/// Times the operations of graphs by their kinds.
class Operations : public NodeObserver {
public:
    bool wants(const ggml_tensor *) override {
        clock_ = Clock();
        return true;
    }
    void see(const ggml_tensor * node) override {
        Kind & kind = kinds_[node->op == GGML_OP_CUSTOM ? ggml_get_name(node) : ggml_op_name(node->op)];
        kind.ms += clock_.ms();
        kind.n++;
    }
    void print(uint32_t n_steps) const {
        double sum = 0;
        for (const auto & [name, kind] : kinds_) {
            sum += kind.ms;
        }
        printf("| operation | in a step | ms a step | share |\n|---|---|---|---|\n");
        for (const auto & [name, kind] : kinds_) {
            printf("| %s | %u | %.2f | %.1f %% |\n", name.c_str(), kind.n / n_steps, kind.ms / n_steps, 100 * kind.ms / sum);
        }
    }

private:
    struct Kind {
        double ms = 0;
        uint32_t n = 0;
    };
    std::map<std::string, Kind> kinds_;
    Clock clock_;
};

// --- the runs ----------------------------------------------------------------------------------------------------------

/// A decoder in memory.
struct LoadedDecoder {
    explicit LoadedDecoder(const Settings & settings)
        : file(File::open(settings.model)), header(read_gguf(file)), params(read_params(header.values)), device(find_device("cpu")), weights(load()),
          machine{ Backend(device, settings.n_threads, graph_nodes(params.decoder.n_layer)) }, call(machine, Turns::Kind::step, nullptr) {}

    File file;
    GgufHeader header;
    Params params;
    ggml_backend_dev_t device;
    Weights weights;
    Machine machine;
    Call call;

private:
    Weights load() const {
        Weights loaded = describe_weights(header, params);
        load_weights(loaded, file, header, device, {});
        return loaded;
    }
};

/// Steps before the rounds, which lie around the wanted length: half of them before it.
uint32_t steps_before(const Settings & settings) { return settings.n_cached - std::min(settings.n_cached, settings.n_prefix + settings.n_rounds / 2); }

void time_operations(const Settings & settings) {
    LoadedDecoder decoder(settings);
    const uint32_t before = steps_before(settings);
    Steps steps(decoder.call, decoder.weights, decoder.params, settings, before + settings.n_rounds);
    for (uint32_t i = 0; i < before; i++) {
        steps.run();
    }
    Operations operations;
    decoder.machine.backend.observe(&operations);
    for (uint32_t i = 0; i < settings.n_rounds; i++) {
        steps.run();
    }
    operations.print(settings.n_rounds);
}

void time_steps(const Settings & settings) {
    LoadedDecoder decoder(settings);
    const Params & params = decoder.params;
    const Weights & weights = decoder.weights;
    Backend & backend = decoder.machine.backend;
    const std::vector<Linear> matrices = step_matrices(weights.dec);
    const PlainMatrices plain(settings.model, decoder.header, matrices, decoder.device);
    Products products(backend, matrices, settings.n_rows, false), stock(backend, plain.list, settings.n_rows, true);
    const uint32_t before = steps_before(settings);
    Steps steps(decoder.call, weights, params, settings, before + settings.n_rounds);
    for (uint32_t i = 0; i < before; i++) {
        steps.run();
    }
    products.run();
    stock.run();
    std::vector<double> step_ms, product_ms, stock_ms, reading_ms, arithmetic_ms;
    uint64_t sum = 0;
    const uint32_t first = steps.n_cached();
    double n_flops = 0, n_bytes = 0;
    for (const Linear & matrix : plain.list) {
        n_flops += 2.0 * static_cast<double>(ggml_nelements(matrix.weight)) * settings.n_rows;
        n_bytes += static_cast<double>(ggml_nbytes(matrix.weight));
    }
    for (uint32_t i = 0; i < settings.n_rounds; i++) {
        step_ms.push_back(steps.run());
        product_ms.push_back(products.run());
        stock_ms.push_back(stock.run());
        reading_ms.push_back(plain.read(settings.n_threads, sum));
        arithmetic_ms.push_back(peak_ms(n_flops, settings.n_threads, sum));
    }
    printf("{\"type\":\"%s\",\"rows\":%u,\"threads\":%u,\"rounds\":%u,\"cached\":[%u,%u],\"stepMs\":%.3f,\"productsMs\":%.3f,\"stockMs\":%.3f,"
           "\"readMs\":%.3f,\"peakMs\":%.3f,\"flops\":%.0f,\"bytes\":%.0f,\"sum\":%llu}\n",
           params.type.c_str(), settings.n_rows, settings.n_threads, settings.n_rounds, first, steps.n_cached() - 1, median(step_ms), median(product_ms),
           median(stock_ms), median(reading_ms), median(arithmetic_ms), n_flops, n_bytes, static_cast<unsigned long long>(sum));
}

/// Half a gigabyte several times; the best time counts.
void time_reading(const Settings & settings) {
    const std::vector<uint32_t> words(1 << 27, 1);
    uint64_t sum = 0;
    double best = 0;
    for (int round = 0; round < 7; round++) {
        best = std::max(best, static_cast<double>(words.size()) * sizeof(uint32_t) / (read_ms(words.data(), words.size(), settings.n_threads, sum) * 1e6));
    }
    printf("{\"threads\":%u,\"readGBs\":%.2f,\"sum\":%llu}\n", settings.n_threads, best, static_cast<unsigned long long>(sum));
}

} // namespace

int main(int argc, char ** argv) {
    try {
        const Settings settings = read_settings(argc, argv);
        if (settings.bandwidth) {
            time_reading(settings);
        } else if (settings.operations) {
            time_operations(settings);
        } else {
            time_steps(settings);
        }
        return 0;
    } catch (const std::exception & error) {
        fprintf(stderr, "clvp_step: %s\n", error.what());
        return 1;
    }
}
