// A file's pages in this process's memory.
#pragma once

#include "base/file.h"

#include <utility>

namespace clvp {

/// Private pages: writing to them would not change the file. Whoever cuts the file while it is mapped ends this process.
class Mapping {
public:
    Mapping() = default;
    /// The first n bytes of a file that has as many; it need not stay open. Throws io, and unsupported where the system has no such thing.
    Mapping(const File & file, uint64_t n_bytes);
    Mapping(Mapping && other) noexcept { *this = std::move(other); }
    Mapping & operator=(Mapping && other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Mapping();

    void * data() const { return data_; }
    size_t size() const { return size_; }

private:
    void * data_ = nullptr;
    size_t size_ = 0;
};

} // namespace clvp
