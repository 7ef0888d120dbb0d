// The GGUF reader: every kind of value and tensor, and every way in which a file can be broken or hostile.
#include "test.h"

#include "gguf_file.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace clvp;

namespace {

// Builds files by hand, so that they can be wrong in ways that the writer would refuse.
struct Bytes {
    std::string text;

    template <typename T> Bytes & put(T value) {
        text.append(reinterpret_cast<const char *>(&value), sizeof value);
        return *this;
    }
    Bytes & string(const std::string & value) {
        put<uint64_t>(value.size());
        text += value;
        return *this;
    }
    Bytes & preamble(uint64_t n_tensors, uint64_t n_keys, uint32_t version = 3, const char * magic = "GGUF") {
        text += magic;
        return put<uint32_t>(version).put<uint64_t>(n_tensors).put<uint64_t>(n_keys);
    }
    Bytes & key(const std::string & name, uint32_t type) { return string(name).put<uint32_t>(type); }
    Bytes & array(const std::string & name, uint32_t type, uint64_t n) {
        return key(name, gguf_array).put<uint32_t>(type).put<uint64_t>(n);
    }
    Bytes & tensor(const std::string & name, const std::vector<int64_t> & dims, uint64_t offset, uint32_t type = GGML_TYPE_F32) {
        string(name).put<uint32_t>(uint32_t(dims.size()));
        for (const int64_t n : dims) {
            put<int64_t>(n);
        }
        return put<uint32_t>(type).put<uint64_t>(offset);
    }
    Bytes & data(size_t n) {
        text.resize((text.size() + 31) / 32 * 32 + n);
        return *this;
    }
};

GgufHeader parse(const std::string & text) {
    // A copy of exact size, so that AddressSanitizer sees a read past the end.
    const std::vector<char> bytes(text.begin(), text.end());
    return parse_gguf([&](uint64_t offset, void * data, size_t n) { memcpy(data, bytes.data() + offset, n); }, bytes.size());
}

bool is_refused(const std::string & name, const Bytes & bytes) {
    try {
        parse(bytes.text);
    } catch (const Error & error) {
        return error.code == Code::model_format;
    }
    printf("accepted: %s\n", name.c_str());
    return false;
}

Bytes small_file() {
    Bytes b;
    b.preamble(2, 5);
    b.key("a.text", gguf_string).string("hello");
    b.key("a.number", gguf_u32).put<uint32_t>(7);
    b.key("a.switch", gguf_bool).put<uint8_t>(1);
    b.array("a.list", gguf_string, 2).string("x").string("");
    b.array("a.floats", gguf_f32, 2).put(1.5f).put(-2.0f);
    b.tensor("one", { 3, 2 }, 0).tensor("two", { 32 }, 32, GGML_TYPE_Q8_0);
    return b.data(32 + 34);
}

std::vector<std::pair<std::string, Bytes>> broken_preambles() {
    std::vector<std::pair<std::string, Bytes>> files;
    const auto add = [&](const char * name, Bytes bytes) { files.emplace_back(name, std::move(bytes)); };
    add("empty file", Bytes());
    add("three bytes", Bytes().put<uint16_t>(0x4747).put<uint8_t>('U'));
    add("magic only", Bytes().put<uint32_t>(0x46554747));
    add("wrong magic", Bytes().preamble(0, 0, 3, "GGML"));
    add("reversed magic", Bytes().preamble(0, 0, 3, "FUGG"));
    add("version 0", Bytes().preamble(0, 0, 0));
    add("version 1", Bytes().preamble(0, 0, 1));
    add("version 4", Bytes().preamble(0, 0, 4));
    add("version 2^32-1", Bytes().preamble(0, 0, UINT32_MAX));
    add("big-endian", Bytes().preamble(0, 0, 0x03000000));
    add("2^64-1 tensors", Bytes().preamble(UINT64_MAX, 0));
    add("2^64-1 keys", Bytes().preamble(0, UINT64_MAX));
    add("2^63 of both", Bytes().preamble(1ull << 63, 1ull << 63));
    add("one key too many", Bytes().preamble(0, gguf_max_keys + 1));
    add("one tensor too many", Bytes().preamble(gguf_max_tensors + 1, 0));
    add("a key that is not there", Bytes().preamble(0, 1));
    add("a tensor that is not there", Bytes().preamble(1, 0));
    return files;
}

std::vector<std::pair<std::string, Bytes>> broken_keys() {
    std::vector<std::pair<std::string, Bytes>> files;
    const auto add = [&](const char * name, const Bytes & body, uint64_t n_keys = 1) {
        Bytes b = Bytes().preamble(0, n_keys);
        b.text += body.text;
        files.emplace_back(name, b.data(64));
    };
    const auto alignment = [](uint32_t n) { return Bytes().key("general.alignment", gguf_u32).put(n); };
    add("key of 2^60 bytes", Bytes().put<uint64_t>(1ull << 60));
    add("key of 2^64-1 bytes", Bytes().put<uint64_t>(UINT64_MAX));
    add("key without a name", Bytes().key("", gguf_u8).put<uint8_t>(0));
    add("key of 257 bytes", Bytes().key(std::string(257, 'k'), gguf_u8).put<uint8_t>(0));
    add("key with a NUL", Bytes().key(std::string("a\0b", 3), gguf_u8).put<uint8_t>(0));
    add("key with an escape", Bytes().key("a\033[31m", gguf_u8).put<uint8_t>(0));
    add("key twice", Bytes().key("a", gguf_u8).put<uint8_t>(0).key("a", gguf_u8).put<uint8_t>(0), 2);
    add("unknown value type 13", Bytes().key("a", 13).put<uint64_t>(0));
    add("unknown value type 2^32-1", Bytes().key("a", UINT32_MAX).put<uint64_t>(0));
    add("bool of 2", Bytes().key("a", gguf_bool).put<uint8_t>(2));
    add("string of 2^60 bytes", Bytes().key("a", gguf_string).put<uint64_t>(1ull << 60));
    add("string of 2^64-1 bytes", Bytes().key("a", gguf_string).put<uint64_t>(UINT64_MAX));
    add("string past the end", Bytes().key("a", gguf_string).put<uint64_t>(1 << 16));
    add("string over 1 MiB", Bytes().key("a", gguf_string).string(std::string(gguf_max_string + 1, 'x')));
    add("u64 of 2^32", Bytes().key("a", gguf_u64).put<uint64_t>(1ull << 32));
    add("i64 of -2^31-1", Bytes().key("a", gguf_i64).put<int64_t>(-(1ll << 31) - 1));
    add("f64 of 1e300", Bytes().key("a", gguf_f64).put(1e300));
    add("array of arrays", Bytes().array("a", gguf_array, 1).put<uint32_t>(gguf_u8).put<uint64_t>(1).put<uint8_t>(0));
    add("array of bools", Bytes().array("a", gguf_bool, 1).put<uint8_t>(0));
    add("array of an unknown type", Bytes().array("a", 99, 1));
    add("array of 2^62 i32", Bytes().array("a", gguf_i32, 1ull << 62));
    add("array of 2^64-1 u8", Bytes().array("a", gguf_u8, UINT64_MAX));
    add("array of 2^61 strings", Bytes().array("a", gguf_string, 1ull << 61));
    add("array of 2^20 strings in a small file", Bytes().array("a", gguf_string, 1 << 20));
    add("array of u32 beyond i32", Bytes().array("a", gguf_u32, 1).put<uint32_t>(UINT32_MAX));
    add("alignment 0", alignment(0));
    add("alignment 1", alignment(1));
    add("alignment 24", alignment(24));
    add("alignment 2^31", alignment(1u << 31));
    add("alignment as text", Bytes().key("general.alignment", gguf_string).string("32"));
    return files;
}

std::vector<std::pair<std::string, Bytes>> broken_tensors() {
    std::vector<std::pair<std::string, Bytes>> files;
    const auto add = [&](const char * name, const Bytes & body, uint64_t n_tensors = 1, size_t n_data = 256) {
        Bytes b = Bytes().preamble(n_tensors, 0);
        b.text += body.text;
        files.emplace_back(name, b.data(n_data));
    };
    const auto one = [](const std::vector<int64_t> & dims, uint64_t offset = 0, uint32_t type = GGML_TYPE_F32) {
        return Bytes().tensor("t", dims, offset, type);
    };
    add("tensor without a name", Bytes().tensor("", { 1 }, 0));
    add("tensor name of 64 bytes", Bytes().tensor(std::string(64, 't'), { 1 }, 0));
    add("tensor name with a newline", Bytes().tensor("a\nb", { 1 }, 0));
    add("tensor twice", Bytes().tensor("t", { 1 }, 0).tensor("t", { 1 }, 32), 2);
    add("no dimensions", one({}));
    add("five dimensions", one({ 1, 1, 1, 1, 1 }));
    add("2^32-1 dimensions", Bytes().string("t").put<uint32_t>(UINT32_MAX));
    add("dimension 0", one({ 4, 0 }));
    add("dimension -1", one({ -1 }));
    add("dimensions -1, -1", one({ -1, -1 }));
    add("dimension INT64_MIN", one({ INT64_MIN }));
    add("I8 [INT64_MAX, 2]", one({ INT64_MAX, 2 }, 0, GGML_TYPE_I8));
    add("F32 [INT64_MAX, 2]", one({ INT64_MAX, 2 }));
    add("F32 [2^32, 2^32]", one({ 1ll << 32, 1ll << 32 }));
    add("F32 [2^62]", one({ 1ll << 62 }));
    add("F16 [2^62] (bytes beyond int64)", one({ 1ll << 62 }, 0, GGML_TYPE_F16));
    add("F32 of 2^50 bytes", one({ 1ll << 48 }));
    add("F32 [2^16]^4 (product 2^64)", one({ 1 << 16, 1 << 16, 1 << 16, 1 << 16 }));
    add("type 999", one({ 4 }, 0, 999));
    add("type 2^32-1", one({ 4 }, 0, UINT32_MAX));
    add("type of a removed format", one({ 32 }, 0, 4));
    add("type I32", one({ 4 }, 0, GGML_TYPE_I32));
    add("type F64", one({ 4 }, 0, GGML_TYPE_F64));
    add("type Q8_1", one({ 32 }, 0, GGML_TYPE_Q8_1));
    add("type IQ2_XXS", one({ 256 }, 0, GGML_TYPE_IQ2_XXS));
    add("Q8_0 row of 33", one({ 33 }, 0, GGML_TYPE_Q8_0));
    add("Q4_K row of 32", one({ 32 }, 0, GGML_TYPE_Q4_K));
    add("offset not aligned", one({ 4 }, 4));
    add("offset past the end", one({ 4 }, 1 << 20));
    add("offset 2^64-32", one({ 4 }, UINT64_MAX - 31));
    add("end past the end by one byte", one({ 4 }), 1, 15);
    add("no data at all", one({ 4 }), 1, 0);
    add("equal offsets", Bytes().tensor("a", { 4 }, 0).tensor("b", { 4 }, 0), 2);
    add("overlap", Bytes().tensor("a", { 4 }, 32).tensor("b", { 16 }, 0), 2);
    add("overlap of three", Bytes().tensor("a", { 4 }, 64).tensor("b", { 17 }, 0).tensor("c", { 4 }, 96), 3);
    return files;
}

} // namespace

