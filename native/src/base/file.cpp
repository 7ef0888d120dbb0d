#include "base/file.h"

#include "base/error.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#ifdef _WIN32
#include <io.h>
#else
#include <sys/file.h>
#include <unistd.h>
#endif

namespace fs = std::filesystem;

namespace clvp {

namespace {

// Maximum size of one read or write: some systems refuse counts from 2^31 on.
constexpr size_t max_transfer = size_t(1) << 30;

[[noreturn]] void fail_io(const char * what, const std::string & path, int error) {
    fail(Code::io, "cannot %s '%s': %s", what, path.c_str(), std::generic_category().message(error).c_str());
}

#ifdef _WIN32

int open_fd(const std::string & path, bool create) {
    const int flags = _O_BINARY | _O_NOINHERIT | (create ? _O_RDWR | _O_CREAT | _O_EXCL : _O_RDONLY);
    return _wopen(fs::u8path(path).c_str(), flags, _S_IREAD | _S_IWRITE);
}

bool is_regular(int fd) {
    struct _stat64 info;
    return _fstat64(fd, &info) == 0 && (info.st_mode & _S_IFMT) == _S_IFREG;
}

int64_t size_fd(int fd) { return _filelengthi64(fd); }
int sync_fd(int fd) { return _commit(fd); }
int close_fd(int fd) { return _close(fd); }

int64_t read_fd(int fd, void * data, size_t n, uint64_t offset) { return _lseeki64(fd, int64_t(offset), SEEK_SET) < 0 ? -1 : _read(fd, data, unsigned(n)); }

int64_t write_fd(int fd, const void * data, size_t n, uint64_t offset) {
    return _lseeki64(fd, int64_t(offset), SEEK_SET) < 0 ? -1 : _write(fd, data, unsigned(n));
}

bool lock_fd(int) { return true; }
int hold_fd(int) { return -1; } // an open file cannot be renamed
void release_fd(int) {}

#else

// Without O_NONBLOCK, opening a FIFO waits for a writer. Without O_NOCTTY, opening a terminal may make it this process's terminal.
int open_fd(const std::string & path, bool create) {
    return ::open(path.c_str(), O_CLOEXEC | (create ? O_RDWR | O_CREAT | O_EXCL : O_RDONLY | O_NONBLOCK | O_NOCTTY), 0666);
}

bool is_regular(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

int64_t size_fd(int fd) {
    struct stat info;
    return fstat(fd, &info) != 0 ? -1 : int64_t(info.st_size);
}

int sync_fd(int fd) { return fsync(fd); }
int close_fd(int fd) { return ::close(fd); }
int64_t read_fd(int fd, void * data, size_t n, uint64_t offset) { return pread(fd, data, n, off_t(offset)); }
int64_t write_fd(int fd, const void * data, size_t n, uint64_t offset) { return pwrite(fd, data, n, off_t(offset)); }

// The lock ends with the process, which distinguishes a stale file, whose writer was killed, from one that is being written.
bool lock_fd(int fd) {
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno != EWOULDBLOCK; // a file system without locks: no other process can hold one
    }
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_nlink > 0;
}

// A duplicate descriptor keeps the lock when the first one is closed.
int hold_fd(int fd) { return dup(fd); }

void release_fd(int fd) {
    if (fd >= 0) {
        ::close(fd);
    }
}

#endif

/// The kind of file at a path, for messages; null if it is a regular file or unknown.
const char * special_kind(const fs::path & path) {
    std::error_code ignored;
    switch (fs::status(path, ignored).type()) {
    case fs::file_type::directory: return "a folder";
    case fs::file_type::fifo: return "a FIFO";
    case fs::file_type::socket: return "a socket";
    case fs::file_type::character: return "a character device";
    case fs::file_type::block: return "a block device";
    case fs::file_type::not_found: return fs::is_symlink(fs::symlink_status(path, ignored)) ? "a link that leads to nothing" : nullptr;
    default: return nullptr;
    }
}

// Syncing the folder makes a rename survive a power failure. Not every file system supports it, so errors are ignored: the file is
// complete.
void sync_folder(const fs::path & folder) {
#ifndef _WIN32
    const int fd = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!fsync(fd);
        ::close(fd);
    }
#else
    (void)folder;
#endif
}

} // namespace

