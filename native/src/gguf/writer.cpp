// Writes GGUF version 3. The header is laid out first, so the file's length is known from the start. Our own reader then checks the
// header, so no caller can write a file that load() refuses.

#include "gguf/writer.h"

#include "base/cores.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/temporary.h"
#include "gguf/checksum.h"
#include "gguf/gguf_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace clvp {

namespace {

constexpr uint64_t piece_elements = 1 << 16; // that one thread converts at a time
constexpr uint64_t chunk_elements = 1 << 21; // that are converted, then written, together

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
        tensor.ne[i] = int64_t(info.dims[i]); // 2^63 and above become negative and are rejected
    }
    check_shape(tensor);
    const bool sound = std::all_of(info.importance.begin(), info.importance.end(), [](float x) { return std::isfinite(x) && x >= 0; });
    if (!info.importance.empty() && (!sound || info.importance.size() != uint64_t(tensor.ne[0]))) {
        fail(Code::model_format, "tensor '%.64s' has an invalid importance: expected %lld finite, non-negative numbers", info.name.c_str(),
             (long long)tensor.ne[0]);
    }
    return tensor;
}

/// `data_start` is the origin of the tensors' offsets.
std::string header_bytes(const Values & values, const std::vector<GgufTensor> & tensors, uint64_t data_start) {
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
        put<uint64_t>(out, tensor.offset - data_start);
    }
    out.resize(align_up(out.size(), gguf_alignment));
    return out;
}

// The smallest unit to append: a row of a matrix, or one element of a vector, which may arrive in parts of any length.
uint64_t row_length(const GgufTensor & tensor, ggml_type from) {
    return tensor.n_dims == 1 && ggml_blck_size(tensor.type) == 1 && ggml_blck_size(from) == 1 ? 1 : uint64_t(tensor.ne[0]);
}

} // namespace

// --- the writer ---------------------------------------------------------------------------------------------------

void GgufWriter::lay_out() {
    for (const char * key : { "general.alignment", header_checksum_key, tensor_checksums_key }) {
        if (values.count(key)) {
            fail(Code::invalid_argument, "the key %s is reserved: the writer sets it", key);
        }
    }
    values[header_checksum_key] = std::string(no_checksum);
    values[tensor_checksums_key] = std::vector<std::string>(tensors.size(), no_checksum);
    uint64_t offset = 0;
    for (GgufTensor & tensor : tensors) {
        tensor.offset = offset;
        offset = align_up(checked_add(offset, tensor.n_bytes, "the file's size"), gguf_alignment);
    }
    const std::string header = header_bytes(values, tensors, 0);
    const uint64_t end = checked_add(header.size(), offset, "the file's size");
    // The reader requests nothing past the header: its limits ensure that.
    const ByteSource from_header = [&](uint64_t at, void * data, size_t n) {
        const size_t some = size_t(at < header.size() ? std::min<uint64_t>(n, header.size() - at) : 0);
        memcpy(data, header.data() + at, some);
        memset(static_cast<char *>(data) + some, 0, n - some);
    };
    GgufHeader checked = parse_gguf(from_header, end);
    tensors = std::move(checked.tensors);
    data_start = checked.data_start;
    file.emplace(temporary_beside(path));
    file->write_at(0, header.data(), header.size());
}

void GgufWriter::set_up(const std::string & target, const Values & given, const std::vector<NewTensor> & list, const WriterOptions & options) {
    path = target;
    n_threads = options.n_threads ? options.n_threads : default_threads();
    abort = options.abort;
    values = copied(given);
    try {
        for (const NewTensor & tensor : list) {
            tensors.push_back(checked_tensor(tensor));
            importance.push_back(tensor.importance);
        }
        lay_out();
    } catch (const Error & error) {
        if (error.code != Code::model_format) {
            throw;
        }
        fail(Code::invalid_argument, "cannot write this file: %s", error.what()); // the caller's mistake, not a file's
    }
}

