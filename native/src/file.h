// Files: owned, addressed by 64-bit offsets, all or nothing. Every failure is Code::io with the path and the reason.
// Paths are UTF-8 on every system.
#pragma once

#include "clvp.h"

namespace clvp {

class File {
public:
    /// Opens a regular file for reading; folders, pipes and devices are refused.
    static File open(const std::string & path);
    /// Makes a new file for writing; an existing one is an error.
    static File create(const std::string & path);

    File(File && other) noexcept;
    File & operator=(File &&) = delete;
    ~File();

    uint64_t size() const;
    const std::string & path() const { return path_; }

    /// Reads exactly n bytes from an offset. Safe from several threads, except on Windows.
    void read_at(uint64_t offset, void * data, size_t n) const;
    /// Writes exactly n bytes at an offset.
    void write_at(uint64_t offset, const void * data, size_t n);
    /// Waits until the data is on the disk.
    void sync();
    /// Closes now, so that an error of the last write is seen.
    void close();

private:
    File(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

    std::string path_;
    int fd_;
};

/// Gives a file another name of the same folder, replacing what had it, and makes that last.
void rename_file(const std::string & from, const std::string & to);
/// Removes a file if it can; for destructors.
void remove_file(const std::string & path) noexcept;
/// A name for a temporary file beside `path`, hidden and unlike any other: ".<name>.<pid>.<random>.tmp".
/// Throws io if `path` cannot become a file: its folder is missing, or something that is no regular file has its name.
std::string temporary_beside(const std::string & path);

} // namespace clvp
