// The writer: exact bytes, every conversion, and no file left behind if it does not finish.
#include "test.h"

#include "gguf/gguf_reader.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>

using namespace clvp;
namespace fs = std::filesystem;

namespace {

// A separate folder for each test.
struct Folder {
    fs::path path;

    Folder() : path(fs::temp_directory_path() / ("clvp-writer-" + std::to_string(std::random_device()()))) { fs::create_directory(path); }
    ~Folder() { fs::remove_all(path); }
    std::string file(const char * name = "model.gguf") const { return (path / name).string(); }
    size_t n_files() const { return size_t(std::distance(fs::directory_iterator(path), fs::directory_iterator())); }
};

std::string read_all(const std::string & path) {
    std::ifstream in(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(in), {} };
}

std::vector<float> random_weights(size_t n) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 0.3f);
    std::vector<float> weights(n);
    for (float & w : weights) {
        w = normal(random);
    }
    return weights;
}

NewTensor info(const char * name, const char * type, std::vector<uint64_t> dims) { return { name, type, std::move(dims) }; }

// Writes a file with one tensor and reads the tensor's bytes back.
std::string written(const NewTensor & tensor, const void * data, size_t n_bytes, const char * source, uint64_t n_cols_transposed = 0) {
    Folder folder;
    Writer writer(folder.file(), {}, { tensor });
    writer.append(data, n_bytes, source, n_cols_transposed);
    writer.finish();
    const GgufTensor found = read_gguf(File::open(folder.file())).tensors.at(0);
    return read_all(folder.file()).substr(size_t(found.offset), size_t(found.n_bytes));
}

std::vector<float> as_floats(const std::string & bytes) {
    std::vector<float> floats(bytes.size() / sizeof(float));
    memcpy(floats.data(), bytes.data(), bytes.size());
    return floats;
}

Values some_values() {
    return {
        { "a.bool", true },
        { "a.u32", 5u },
        { "a.i32", -5 },
        { "a.f32", 0.1f },
        { "a.text", std::string("x\ny") },
        { "a.ints", std::vector<int32_t>{ 1, -2 } },
        { "a.floats", std::vector<float>{ 0.5f } },
        { "a.none", std::vector<float>{} },
        { "a.texts", std::vector<std::string>{ "", "b" } },
    };
}

} // namespace

TEST(writer_round_trip) {
    Folder folder;
    const std::vector<NewTensor> tensors = { info("b", "f32", { 5, 3 }), info("a", "f16", { 7 }), info("c", "q8_0", { 64, 2 }) };
    const std::vector<float> weights = random_weights(128);
    for (const char * name : { "one.gguf", "two.gguf" }) {
        Writer writer(folder.file(name), some_values(), tensors);
        writer.append(weights.data(), 5 * 4, "f32");
        writer.append(weights.data() + 5, 10 * 4, "f32");
        writer.append(weights.data(), 3 * 4, "f32"); // a vector in parts
        writer.append(weights.data() + 3, 4 * 4, "f32");
        writer.append(weights.data(), 64 * 4, "f32");
        writer.append(weights.data() + 64, 64 * 4, "f32");
        writer.finish();
    }
    CHECK(folder.n_files() == 2);
    CHECK(read_all(folder.file("one.gguf")) == read_all(folder.file("two.gguf")));
    const GgufHeader header = read_gguf(File::open(folder.file("one.gguf")));
    Values values = header.values;
    CHECK(values.erase("clvp.checksum.header") == 1 && values.erase("clvp.checksum.tensors") == 1);
    CHECK(values == some_values());
    CHECK(header.n_bytes % gguf_alignment == 0);
    CHECK(header.tensors.size() == 3 && header.tensors[0].name == "b" && header.tensors[2].n_bytes == 4 * 34);
    const std::string bytes = read_all(folder.file("one.gguf"));
    CHECK(memcmp(bytes.data() + header.tensors[0].offset, weights.data(), 15 * 4) == 0);
    std::vector<ggml_fp16_t> halves(7);
    ggml_fp32_to_fp16_row(weights.data(), halves.data(), 7);
    CHECK(memcmp(bytes.data() + header.tensors[1].offset, halves.data(), 14) == 0);
    std::vector<char> blocks(4 * 34);
    ggml_quantize_chunk(GGML_TYPE_Q8_0, weights.data(), blocks.data(), 0, 2, 64, nullptr);
    CHECK(memcmp(bytes.data() + header.tensors[2].offset, blocks.data(), blocks.size()) == 0);
}