WeightRows GgufWriter::source_of(const void * data, size_t n_bytes, const std::string & type, uint64_t n_cols_transposed) const {
    if (!file) {
        fail(Code::invalid_argument, "the file is finished");
    }
    if (current == tensors.size()) {
        fail(Code::invalid_argument, "all %zu tensors are already complete", tensors.size());
    }
    const GgufTensor & tensor = tensors[current];
    WeightRows source;
    source.data = static_cast<const char *>(data);
    source.type = type_from_name(type);
    source.n_cols = row_length(tensor, source.type);
    source.transposed = n_cols_transposed != 0;
    if (source.n_cols % uint64_t(ggml_blck_size(source.type)) != 0 || (source.transposed && ggml_blck_size(source.type) != 1)) {
        fail(Code::invalid_argument, "tensor '%s' cannot be converted from %s", tensor.name.c_str(), type.c_str());
    }
    if (source.transposed && n_cols_transposed != source.n_cols) {
        fail(Code::invalid_argument, "tensor '%s' has %llu columns but the data has %llu", tensor.name.c_str(), (unsigned long long)source.n_cols,
             (unsigned long long)n_cols_transposed);
    }
    source.n_rows = n_bytes / source.row_size();
    if (n_bytes % source.row_size() != 0 || source.n_rows > (tensor.n_elements() - n_done) / source.n_cols) {
        fail(Code::invalid_argument, "%zu bytes are not a whole number of rows of tensor '%s', or exceed its size", n_bytes, tensor.name.c_str());
    }
    return source;
}

// Called by several threads. A row's bytes depend on that row alone, so the result does not depend on how rows are divided among threads.
void GgufWriter::convert_rows(const WeightRows & source, uint64_t first, uint64_t n, char * to) const {
    const GgufTensor & tensor = tensors[current];
    thread_local std::vector<float> weights;
    weights.resize(n * source.n_cols);
    source.load(first, n, weights.data());
    check_weights(weights, tensor, source.type);
    if (source.type == tensor.type && !source.transposed) {
        memcpy(to, source.data + first * source.row_size(), n * source.row_size()); // quantizing again would change the bytes
        return;
    }
    const std::vector<float> & columns = importance[current];
    ggml_quantize_chunk(tensor.type, weights.data(), to, 0, int64_t(n), int64_t(source.n_cols), columns.empty() ? nullptr : columns.data());
}

void GgufWriter::write(const WeightRows & source) {
    const GgufTensor & tensor = tensors[current];
    const size_t row_size = ggml_row_size(tensor.type, int64_t(source.n_cols));
    const uint64_t n_at_once = std::max<uint64_t>(1, chunk_elements / source.n_cols);
    const uint64_t n_piece = std::max<uint64_t>(1, piece_elements / source.n_cols);
    for (uint64_t done = 0; done < source.n_rows;) {
        check_abort(abort);
        const uint64_t n = std::min(n_at_once, source.n_rows - done);
        converted.resize(n * row_size);
        parallel(n_threads, size_t((n + n_piece - 1) / n_piece), [&](size_t i) {
            const uint64_t first = i * n_piece;
            convert_rows(source, done + first, std::min(n_piece, n - first), converted.data() + first * row_size);
        });
        hash.update(converted.data(), converted.size());
        file->write_at(tensor.offset + ggml_row_size(tensor.type, int64_t(n_done)), converted.data(), converted.size());
        done += n;
        n_done += n * source.n_cols;
    }
}

void GgufWriter::end_tensor() {
    const GgufTensor & tensor = tensors[current];
    const uint64_t end = tensor.offset + tensor.n_bytes;
    const std::string padding(size_t(align_up(end, gguf_alignment) - end), '\0');
    file->write_at(end, padding.data(), padding.size());
    std::get<std::vector<std::string>>(values[tensor_checksums_key])[current] = hash.text();
    hash = {};
    n_done = 0;
    current++;
}

// Disks and file systems sometimes fail silently. Detecting that is cheap while the source is still available.
void GgufWriter::read_back() {
    const uint64_t n_bytes = file->size();
    const GgufHeader written = parse_gguf([&](uint64_t offset, void * data, size_t n) { file->read_at(offset, data, n); }, n_bytes);
    const auto faults = checksum_faults(*file, written, {}, {}, abort);
    if (!faults.empty() || written.values != values) {
        fail(Code::io, "'%s' was written but reads back differently: the disk may be failing", file->path().c_str());
    }
}

void GgufWriter::finish() {
    if (!file) {
        fail(Code::invalid_argument, "the file is finished");
    }
    if (current != tensors.size()) {
        fail(Code::invalid_argument, "tensor '%s' is not complete yet", tensors[current].name.c_str());
    }
    std::string header = header_bytes(values, tensors, data_start);
    set_header_checksum(header);
    values[header_checksum_key] = header_checksum(header);
    file->write_at(0, header.data(), header.size());
    file->sync();
    read_back();
    check_abort(abort);
    file->close_as(path);
    file.reset();
}

} // namespace clvp
