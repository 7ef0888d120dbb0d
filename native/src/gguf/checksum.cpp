#include "gguf/checksum.h"

#include "base/error.h"
#include "base/hash.h"

#include <algorithm>
#include <cstring>

namespace clvp {

namespace {

constexpr uint64_t piece_bytes = 8 << 20;

/// Offset of the header's own checksum: a string that follows its key, type and length.
size_t checksum_place(const std::string & header) {
    std::string before = header_checksum_key;
    const uint32_t type = gguf_string;
    const uint64_t length = strlen(no_checksum);
    before.append(reinterpret_cast<const char *>(&type), sizeof type);
    before.append(reinterpret_cast<const char *>(&length), sizeof length);
    const size_t found = header.find(before);
    return found == std::string::npos || header.size() - found < before.size() + length ? std::string::npos : found + before.size();
}

/// Reads a file from start to end and collects its faults.
struct Reader {
    const File & file;
    const GgufHeader & header;
    const DataVisitor & visit;
    const Progress & progress;
    const AbortFlag & abort;
    std::vector<Fault> faults;
    std::vector<char> piece;

    /// Reads a range of the file piece by piece and calls `take` for each.
    template <typename F> void read(uint64_t offset, uint64_t n_bytes, uint64_t at_once, F take) {
        for (uint64_t done = 0; done < n_bytes; done += piece.size()) {
            check_abort(abort);
            piece.resize(size_t(std::min(at_once, n_bytes - done)));
            file.read_at(offset + done, piece.data(), piece.size());
            take(done);
            if (progress) {
                progress(double(offset + done + piece.size()) / double(header.n_bytes));
            }
        }
    }

    void check_header() {
        std::string bytes;
        read(0, header.data_start, piece_bytes, [&](uint64_t) { bytes.append(piece.data(), piece.size()); });
        const std::string stated = stated_checksum(header.values);
        const bool has_tensors = header.values.count(tensor_checksums_key) > 0;
        if (stated.empty() != !has_tensors) {
            faults.push_back({ "", std::string("the header has only one of ") + header_checksum_key + " and " + tensor_checksums_key });
        } else if (!stated.empty() && header_checksum(bytes) != stated) {
            faults.push_back({ "", "the header does not match its checksum: a key, a name, a shape or a checksum was changed" });
        }
    }

    void check_tensor(const GgufTensor & tensor, const std::string * stated) {
        const uint64_t block = ggml_type_size(tensor.type);
        Hash hash;
        read(tensor.offset, tensor.n_bytes, piece_bytes / block * block, [&](uint64_t at) {
            hash.update(piece.data(), piece.size());
            if (visit) {
                visit(tensor, at, piece);
            }
        });
        if (stated && hash.text() != *stated) {
            faults.push_back({ tensor.name, "its data does not match its checksum" });
        }
    }

    void check_zeros(uint64_t from, uint64_t to) {
        bool zeros = true;
        read(from, to - from, piece_bytes, [&](uint64_t) { zeros = zeros && std::all_of(piece.begin(), piece.end(), [](char c) { return c == 0; }); });
        if (!zeros) {
            faults.push_back({ "", "unexpected data between the tensors, before byte " + std::to_string(to) });
        }
    }

    void check_tensors() {
        const auto found = header.values.find(tensor_checksums_key);
        const auto * stated = found == header.values.end() ? nullptr : std::get_if<std::vector<std::string>>(&found->second);
        if (found != header.values.end() && (!stated || stated->size() != header.tensors.size())) {
            faults.push_back({ "", std::string(tensor_checksums_key) + " does not list a checksum for each tensor" });
            stated = nullptr;
        }
        std::vector<size_t> order(header.tensors.size());
        for (size_t i = 0; i < order.size(); i++) {
            order[i] = i;
        }
        std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return header.tensors[a].offset < header.tensors[b].offset; });
        uint64_t end = header.data_start;
        for (const size_t i : order) {
            check_zeros(end, header.tensors[i].offset);
            check_tensor(header.tensors[i], stated ? &(*stated)[i] : nullptr);
            end = header.tensors[i].offset + header.tensors[i].n_bytes;
        }
        const uint64_t last = align_up(end, header.alignment);
        check_zeros(end, std::min(last, header.n_bytes));
        if (header.n_bytes > last) {
            faults.push_back({ "", std::to_string(header.n_bytes - last) + " bytes follow the last tensor" });
        }
    }
};

} // namespace

std::string stated_checksum(const Values & values) {
    const auto found = values.find(header_checksum_key);
    const auto * text = found == values.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : "";
}

std::string header_checksum(std::string header) {
    const size_t place = checksum_place(header);
    if (place != std::string::npos) {
        header.replace(place, strlen(no_checksum), no_checksum);
    }
    Hash hash;
    hash.update(header.data(), header.size());
    return hash.text();
}

void set_header_checksum(std::string & header) { header.replace(checksum_place(header), strlen(no_checksum), header_checksum(header)); }

std::vector<Fault> checksum_faults(const File & file, const GgufHeader & header, const DataVisitor & visit, const Progress & progress,
                                   const AbortFlag & abort) {
    Reader reader{ file, header, visit, progress, abort, {}, {} };
    reader.check_header();
    reader.check_tensors();
    return std::move(reader.faults);
}

} // namespace clvp
