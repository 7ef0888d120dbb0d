// Files with 64-bit offsets. Reads and writes transfer all bytes or fail. Every failure is Code::io with the path and the reason.
// Paths are UTF-8 on every system.
#pragma once

#include "base/error.h"

#include <filesystem>

namespace clvp {

class File {
public:
    /// Opens a model file for reading. Refuses folders, FIFOs, sockets and devices. Checks the open descriptor, so no other file can
    /// take its place between the check and the reads.
    static File open(const std::string & path);
    /// Creates a new file for writing. An existing file is an error.
    static File create(const std::string & path);

    File(File && other) noexcept;
    File & operator=(File &&) = delete;
    ~File();

    uint64_t size() const;
    const std::string & path() const { return path_; }
    /// The descriptor; this object keeps its ownership.
    int descriptor() const { return fd_; }

    /// Reads exactly n bytes from an offset. Thread-safe, except on Windows.
    void read_at(uint64_t offset, void * data, size_t n) const;
    /// Writes exactly n bytes at an offset.
    void write_at(uint64_t offset, const void * data, size_t n);
    /// Locks this file against other processes until it is closed or this process ends in any way. False if another process has locked
    /// or removed it. Always true on Windows, where a file in use cannot be removed.
    bool try_lock();
    /// Waits until the data is on the disk.
    void sync();
    /// Closes the file, reporting an error of the last write, renames it to `path` in the same folder, replacing any file there, and
    /// syncs the folder. A lock holds until then.
    void close_as(const std::string & path);
    /// Closes and removes the file, if possible.
    void discard() noexcept;

private:
    void close();
    explicit File(std::string path) : path_(std::move(path)) {}

    std::string path_;
    int fd_ = -1;
};

/// Converts a path for the system. Throws io if it is empty, contains a NUL, which would truncate it, or is not valid UTF-8.
std::filesystem::path checked_path(const std::string & path);
/// The folder of a file.
std::filesystem::path folder_of(const std::filesystem::path & path);
/// Removes a file if possible; for destructors.
void remove_file(const std::string & path) noexcept;
/// Removes a file unless a process has locked it (on Windows: has it open).
void remove_unused(const std::string & path) noexcept;

} // namespace clvp
