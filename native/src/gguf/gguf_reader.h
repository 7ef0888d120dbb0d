// Reads GGUF files with bounds checks. GGML's own readers assert on malformed files, so no file reaches them.
#pragma once

#include "clvp/model.h"

#include "base/file.h"
#include "ggml.h"

namespace clvp {

// Limits of a header. The reader never allocates more than gguf_max_memory bytes, whatever the file's length.
constexpr uint32_t gguf_alignment = 32; // of files we write, and the default of files that do not state it
constexpr uint64_t gguf_max_keys = 4096;
constexpr uint64_t gguf_max_tensors = 8192;
constexpr uint64_t gguf_max_key_size = 256;
constexpr uint64_t gguf_max_string = 1 << 20;
constexpr uint64_t gguf_max_memory = 48 << 20;
constexpr uint32_t gguf_max_alignment = 1 << 16;

/// GGUF's codes for value types.
enum GgufValueType : uint32_t {
    gguf_u8 = 0,
    gguf_i8,
    gguf_u16,
    gguf_i16,
    gguf_u32,
    gguf_i32,
    gguf_f32,
    gguf_bool,
    gguf_string,
    gguf_array,
    gguf_u64,
    gguf_i64,
    gguf_f64,
};

/// A tensor of a file. Its type, dimensions and offset have been checked.
struct GgufTensor {
    std::string name;
    ggml_type type = GGML_TYPE_F32;
    int n_dims = 1;
    int64_t ne[4] = { 1, 1, 1, 1 };
    uint64_t offset = 0; // from the file's start
    uint64_t n_bytes = 0;

    uint64_t n_elements() const { return uint64_t(ne[0]) * uint64_t(ne[1]) * uint64_t(ne[2]) * uint64_t(ne[3]); }
};

/// A header whose every count, length, offset and product has been checked against the file's length. No two tensors
/// overlap, and every tensor's data lies within the file.
struct GgufHeader {
    Values values;
    std::vector<GgufTensor> tensors; // in the file's order
    uint64_t n_bytes = 0;            // of the file
    uint64_t data_start = 0;         // after the header and its padding
    uint32_t alignment = gguf_alignment;
};

/// Copies n bytes from an offset. The range lies within the length passed to parse_gguf().
using ByteSource = std::function<void(uint64_t offset, void * data, size_t n)>;

/// Reads the header of a GGUF file (version 2 or 3, little-endian). Throws model_format or io. Read the data from the same
/// open file: the path may refer to another file by then.
GgufHeader read_gguf(const File & file);

/// The same for n_bytes bytes from any source.
GgufHeader parse_gguf(const ByteSource & source, uint64_t n_bytes);

/// Checks a tensor's dimensions against its type, and sets n_bytes. Throws model_format.
void check_shape(GgufTensor & tensor);

/// `offset` rounded up to a multiple of `alignment`, a power of two. Throws model_format if that overflows.
uint64_t align_up(uint64_t offset, uint32_t alignment);

/// Converts a public name ("f32", "f16", "bf16", "q8_0", ...) to GGML's type, and back. Throws unsupported for types that
/// weights cannot have.
ggml_type type_from_name(const std::string & name);
const char * type_to_name(ggml_type type);

} // namespace clvp