TEST(gguf_reads_every_value_type) {
    Bytes b;
    b.preamble(0, 22, 2);
    b.key("u8", gguf_u8).put<uint8_t>(200).key("i8", gguf_i8).put<int8_t>(-100);
    b.key("u16", gguf_u16).put<uint16_t>(60000).key("i16", gguf_i16).put<int16_t>(-30000);
    b.key("u32", gguf_u32).put<uint32_t>(UINT32_MAX).key("i32", gguf_i32).put<int32_t>(INT32_MIN);
    b.key("u64", gguf_u64).put<uint64_t>(UINT32_MAX).key("i64", gguf_i64).put<int64_t>(INT32_MIN);
    b.key("f32", gguf_f32).put(0.1f).key("f64", gguf_f64).put(0.5);
    b.key("yes", gguf_bool).put<uint8_t>(1).key("text", gguf_string).string("\xc4\xa0 and a \"quote\"");
    b.array("a.u8", gguf_u8, 1).put<uint8_t>(255).array("a.i8", gguf_i8, 1).put<int8_t>(-1);
    b.array("a.u16", gguf_u16, 1).put<uint16_t>(65535).array("a.i16", gguf_i16, 1).put<int16_t>(-2);
    b.array("a.u32", gguf_u32, 1).put<uint32_t>(INT32_MAX).array("a.i64", gguf_i64, 1).put<int64_t>(-3);
    b.array("a.i32", gguf_i32, 2).put<int32_t>(1).put<int32_t>(-1);
    b.array("a.f64", gguf_f64, 1).put(0.25).array("a.none", gguf_f32, 0);
    b.array("a.text", gguf_string, 2).string("").string("b");
    const Values values = parse(b.text).values;
    const Values expected = {
        { "u8", 200u }, { "i8", -100 }, { "u16", 60000u }, { "i16", -30000 }, { "u32", UINT32_MAX }, { "i32", INT32_MIN },
        { "u64", UINT32_MAX }, { "i64", INT32_MIN }, { "f32", 0.1f }, { "f64", 0.5f }, { "yes", true },
        { "text", std::string("\xc4\xa0 and a \"quote\"") },
        { "a.u8", std::vector<int32_t>{ 255 } }, { "a.i8", std::vector<int32_t>{ -1 } }, { "a.u16", std::vector<int32_t>{ 65535 } },
        { "a.i16", std::vector<int32_t>{ -2 } }, { "a.u32", std::vector<int32_t>{ INT32_MAX } }, { "a.i64", std::vector<int32_t>{ -3 } },
        { "a.i32", std::vector<int32_t>{ 1, -1 } }, { "a.f64", std::vector<float>{ 0.25f } }, { "a.none", std::vector<float>{} },
        { "a.text", std::vector<std::string>{ "", "b" } },
    };
    CHECK(values == expected);
}

