// Verifies a whole file: each kind of damage is a fault that names the damaged part.
#include "test.h"
#include "tiny_model.h"

#include "gguf/gguf_reader.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace clvp;

namespace {

std::string read_all(const std::string & path) {
    std::ifstream in(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(in), {} };
}

/// The faults of a file with these bytes.
std::vector<Fault> faults_of(const std::string & bytes) {
    const std::string path = "tiny-damaged.gguf";
    std::ofstream(path, std::ios::binary) << bytes;
    const std::vector<Fault> faults = verify(path, { 2, {}, {} }).faults;
    std::filesystem::remove(path);
    return faults;
}

bool says(const std::vector<Fault> & faults, const std::string & tensor, const char * what) {
    return faults.size() == 1 && faults[0].tensor == tensor && faults[0].what.find(what) != std::string::npos;
}

/// The file as written before checksums existed: renames the key, so that a reader does not know it.
std::string without_checksums(std::string bytes) {
    for (const char * key : { "clvp.checksum.header", "clvp.checksum.tensors" }) {
        bytes[bytes.find(key)] = 'x';
    }
    return bytes;
}

} // namespace

TEST(verify_finds_nothing_in_a_sound_file) {
    const std::string path = tiny::write("q8_0");
    double last = 0;
    const Verification found = verify(path, { 0, [&](double fraction) { last = fraction; }, {} });
    CHECK(found.faults.empty() && found.checksum.size() == 16 && last == 1);
    CHECK(found.n_bytes == read_all(path).size() && found.n_tensors == read_gguf(File::open(path)).tensors.size());
    CHECK(faults_of(without_checksums(read_all(path))).empty());
    const AbortFlag abort = std::make_shared<std::atomic<bool>>(true);
    CHECK_THROWS(Code::aborted, verify(path, { 1, {}, abort }));
    CHECK_THROWS(Code::io, verify("no-such-file.gguf"));
}

TEST(verify_finds_each_kind_of_damage) {
    const std::string path = tiny::write("f32");
    const std::string sound = read_all(path);
    const GgufHeader header = read_gguf(File::open(path));
    const auto changed = [&](uint64_t at) {
        std::string bytes = sound;
        bytes[size_t(at)] ^= 1;
        return bytes;
    };
    for (const GgufTensor & tensor : header.tensors) {
        CHECK(says(faults_of(changed(tensor.offset)), tensor.name, "checksum"));
        CHECK(says(faults_of(changed(tensor.offset + tensor.n_bytes - 4)), tensor.name, "checksum"));
        if (tensor.n_bytes % gguf_alignment != 0) {
            CHECK(says(faults_of(changed(tensor.offset + tensor.n_bytes)), "", "between the tensors"));
        }
    }
    CHECK(says(faults_of(changed(sound.find("tiny"))), "", "header"));
    CHECK(says(faults_of(changed(header.data_start - 1)), "", "header"));
    CHECK(says(faults_of(sound + std::string(32, '\0')), "", "32 bytes follow"));
    CHECK(says(faults_of(sound.substr(0, sound.size() - 32)), "", "past the end"));
    CHECK(says(faults_of("GGUF"), "", "header"));
}

TEST(verify_finds_numbers_that_are_none) {
    for (const char * type : { "f32", "q8_0" }) {
        const std::string path = tiny::write(type);
        const std::string sound = without_checksums(read_all(path));
        const GgufHeader header = read_gguf(File::open(path));
        const GgufTensor & tensor = header.tensors.at(header.tensors.size() - 2); // a matrix
        std::string bytes = sound;
        const bool wide = tensor.type == GGML_TYPE_F32;
        // NaN in row 1, column 0: as a number, or as the scale of a block.
        const uint32_t nan = wide ? 0x7fc00000 : 0x7e00;
        memcpy(&bytes[size_t(tensor.offset + ggml_row_size(tensor.type, tensor.ne[0]))], &nan, wide ? 4 : 2);
        CHECK(says(faults_of(bytes), tensor.name, "row 1, column 0"));
    }
}

TEST(verify_finds_a_model_that_cannot_be_loaded) {
    const std::string path = tiny::write("f32", { { "unknown", "f32", { 1 } } });
    const Verification found = verify(path);
    CHECK(says(found.faults, "", "not part of this model"));
}