fs::path checked_path(const std::string & path) {
    if (path.empty() || path.find('\0') != std::string::npos) {
        fail(Code::io, "a path must not be empty or contain a NUL");
    }
    try {
        return fs::u8path(path);
    } catch (const std::system_error & error) { // on Windows, for invalid UTF-8
        fail(Code::io, "a path is not valid UTF-8: %s", error.what());
    }
}

fs::path folder_of(const fs::path & path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

File File::open(const std::string & path) {
    const fs::path place = checked_path(path);
    File file(path); // copies the path first: a failure after open() would leak the descriptor
    errno = 0;
    file.fd_ = open_fd(path, false);
    if (file.fd_ >= 0 && is_regular(file.fd_)) {
        return file;
    }
    const int error = errno ? errno : EINVAL; // errno is 0 if the descriptor is not a regular file
    if (const char * kind = special_kind(place)) {
        fail(Code::io, "Expected a regular file for the model but '%s' is %s: name a .gguf file", path.c_str(), kind);
    }
    fail_io("open", path, error);
}

File File::create(const std::string & path) {
    checked_path(path);
    File file(path);
    file.fd_ = open_fd(path, true);
    if (file.fd_ < 0) {
        fail_io("create", path, errno);
    }
    return file;
}

File::File(File && other) noexcept : path_(std::move(other.path_)), fd_(other.fd_) { other.fd_ = -1; }

File::~File() {
    if (fd_ >= 0) {
        close_fd(fd_);
    }
}

uint64_t File::size() const {
    const int64_t size = size_fd(fd_);
    if (size < 0) {
        fail_io("read the size of", path_, errno);
    }
    return uint64_t(size);
}

void File::read_at(uint64_t offset, void * data, size_t n) const {
    char * to = static_cast<char *>(data);
    while (n > 0) {
        const int64_t done = read_fd(fd_, to, n < max_transfer ? n : max_transfer, offset);
        if (done == 0) {
            fail(Code::io, "cannot read '%s': it ends at byte %llu", path_.c_str(), (unsigned long long)offset);
        }
        if (done < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail_io("read", path_, errno);
        }
        to += done;
        offset += uint64_t(done);
        n -= size_t(done);
    }
}

void File::write_at(uint64_t offset, const void * data, size_t n) {
    const char * from = static_cast<const char *>(data);
    while (n > 0) {
        const int64_t done = write_fd(fd_, from, n < max_transfer ? n : max_transfer, offset);
        if (done <= 0) {
            if (done < 0 && errno == EINTR) {
                continue;
            }
            fail_io("write", path_, done < 0 ? errno : ENOSPC);
        }
        from += done;
        offset += uint64_t(done);
        n -= size_t(done);
    }
}

bool File::try_lock() { return lock_fd(fd_); }

void File::sync() {
    if (sync_fd(fd_) != 0) {
        fail_io("sync", path_, errno);
    }
}

void File::close() {
    const int fd = fd_;
    fd_ = -1;
    if (fd >= 0 && close_fd(fd) != 0 && errno != EINTR) {
        fail_io("close", path_, errno);
    }
}

void File::discard() noexcept {
    if (fd_ >= 0) {
        close_fd(fd_);
        fd_ = -1;
    }
    remove_file(path_);
}

void File::close_as(const std::string & path) {
    const fs::path target = checked_path(path), folder = folder_of(target); // computed here because nothing may fail after the rename
    const int lock = hold_fd(fd_);
    std::error_code error;
    try {
        close();
        fs::rename(checked_path(path_), target, error);
    } catch (...) {
        release_fd(lock);
        throw;
    }
    release_fd(lock);
    if (error) {
        fail(Code::io, "cannot rename '%s' to '%s': %s", path_.c_str(), path.c_str(), error.message().c_str());
    }
    sync_folder(folder);
}

void remove_file(const std::string & path) noexcept {
#ifdef _WIN32
    try {
        std::error_code ignored;
        fs::remove(fs::u8path(path), ignored);
    } catch (...) {
        // Out of memory for a copy of the path: the file remains.
    }
#else
    ::unlink(path.c_str()); // allocates no memory
#endif
}

void remove_unused(const std::string & path) noexcept {
#ifdef _WIN32
    remove_file(path); // fails while the file is open
#else
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            ::unlink(path.c_str());
        }
        ::close(fd);
    }
#endif
}

} // namespace clvp
