// A file's checksums: one hash of each tensor's bytes, and one of the whole header, which contains those hashes.
#pragma once

#include "base/file.h"
#include "gguf/gguf_reader.h"

namespace clvp {

/// Key of the tensors' hashes: an array of strings in the file's order.
constexpr const char * tensor_checksums_key = "clvp.checksum.tensors";
/// Key of the header's hash: over all bytes before the tensors' data, with zeros in place of this value.
constexpr const char * header_checksum_key = "clvp.checksum.header";

/// Placeholder for a checksum that is not known yet.
constexpr const char * no_checksum = "0000000000000000";

/// The checksum that the file states; empty for a file without one.
std::string stated_checksum(const Values & values);
/// Computes the checksum of a header's bytes.
std::string header_checksum(std::string header);
/// Writes the checksum into the header.
void set_header_checksum(std::string & header);

/// Receives each piece of a tensor's data, in order.
using DataVisitor = std::function<void(const GgufTensor & tensor, uint64_t offset, const std::vector<char> & bytes)>;

/// Reads a whole file and returns its faults: parts that do not match their checksums, and bytes that belong to neither the header nor a
/// tensor. Without checksums, only such bytes are reported. Throws io, aborted.
std::vector<Fault> checksum_faults(const File & file, const GgufHeader & header, const DataVisitor & visit, const Progress & progress, const AbortFlag & abort);

} // namespace clvp
