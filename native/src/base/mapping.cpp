#include "base/mapping.h"

#include "base/error.h"

#ifndef _WIN32
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#endif

namespace clvp {

#ifdef _WIN32

Mapping::Mapping(const File &, uint64_t) { fail(Code::unsupported, "mapping files is not supported on Windows: load without mmap"); }
Mapping::~Mapping() = default;

#else

Mapping::Mapping(const File & file, uint64_t n_bytes) {
    if (file.size() < n_bytes) { // reading pages beyond the end would end the process
        fail(Code::io, "cannot map '%s': it has become shorter", file.path().c_str());
    }
    void * data = mmap(nullptr, static_cast<size_t>(n_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(), 0);
    if (data == MAP_FAILED) {
        fail(Code::io, "cannot map '%s': %s", file.path().c_str(), strerror(errno));
    }
    data_ = data;
    size_ = static_cast<size_t>(n_bytes);
}

Mapping::~Mapping() {
    if (data_) {
        munmap(data_, size_);
    }
}

#endif

} // namespace clvp
