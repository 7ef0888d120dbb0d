#include "gguf/gguf_reader.h"

#include "base/error.h"
#include "gguf/gguf_values.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace clvp {

namespace {

// The types that a weight can have. GGML has kernels for each of them on every backend. The other types are integers or intermediate
// formats, or need tables that are built at run time.
constexpr struct {
    ggml_type type;
    const char * name;
} weight_types[] = {
    { GGML_TYPE_F32, "f32" },   { GGML_TYPE_F16, "f16" },   { GGML_TYPE_BF16, "bf16" }, { GGML_TYPE_Q8_0, "q8_0" }, { GGML_TYPE_Q4_0, "q4_0" },
    { GGML_TYPE_Q5_0, "q5_0" }, { GGML_TYPE_Q4_K, "q4_k" }, { GGML_TYPE_Q5_K, "q5_k" }, { GGML_TYPE_Q6_K, "q6_k" }, { GGML_TYPE_IQ4_NL, "iq4_nl" },
};

uint32_t read_alignment(const Values & values) {
    const auto found = values.find("general.alignment");
    if (found == values.end()) {
        return gguf_alignment;
    }
    const uint32_t * value = std::get_if<uint32_t>(&found->second);
    // GGUF requires a multiple of 8, GGML a power of two.
    if (!value || *value < 8 || *value > gguf_max_alignment || (*value & (*value - 1)) != 0) {
        fail(Code::model_format, "general.alignment is not a power of two from 8 to %u", gguf_max_alignment);
    }
    return *value;
}

// Keeps the offset as stored: relative to the start of the data.
GgufTensor read_tensor(GgufReader & reader) {
    GgufTensor tensor;
    tensor.name = reader.name(GGML_MAX_NAME - 1, "a tensor's name");
    const uint32_t n_dims = reader.number<uint32_t>();
    if (n_dims < 1 || n_dims > GGML_MAX_DIMS) {
        fail(Code::model_format, "tensor '%s' has %u dimensions", tensor.name.c_str(), n_dims);
    }
    tensor.n_dims = int(n_dims);
    for (uint32_t i = 0; i < n_dims; i++) {
        tensor.ne[i] = reader.number<int64_t>();
    }
    const uint32_t type = reader.number<uint32_t>();
    const bool known = std::any_of(std::begin(weight_types), std::end(weight_types), [&](auto & t) { return uint32_t(t.type) == type; });
    if (!known) {
        fail(Code::model_format, "tensor '%s' has type %u, which is not a weight type", tensor.name.c_str(), type);
    }
    tensor.type = ggml_type(type);
    tensor.offset = reader.number<uint64_t>();
    check_shape(tensor);
    return tensor;
}

void place_tensors(GgufHeader & header) {
    for (GgufTensor & tensor : header.tensors) {
        if (tensor.offset % header.alignment != 0) {
            fail(Code::model_format, "tensor '%s' is not aligned to %u bytes", tensor.name.c_str(), header.alignment);
        }
        const std::string end = "tensor '" + tensor.name + "': its end";
        tensor.offset = checked_add(header.data_start, tensor.offset, end.c_str());
        if (checked_add(tensor.offset, tensor.n_bytes, end.c_str()) > header.n_bytes) {
            fail(Code::model_format, "tensor '%s' reaches past the end of the file: it is truncated or damaged", tensor.name.c_str());
        }
    }
    std::vector<const GgufTensor *> order;
    for (const GgufTensor & tensor : header.tensors) {
        order.push_back(&tensor);
    }
    std::sort(order.begin(), order.end(), [](auto a, auto b) { return a->offset < b->offset; });
    for (size_t i = 1; i < order.size(); i++) {
        if (order[i - 1]->offset + order[i - 1]->n_bytes > order[i]->offset) {
            fail(Code::model_format, "tensors '%s' and '%s' overlap", order[i - 1]->name.c_str(), order[i]->name.c_str());
        }
    }
}

void read_preamble(GgufReader & reader) {
    char magic[4];
    reader.read(magic, sizeof magic);
    if (memcmp(magic, "GGUF", sizeof magic) != 0) {
        fail(Code::model_format, "this is not a GGUF file: it does not start with 'GGUF'");
    }
    const uint32_t version = reader.number<uint32_t>();
    if (version != 2 && version != 3) {
        const bool swapped = (version & 0xffff) == 0 && version != 0;
        fail(Code::model_format, swapped ? "this GGUF file is big-endian" : "GGUF version %u is neither 2 nor 3", version);
    }
}

} // namespace

