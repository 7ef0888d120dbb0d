// Writes GGUF version 3. Everything before the tensors' data is laid out at once, so a file's length is known from the
// start; our own reader then checks the layout, so that no caller can write a file that load() refuses.
#include "check.h"
#include "file.h"
#include "gguf_values.h"
#include "weight_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace clvp {

namespace {

constexpr uint64_t chunk_elements = 1 << 20; // converted at once

// --- the header ---------------------------------------------------------------------------------------------------

GgufTensor checked_tensor(const NewTensor & info) {
    GgufTensor tensor;
    tensor.name = info.name;
    tensor.type = type_from_name(info.type);
    if (info.dims.empty() || info.dims.size() > GGML_MAX_DIMS) {
        fail(Code::model_format, "tensor '%.64s' has %zu dimensions", info.name.c_str(), info.dims.size());
    }
    tensor.n_dims = int(info.dims.size());
    for (size_t i = 0; i < info.dims.size(); i++) {
        tensor.ne[i] = int64_t(info.dims[i]); // from 2^63 on negative, and so refused
    }
    check_shape(tensor);
    const bool sound = std::all_of(info.importance.begin(), info.importance.end(), [](float x) { return std::isfinite(x) && x >= 0; });
    if (!info.importance.empty() && (!sound || info.importance.size() != uint64_t(tensor.ne[0]))) {
        fail(Code::model_format, "tensor '%.64s' has an importance that is not %lld finite numbers from 0 on", info.name.c_str(), (long long)tensor.ne[0]);
    }
    return tensor;
}

std::string header_bytes(const Values & values, const std::vector<GgufTensor> & tensors) {
    std::string out = "GGUF";
    put<uint32_t>(out, 3);
    put<uint64_t>(out, tensors.size());
    put<uint64_t>(out, values.size());
    put_values(out, values);
    for (const GgufTensor & tensor : tensors) {
        put<uint64_t>(out, tensor.name.size());
        out += tensor.name;
        put<uint32_t>(out, uint32_t(tensor.n_dims));
        for (int i = 0; i < tensor.n_dims; i++) {
            put<int64_t>(out, tensor.ne[i]);
        }
        put<uint32_t>(out, tensor.type);
        put<uint64_t>(out, tensor.offset);
    }
    out.resize(align_up(out.size(), gguf_alignment));
    return out;
}

// Elements that go together: a row, or one element of a vector, which may come in parts of any length.
uint64_t row_length(const GgufTensor & tensor) { return tensor.n_dims == 1 && ggml_blck_size(tensor.type) == 1 ? 1 : uint64_t(tensor.ne[0]); }

uint64_t row_count(const GgufTensor & tensor) {
    return uint64_t(tensor.ne[0]) / row_length(tensor) * uint64_t(tensor.ne[1]) * uint64_t(tensor.ne[2]) * uint64_t(tensor.ne[3]);
}

} // namespace

// --- the writer ---------------------------------------------------------------------------------------------------

struct Writer::Impl {
    std::string path, temporary;
    std::vector<GgufTensor> tensors;
    std::vector<std::vector<float>> importance; // of each tensor
    std::optional<File> file;                   // until finish()
    size_t current = 0;                         // tensor
    uint64_t n_rows_done = 0;                   // of it

    ~Impl() {
        if (file) {
            file.reset();
            remove_file(temporary);
        }
    }

    void lay_out(const Values & values);
    WeightRows source_of(const void * data, size_t n_bytes, const std::string & type, uint64_t n_cols_transposed) const;
    void convert(const WeightRows & source);
};

void Writer::Impl::lay_out(const Values & values) {
    uint64_t offset = 0;
    for (GgufTensor & tensor : tensors) {
        tensor.offset = offset;
        offset = align_up(checked_add(offset, tensor.n_bytes, "the file's size"), gguf_alignment);
    }
    const std::string header = header_bytes(values, tensors);
    const uint64_t end = checked_add(header.size(), offset, "the file's size");
    // The reader asks for nothing past the header; its own limits keep it there.
    const ByteSource from_header = [&](uint64_t at, void * data, size_t n) {
        const size_t some = size_t(at < header.size() ? std::min<uint64_t>(n, header.size() - at) : 0);
        memcpy(data, header.data() + at, some);
        memset(static_cast<char *>(data) + some, 0, n - some);
    };
    tensors = parse_gguf(from_header, end).tensors;
    temporary = temporary_beside(path);
    file.emplace(File::create(temporary));
    file->write_at(0, header.data(), header.size());
}