TEST(writer_keeps_every_half_exactly) {
    std::vector<uint16_t> halves, brains;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        if ((bits & 0x7c00) != 0x7c00) {
            halves.push_back(uint16_t(bits));
        }
        if ((bits & 0x7f80) != 0x7f80) {
            brains.push_back(uint16_t(bits));
        }
    }
    const std::string same = written(info("t", "f16", { halves.size() }), halves.data(), halves.size() * 2, "f16");
    CHECK(memcmp(same.data(), halves.data(), same.size()) == 0);
    const std::string brain = written(info("t", "bf16", { brains.size() }), brains.data(), brains.size() * 2, "bf16");
    CHECK(memcmp(brain.data(), brains.data(), brain.size()) == 0);
    const std::vector<float> wide = as_floats(written(info("t", "f32", { brains.size() }), brains.data(), brains.size() * 2, "bf16"));
    bool equal = true;
    for (size_t i = 0; i < wide.size(); i++) {
        const uint32_t bits = uint32_t(brains[i]) << 16;
        equal = equal && memcmp(&wide[i], &bits, 4) == 0;
    }
    CHECK(equal);
}

TEST(writer_takes_data_at_any_address) {
    const std::vector<float> weights = random_weights(33);
    std::vector<char> bytes(weights.size() * 4 + 1);
    memcpy(bytes.data() + 1, weights.data(), weights.size() * 4);
    CHECK(as_floats(written(info("t", "f32", { 33 }), bytes.data() + 1, 33 * 4, "f32")) == weights);
}

TEST(writer_transposes) {
    const size_t n_cols = 96, n_rows = 1500; // more than one chunk for some types, and not square
    const std::vector<float> stored = random_weights(n_cols * n_rows);
    std::vector<float> turned(stored.size());
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < n_cols; c++) {
            turned[r * n_cols + c] = stored[c * n_rows + r];
        }
    }
    for (const char * type : { "f32", "f16", "q8_0" }) {
        const NewTensor tensor = info("t", type, { n_cols, n_rows });
        CHECK(written(tensor, stored.data(), stored.size() * 4, "f32", n_cols) == written(tensor, turned.data(), turned.size() * 4, "f32"));
    }
}

TEST(writer_converts_in_chunks_as_at_once) {
    const size_t n_cols = 1056, n_rows = 2100; // more than two chunks of 2^20 elements
    const std::vector<float> weights = random_weights(n_cols * n_rows);
    const std::string bytes = written(info("t", "q8_0", { n_cols, n_rows }), weights.data(), weights.size() * 4, "f32");
    std::vector<char> blocks(n_rows * ggml_row_size(GGML_TYPE_Q8_0, n_cols));
    ggml_quantize_chunk(GGML_TYPE_Q8_0, weights.data(), blocks.data(), 0, n_rows, n_cols, nullptr);
    CHECK(bytes == std::string(blocks.data(), blocks.size()));
    std::vector<ggml_fp16_t> halves(weights.size());
    ggml_fp32_to_fp16_row(weights.data(), halves.data(), int64_t(halves.size()));
    const std::string turned = written(info("t", "f16", { n_rows, n_cols }), halves.data(), halves.size() * 2, "f16", n_rows);
    bool equal = true;
    for (size_t i = 0; i < halves.size(); i++) {
        equal = equal && memcmp(turned.data() + (i % n_cols * n_rows + i / n_cols) * 2, &halves[i], 2) == 0;
    }
    CHECK(equal);
}

TEST(writer_refuses_weights_that_a_type_cannot_hold) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    for (const float bad : { nan, inf, -inf }) {
        for (const char * type : { "f32", "f16", "bf16", "q8_0" }) {
            std::vector<float> weights(32, 1.0f);
            weights[17] = bad;
            CHECK_THROWS(Code::model_format, written(info("t", type, { 32 }), weights.data(), 128, "f32"));
        }
    }
    const std::vector<float> large(32, 65536.0f), largest(32, 65504.0f);
    CHECK_THROWS(Code::model_format, written(info("t", "f16", { 32 }), large.data(), 128, "f32"));
    CHECK_THROWS(Code::model_format, written(info("t", "q8_0", { 32 }), large.data(), 128, "f32"));
    CHECK(as_floats(written(info("t", "f32", { 32 }), large.data(), 128, "f32")) == large);
    CHECK(written(info("t", "f16", { 32 }), largest.data(), 128, "f32").size() == 64);
    const uint16_t half_nan = 0x7e00, brain_inf = 0x7f80;
    CHECK_THROWS(Code::model_format, written(info("t", "f16", { 1 }), &half_nan, 2, "f16"));
    CHECK_THROWS(Code::model_format, written(info("t", "f32", { 1 }), &brain_inf, 2, "bf16"));
}