TEST(gguf_reads_every_weight_type) {
    const char * names[] = { "f32", "f16", "bf16", "q8_0", "q4_0", "q5_0", "q4_k", "q5_k", "q6_k", "iq4_nl" };
    Bytes b;
    b.preamble(10, 0);
    uint64_t offset = 0;
    for (const char * name : names) {
        const ggml_type type = type_from_name(name);
        CHECK(strcmp(type_to_name(type), name) == 0);
        b.tensor(name, { 256, 3, 2 }, offset, type);
        offset = align_up(offset + 6 * ggml_row_size(type, 256), 32);
    }
    b.data(size_t(offset));
    const GgufHeader header = parse(b.text);
    CHECK(header.tensors.size() == 10);
    for (size_t i = 0; i < header.tensors.size(); i++) {
        const GgufTensor & tensor = header.tensors[i];
        CHECK(tensor.name == names[i] && tensor.type == type_from_name(names[i]));
        CHECK(tensor.n_dims == 3 && tensor.ne[0] == 256 && tensor.ne[1] == 3 && tensor.ne[2] == 2 && tensor.ne[3] == 1);
        CHECK(tensor.n_bytes == 6 * ggml_row_size(tensor.type, 256));
        CHECK(tensor.offset % 32 == 0 && tensor.offset + tensor.n_bytes <= b.text.size());
    }
    CHECK_THROWS(Code::unsupported, type_from_name("q8_1"));
    CHECK_THROWS(Code::unsupported, type_from_name(std::string(100000, 'x')));
    CHECK_THROWS(Code::unsupported, type_to_name(GGML_TYPE_I32));
}

