// A file's pages in this process's memory.
#pragma once

#include "check.h"

#include <utility>

namespace clvp {

/// Private pages: writing to them would not change the file. Whoever cuts the file while it is mapped ends this process.
class Mapping {
public:
    Mapping() = default;
    /// Throws io, and unsupported where the system has no such thing.
    explicit Mapping(const std::string & path);
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