Writer::Writer(const std::string & path, const Values & values, const std::vector<NewTensor> & tensors) : impl_(new Impl) {
    impl_->path = path;
    try {
        if (values.count("general.alignment")) {
            fail(Code::invalid_argument, "general.alignment is the writer's own");
        }
        for (const NewTensor & tensor : tensors) {
            impl_->tensors.push_back(checked_tensor(tensor));
            impl_->importance.push_back(tensor.importance);
        }
        impl_->lay_out(values);
    } catch (const Error & error) {
        if (error.code != Code::model_format) {
            throw;
        }
        fail(Code::invalid_argument, "cannot write such a file: %s", error.what()); // there is no file at fault yet
    }
}

Writer::~Writer() = default;

WeightRows Writer::Impl::source_of(const void * data, size_t n_bytes, const std::string & type, uint64_t n_cols_transposed) const {
    if (!file) {
        fail(Code::invalid_argument, "the file is finished");
    }
    if (current == tensors.size()) {
        fail(Code::invalid_argument, "all %zu tensors are whole already", tensors.size());
    }
    const GgufTensor & tensor = tensors[current];
    WeightRows source;
    source.data = static_cast<const char *>(data);
    source.type = type_from_name(type);
    if (source.type != GGML_TYPE_F32 && source.type != GGML_TYPE_F16 && source.type != GGML_TYPE_BF16) {
        fail(Code::invalid_argument, "data can be f32, f16 or bf16, not '%s'", type.c_str());
    }
    source.n_cols = row_length(tensor);
    source.transposed = n_cols_transposed != 0;
    if (source.transposed && n_cols_transposed != source.n_cols) {
        fail(Code::invalid_argument, "tensor '%s' has %llu columns, not %llu", tensor.name.c_str(), (unsigned long long)source.n_cols,
             (unsigned long long)n_cols_transposed);
    }
    const uint64_t row_size = checked_mul(source.n_cols, ggml_type_size(source.type), "a row's size");
    source.n_rows = n_bytes / row_size;
    if (n_bytes % row_size != 0 || source.n_rows > row_count(tensor) - n_rows_done) {
        fail(Code::invalid_argument, "%zu bytes are not whole rows of tensor '%s', or too many", n_bytes, tensor.name.c_str());
    }
    return source;
}

void Writer::Impl::convert(const WeightRows & source) {
    const GgufTensor & tensor = tensors[current];
    const size_t row_size = ggml_row_size(tensor.type, int64_t(source.n_cols));
    const uint64_t n_at_once = std::max<uint64_t>(1, chunk_elements / source.n_cols);
    const std::vector<float> & columns = importance[current];
    std::vector<char> converted;
    std::vector<float> weights;
    for (uint64_t done = 0; done < source.n_rows;) {
        const uint64_t n = std::min(n_at_once, source.n_rows - done);
        weights.resize(n * source.n_cols);
        source.load(done, n, weights.data());
        check_weights(weights, tensor);
        converted.resize(n * row_size);
        ggml_quantize_chunk(tensor.type, weights.data(), converted.data(), 0, int64_t(n), int64_t(source.n_cols), columns.empty() ? nullptr : columns.data());
        file->write_at(tensor.offset + n_rows_done * row_size, converted.data(), converted.size());
        done += n;
        n_rows_done += n;
    }
}

void Writer::append(const void * data, size_t n_bytes, const std::string & source, uint64_t n_cols_transposed) {
    impl_->convert(impl_->source_of(data, n_bytes, source, n_cols_transposed));
    const GgufTensor & tensor = impl_->tensors[impl_->current];
    if (impl_->n_rows_done == row_count(tensor)) {
        const uint64_t tensor_end = tensor.offset + tensor.n_bytes;
        const std::string padding(size_t(align_up(tensor_end, gguf_alignment) - tensor_end), '\0');
        impl_->file->write_at(tensor_end, padding.data(), padding.size());
        impl_->current++;
        impl_->n_rows_done = 0;
    }
}

void Writer::finish() {
    if (!impl_->file) {
        fail(Code::invalid_argument, "the file is finished");
    }
    if (impl_->current != impl_->tensors.size()) {
        fail(Code::invalid_argument, "tensor '%s' is not whole yet", impl_->tensors[impl_->current].name.c_str());
    }
    impl_->file->sync();
    impl_->file->close();
    rename_file(impl_->temporary, impl_->path);
    impl_->file.reset();
}

} // namespace clvp
