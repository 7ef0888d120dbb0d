// The GGUF reader: every kind of value and tensor. gguf_hostile.cpp tests rejected files.
#include "gguf_bytes.h"
#include "test.h"

#include <filesystem>
#include <fstream>
#include <random>

using namespace clvp;

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
        { "u8", 200u },
        { "i8", -100 },
        { "u16", 60000u },
        { "i16", -30000 },
        { "u32", UINT32_MAX },
        { "i32", INT32_MIN },
        { "u64", UINT32_MAX },
        { "i64", INT32_MIN },
        { "f32", 0.1f },
        { "f64", 0.5f },
        { "yes", true },
        { "text", std::string("\xc4\xa0 and a \"quote\"") },
        { "a.u8", std::vector<int32_t>{ 255 } },
        { "a.i8", std::vector<int32_t>{ -1 } },
        { "a.u16", std::vector<int32_t>{ 65535 } },
        { "a.i16", std::vector<int32_t>{ -2 } },
        { "a.u32", std::vector<int32_t>{ INT32_MAX } },
        { "a.i64", std::vector<int32_t>{ -3 } },
        { "a.i32", std::vector<int32_t>{ 1, -1 } },
        { "a.f64", std::vector<float>{ 0.25f } },
        { "a.none", std::vector<float>{} },
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
