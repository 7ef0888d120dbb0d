// Files: owned, addressed by 64-bit offsets, all or nothing. Every failure is Code::io with the path and the reason.
// Paths are UTF-8 on every system.
#pragma once

#include "clvp/types.h"

#include <filesystem>

namespace clvp {

class File {
public:
    /// Opens a model file for reading. What is opened is checked, so nothing can take its place between the check and the reads:
    /// folders, FIFOs, sockets and devices are refused.
    static File open(const std::string & path);
    /// Makes a new file for writing; an existing one is an error.
    static File create(const std::string & path);

    File(File && other) noexcept;
    File & operator=(File &&) = delete;
    ~File();

    uint64_t size() const;
    const std::string & path() const { return path_; }
    /// The descriptor, which stays this object's.
    int descriptor() const { return fd_; }

    /// Reads exactly n bytes from an offset. Safe from several threads, except on Windows.
    void read_at(uint64_t offset, void * data, size_t n) const;
    /// Writes exactly n bytes at an offset.
    void write_at(uint64_t offset, const void * data, size_t n);
    /// Tells other processes that this file is in use, until it is closed or this process ends, however it does. False if one
    /// of them has it or has removed it. Always true on Windows, where a file in use cannot be removed anyway.
    bool try_lock();
    /// Waits until the data is on the disk.
    void sync();
    /// Closes, so that an error of the last write is seen, and gives the file another name of the same folder, replacing what
    /// had it; makes that last. A lock holds until then.
    void close_as(const std::string & path);
    /// Closes and removes it, if it can.
    void discard() noexcept;

private:
    void close();
    explicit File(std::string path) : path_(std::move(path)) {}

    std::string path_;
    int fd_ = -1;
};

/// A path's text for the system. Throws io if it is empty, holds a NUL, which would name another file than the text says, or is
/// no UTF-8.
std::filesystem::path checked_path(const std::string & path);
/// Where a file lies.
std::filesystem::path folder_of(const std::filesystem::path & path);
/// Removes a file if it can; for destructors.
void remove_file(const std::string & path) noexcept;
/// Removes a file unless a process has locked it (on Windows: has it open).
void remove_unused(const std::string & path) noexcept;

} // namespace clvp
