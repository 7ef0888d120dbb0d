// The GGUF reader against damaged and hostile files: model_format, and never a crash.
#include "gguf_bytes.h"
#include "test.h"

#include <cstdio>
#include <random>

using namespace clvp;

namespace {

bool is_refused(const std::string & name, const Bytes & bytes) {
    try {
        parse(bytes.text);
    } catch (const Error & error) {
        return error.code == Code::model_format;
    }
    printf("accepted: %s\n", name.c_str());
    return false;
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
