// Maps a file into memory.
#pragma once

#include "base/file.h"

#include <utility>

namespace clvp {

/// A private mapping: writing to it would not change the file. Truncating the file while it is mapped ends this process.
class Mapping {
public:
    Mapping() = default;
    /// Maps the first n_bytes of a file, which need not stay open. Throws io if the file is shorter, unsupported on Windows.
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