TEST(writer_leaves_nothing_behind) {
    Folder folder;
    const float weights[4] = { 1, 2, 3, 4 };
    {
        Writer writer(folder.file(), {}, { info("t", "f32", { 4 }) });
        CHECK(folder.n_files() == 1 && !fs::exists(folder.file()));
        CHECK_THROWS(Code::invalid_argument, writer.finish());
        writer.append(weights, 16, "f32");
    }
    CHECK(folder.n_files() == 0);
    std::ofstream(folder.file()) << "old";
    {
        Writer writer(folder.file(), {}, { info("t", "f32", { 4 }) });
    }
    CHECK(read_all(folder.file()) == "old");
    Writer writer(folder.file(), {}, { info("t", "f32", { 4 }) });
    writer.append(weights, 16, "f32");
    writer.finish();
    CHECK(folder.n_files() == 1 && read_gguf(File::open(folder.file())).tensors.size() == 1);
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 16, "f32"));
    CHECK_THROWS(Code::invalid_argument, writer.finish());
}

TEST(writer_checks_its_arguments) {
    Folder folder;
    const auto make = [&](const NewTensor & tensor) { Writer writer(folder.file(), {}, { tensor }); };
    CHECK_THROWS(Code::invalid_argument, make(info("t", "f32", {})));
    CHECK_THROWS(Code::invalid_argument, make(info("t", "f32", { 1, 1, 1, 1, 1 })));
    CHECK_THROWS(Code::invalid_argument, make(info("t", "f32", { 0 })));
    CHECK_THROWS(Code::invalid_argument, make(info("t", "f32", { UINT64_MAX })));
    CHECK_THROWS(Code::invalid_argument, make(info("t", "f32", { 1ull << 40, 1ull << 40 })));
    CHECK_THROWS(Code::invalid_argument, make(info("t", "q8_0", { 33 })));
    CHECK_THROWS(Code::invalid_argument, make(info("", "f32", { 1 })));
    CHECK_THROWS(Code::unsupported, make(info("t", "i32", { 1 })));
    CHECK_THROWS(Code::invalid_argument, Writer(folder.file(), {}, { info("t", "f32", { 1 }), info("t", "f32", { 1 }) }));
    CHECK_THROWS(Code::invalid_argument, Writer(folder.file(), { { "", 1u } }, {}));
    CHECK_THROWS(Code::invalid_argument, Writer(folder.file(), { { "general.alignment", 64u } }, {}));
    CHECK_THROWS(Code::invalid_argument, Writer(folder.file(), { { "clvp.checksum.header", std::string("0123456789abcdef") } }, {}));
    for (const std::vector<float> & importance : { std::vector<float>(31, 1.0f), std::vector<float>(32, -1.0f), std::vector<float>(32, NAN) }) {
        CHECK_THROWS(Code::invalid_argument, make({ "t", "q4_0", { 32 }, importance }));
    }
    CHECK_THROWS(Code::invalid_argument, Writer(folder.file(), { { "a", std::string(2 << 20, 'x') } }, {}));
    CHECK_THROWS(Code::io, Writer(folder.file("no/such/folder.gguf"), {}, {}));
    CHECK_THROWS(Code::io, Writer(folder.path.string(), {}, {}));
    CHECK_THROWS(Code::io, Writer("", {}, {}));
    const float weights[8] = {};
    Writer writer(folder.file(), {}, { info("t", "f32", { 4 }) });
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 15, "f32"));
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 32, "f32"));
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 16, "f32", 3));
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 34, "q8_0"));
    CHECK_THROWS(Code::unsupported, writer.append(weights, 16, "f64"));
    writer.append(weights, 0, "f32");
    writer.append(weights, 16, "f32");
    CHECK_THROWS(Code::invalid_argument, writer.append(weights, 0, "f32"));
    writer.finish();
    CHECK(folder.n_files() == 1);
}

TEST(writer_gives_equal_bytes_on_any_number_of_threads) {
    const size_t n_cols = 512, n_rows = 5000; // several chunks, the last one not a whole piece
    const std::vector<float> weights = random_weights(n_cols * n_rows);
    for (const char * type : { "f16", "q8_0", "q4_k", "iq4_nl" }) {
        std::string first;
        for (const uint32_t n_threads : { 1, 2, 7 }) {
            Folder folder;
            Writer writer(folder.file(), {}, { info("t", type, { n_cols, n_rows }) }, { n_threads, {} });
            writer.append(weights.data(), weights.size() * 4, "f32");
            writer.finish();
            const std::string bytes = read_all(folder.file());
            CHECK(first.empty() || bytes == first);
            first = bytes;
        }
    }
}

TEST(writer_names_the_same_bad_weight_on_any_number_of_threads) {
    std::vector<float> weights(1 << 21, 1.0f);
    weights[1 << 20] = 70000.0f;
    weights[1 << 19] = 80000.0f;
    for (const uint32_t n_threads : { 1, 4 }) {
        Folder folder;
        Writer writer(folder.file(), {}, { info("t", "f16", { 1 << 10, 1 << 11 }) }, { n_threads, {} });
        try {
            writer.append(weights.data(), weights.size() * 4, "f32");
            CHECK(false);
        } catch (const Error & error) {
            CHECK(error.code == Code::model_format && std::string(error.what()).find("80000") != std::string::npos);
        }
    }
}

