// A file's checksums: one hash of each tensor's bytes, and one of the whole header, in which those are.
#pragma once

#include "base/file.h"
#include "gguf/gguf_reader.h"

namespace clvp {

/// Of each tensor in the file's order: the hashes of its bytes, as texts.
constexpr const char * tensor_checksums_key = "clvp.checksum.tensors";
/// The hash of all bytes before the tensors' data, with zeros in place of this value.
constexpr const char * header_checksum_key = "clvp.checksum.header";

/// What a value is before its checksum is known.
constexpr const char * no_checksum = "0000000000000000";

/// The checksum that a file says it has; empty for a file without one.
std::string stated_checksum(const Values & values);
/// The checksum that a header's bytes have.
std::string header_checksum(std::string header);
/// Puts it in its place.
void set_header_checksum(std::string & header);

/// Is given each piece of a tensor's data, in order.
using DataVisitor = std::function<void(const GgufTensor & tensor, uint64_t offset, const std::vector<char> & bytes)>;

/// Reads a whole file and says what of it does not agree with its checksums, or is neither header nor tensor; only that last if it
/// has no checksums. Throws io, aborted.
std::vector<Fault> checksum_faults(const File & file, const GgufHeader & header, const DataVisitor & visit, const Progress & progress, const AbortFlag & abort);

} // namespace clvp