TEST(gguf_reads_any_order_and_alignment) {
    Bytes b;
    b.preamble(2, 1).key("general.alignment", gguf_u32).put<uint32_t>(64);
    b.tensor("late", { 4 }, 64).tensor("early", { 16 }, 0);
    b.text.resize((b.text.size() + 63) / 64 * 64 + 64 + 16);
    const GgufHeader header = parse(b.text);
    CHECK(header.alignment == 64);
    CHECK(header.tensors[0].name == "late" && header.tensors[0].offset == header.tensors[1].offset + 64);
    CHECK(header.tensors[1].offset % 64 == 0);
}

TEST(gguf_refuses_named_attacks) {
    size_t n_refused = 0, n_files = 0;
    for (const auto & files : { broken_preambles(), broken_keys(), broken_tensors() }) {
        for (const auto & [name, bytes] : files) {
            n_files++;
            n_refused += is_refused(name, bytes);
        }
    }
    CHECK(n_files >= 80);
    CHECK(n_refused == n_files);
}

TEST(gguf_refuses_every_truncation) {
    const std::string text = small_file().text;
    CHECK(parse(text).tensors.size() == 2);
    for (size_t n = 0; n < text.size(); n++) {
        CHECK_THROWS(Code::model_format, parse(text.substr(0, n)));
    }
}