TEST(writer_keeps_blocks_of_the_same_type) {
    const std::vector<float> weights = random_weights(512 * 3);
    for (const char * type : { "q8_0", "q6_k", "q5_k", "q5_0", "q4_k", "q4_0", "iq4_nl" }) {
        const NewTensor tensor = info("t", type, { 512, 3 });
        const std::string blocks = written(tensor, weights.data(), weights.size() * 4, "f32");
        CHECK(written(tensor, blocks.data(), blocks.size(), type) == blocks);
        const std::vector<float> wide = as_floats(written(info("t", "f32", { 512, 3 }), blocks.data(), blocks.size(), type));
        double error = 0;
        for (size_t i = 0; i < wide.size(); i++) {
            error = std::max(error, std::fabs(double(wide[i]) - weights[i]));
        }
        CHECK(error > 0 && error < 0.15); // for weights up to about 1
    }
    CHECK_THROWS(Code::invalid_argument, written(info("t", "f32", { 512, 3 }), weights.data(), 544 * 3, "q8_0", 512));
    std::string block(34, '\0'); // of Q8_0, with scale 1 and numbers that a quantizer would scale to 127
    block[1] = '\x3c';
    block[2] = 5;
    CHECK(written(info("t", "q8_0", { 32, 1 }), block.data(), block.size(), "q8_0") == block);
}

TEST(writer_heeds_importance) {
    const size_t n_cols = 256, n_rows = 64;
    const std::vector<float> weights = random_weights(n_cols * n_rows);
    std::vector<float> importance(n_cols, 0.01f);
    for (size_t i = 0; i < n_cols; i += 8) {
        importance[i] = 100.0f;
    }
    for (const char * type : { "q4_0", "q5_0", "q4_k", "q5_k", "q6_k", "iq4_nl" }) {
        double errors[2];
        for (const bool heeded : { false, true }) {
            Folder folder;
            Writer writer(folder.file(), {}, { { "t", type, { n_cols, n_rows }, heeded ? importance : std::vector<float>() } });
            writer.append(weights.data(), weights.size() * 4, "f32");
            writer.finish();
            const GgufTensor found = read_gguf(File::open(folder.file())).tensors.at(0);
            const std::string blocks = read_all(folder.file()).substr(size_t(found.offset), size_t(found.n_bytes));
            const std::vector<float> wide = as_floats(written(info("t", "f32", { n_cols, n_rows }), blocks.data(), blocks.size(), type));
            errors[heeded] = 0;
            for (size_t i = 0; i < wide.size(); i++) {
                errors[heeded] += importance[i % n_cols] * std::pow(double(wide[i]) - weights[i], 2);
            }
        }
        CHECK(errors[1] < errors[0]);
    }
}

TEST(writer_stops_on_abort) {
    Folder folder;
    const std::vector<float> weights(64, 1.0f);
    const AbortFlag abort = std::make_shared<std::atomic<bool>>(false);
    {
        Writer writer(folder.file(), {}, { info("t", "f32", { 64 }) }, { 1, abort });
        writer.append(weights.data(), 128, "f32");
        abort->store(true);
        CHECK_THROWS(Code::aborted, writer.append(weights.data(), 128, "f32"));
        abort->store(false);
        writer.append(weights.data(), 128, "f32");
        abort->store(true);
        CHECK_THROWS(Code::aborted, writer.finish());
    }
    CHECK(folder.n_files() == 0);
}

TEST(writer_removes_what_a_killed_process_left) {
    Folder folder;
    const std::string mine = ".model.gguf.1.0123456789abcdef.tmp";
    for (const std::string & name : { mine, std::string(".other.gguf.1.0123456789abcdef.tmp"), std::string(".model.gguf.1.0123456789abcde.tmp"),
                                      std::string(".model.gguf.x.0123456789abcdef.tmp"), std::string("model.gguf.1.0123456789abcdef.tmp") }) {
        std::ofstream(folder.file(name.c_str())) << "left";
    }
    {
        Writer writer(folder.file(), {}, { info("t", "f32", { 4 }) });
        CHECK(!fs::exists(folder.path / mine));
        CHECK(folder.n_files() == 5);
        Writer another(folder.file(), {}, { info("t", "f32", { 4 }) }); // does not touch the file that is being written
        CHECK(folder.n_files() == 6);
        const float weights[4] = {};
        writer.append(weights, 16, "f32");
        writer.finish();
    }
    CHECK(folder.n_files() == 5 && fs::exists(folder.file()));
}
