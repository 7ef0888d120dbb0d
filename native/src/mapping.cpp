#include "mapping.h"

#ifndef _WIN32
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace clvp {

#ifdef _WIN32

Mapping::Mapping(const std::string &) { fail(Code::unsupported, "files are not mapped on Windows: leave mmap out"); }
Mapping::~Mapping() = default;

#else

Mapping::Mapping(const std::string & path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat found = {};
    const bool opened = fd >= 0 && fstat(fd, &found) == 0;
    void * data = opened ? mmap(nullptr, static_cast<size_t>(found.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    const int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (data == MAP_FAILED) {
        fail(Code::io, "%s could not be %s: %s", path.c_str(), opened ? "mapped" : "opened", strerror(error));
    }
    data_ = data;
    size_ = static_cast<size_t>(found.st_size);
}

Mapping::~Mapping() {
    if (data_) {
        munmap(data_, size_);
    }
}

#endif

} // namespace clvp