GgufHeader parse_gguf(const ByteSource & source, uint64_t n_bytes) {
    GgufReader reader(source, n_bytes);
    read_preamble(reader);
    const uint64_t n_tensors = reader.number<uint64_t>();
    const uint64_t n_keys = reader.number<uint64_t>();
    if (n_tensors > gguf_max_tensors || n_keys > gguf_max_keys) {
        fail(Code::model_format, "%llu tensors and %llu keys exceed the limits of %llu and %llu", (unsigned long long)n_tensors, (unsigned long long)n_keys,
             (unsigned long long)gguf_max_tensors, (unsigned long long)gguf_max_keys);
    }
    GgufHeader header;
    header.n_bytes = n_bytes;
    header.values = read_values(reader, n_keys);
    header.alignment = read_alignment(header.values);
    std::unordered_set<std::string> names;
    for (uint64_t i = 0; i < n_tensors; i++) {
        header.tensors.push_back(read_tensor(reader));
        if (!names.insert(header.tensors.back().name).second) {
            fail(Code::model_format, "tensor '%s' appears twice", header.tensors.back().name.c_str());
        }
    }
    header.data_start = align_up(reader.position(), header.alignment);
    place_tensors(header);
    return header;
}

GgufHeader read_gguf(const File & file) {
    try {
        return parse_gguf([&](uint64_t offset, void * data, size_t n) { file.read_at(offset, data, n); }, file.size());
    } catch (const Error & error) {
        if (error.code != Code::model_format) {
            throw;
        }
        fail(Code::model_format, "%s: %s", file.path().c_str(), error.what());
    }
}

void check_shape(GgufTensor & tensor) {
    const std::string size = "tensor '" + tensor.name + "': its size";
    uint64_t n = 1;
    for (int i = 0; i < GGML_MAX_DIMS; i++) {
        if (tensor.ne[i] < 1) {
            fail(Code::model_format, "tensor '%s' has a dimension of %lld", tensor.name.c_str(), (long long)tensor.ne[i]);
        }
        n = checked_mul(n, uint64_t(tensor.ne[i]), size.c_str());
    }
    const uint64_t block = uint64_t(ggml_blck_size(tensor.type));
    if (uint64_t(tensor.ne[0]) % block != 0) {
        fail(Code::model_format, "tensor '%s' has rows of %lld elements, which blocks of %llu do not fill", tensor.name.c_str(), (long long)tensor.ne[0],
             (unsigned long long)block);
    }
    tensor.n_bytes = checked_mul(n / block, ggml_type_size(tensor.type), size.c_str());
    // GGML counts elements and bytes in int64_t.
    if (n > uint64_t(INT64_MAX) || tensor.n_bytes > uint64_t(INT64_MAX)) {
        fail(Code::model_format, "tensor '%s' is too large", tensor.name.c_str());
    }
}

uint64_t align_up(uint64_t offset, uint32_t alignment) { return checked_add(offset, alignment - 1, "an offset") & ~uint64_t(alignment - 1); }

ggml_type type_from_name(const std::string & name) {
    for (const auto & entry : weight_types) {
        if (name == entry.name) {
            return entry.type;
        }
    }
    fail(Code::unsupported, "'%.32s' is not a weight type", name.c_str());
}

const char * type_to_name(ggml_type type) {
    for (const auto & entry : weight_types) {
        if (type == entry.type) {
            return entry.name;
        }
    }
    fail(Code::unsupported, "type %d is not a weight type", int(type));
}

} // namespace clvp