TEST(gguf_survives_random_damage) {
    const std::string good = small_file().text;
    std::mt19937 random(1);
    size_t n_refused = 0;
    for (int i = 0; i < 20000; i++) {
        std::string text = good;
        for (uint32_t n = 1 + random() % 4; n > 0; n--) {
            text[random() % text.size()] = char(random());
        }
        try {
            for (const GgufTensor & tensor : parse(text).tensors) {
                CHECK(tensor.offset <= text.size() && tensor.n_bytes <= text.size() - tensor.offset);
            }
        } catch (const Error & error) {
            CHECK(error.code == Code::model_format);
            n_refused++;
        }
    }
    CHECK(n_refused > 1000);
}

TEST(gguf_bounds_the_memory_of_a_large_header) {
    Bytes b;
    b.preamble(0, 1).array("a", gguf_string, 4 << 20);
    b.text.resize(b.text.size() + size_t(8 << 22)); // 4 Mi empty strings: 32 MiB of file, 128 MiB of memory
    CHECK(is_refused("4 Mi strings", b));
    Bytes many;
    many.preamble(0, 60);
    for (int i = 0; i < 60; i++) {
        many.key("k" + std::to_string(i), gguf_string).string(std::string(1 << 20, 'x'));
    }
    CHECK(is_refused("60 MiB of strings", many));
}

TEST(gguf_reports_unreadable_files_as_io) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path();
    CHECK_THROWS(Code::io, inspect((folder / "there-is-no-such-file.gguf").string()));
    CHECK_THROWS(Code::io, inspect(folder.string()));
    CHECK_THROWS(Code::io, inspect(""));
    CHECK_THROWS(Code::io, inspect(std::string("/dev/null\0.gguf", 15)));
#ifndef _WIN32
    CHECK_THROWS(Code::io, inspect("/dev/zero"));
#endif
    const std::string path = (folder / ("clvp-gguf-" + std::to_string(std::random_device()()) + ".gguf")).string();
    std::ofstream(path, std::ios::binary) << small_file().text;
    const FileInfo info = inspect(path);
    CHECK(info.tensors.size() == 2 && info.tensors[0].dims == std::vector<uint64_t>({ 3, 2 }) && info.tensors[1].type == "q8_0");
    CHECK(info.n_bytes == small_file().text.size() && info.values.size() == 5);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << "GGUF";
    CHECK_THROWS(Code::model_format, inspect(path));
    std::filesystem::remove(path);
}
