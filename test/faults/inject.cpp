// Stands in for `operator new`, and by the linker's --wrap (CMakeLists.txt) for malloc's family and the calls of file.cpp and mapping.cpp.
#include "inject.h"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <new>

#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faults {

namespace {

// Written by arm() while no other thread runs.
Fault active;
bool traced = false;

std::atomic<uint64_t> n_calls{ 0 }, n_held{ 0 }, n_held_before{ 0 }, n_held_most{ 0 };
std::atomic<bool> struck{ false };

bool strike() {
    struck = true;
    if (traced) {
        void * frames[64];
        backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
    }
    return true;
}

bool strikes(Site site) {
    if (active.site != site) {
        return false;
    }
    const uint64_t n = ++n_calls;
    return n >= active.n && n - active.n <= active.n_more && strike();
}

/// Is this request for memory to be refused?
bool refused(Site site, size_t n_bytes) {
    if (active.site == Site::memory) {
        return n_bytes >= big && n_held - n_held_before + n_bytes > active.n && strike();
    }
    return strikes(site);
}

Site block_site(size_t n_bytes) { return n_bytes >= big ? Site::big_block : Site::small_block; }

void * hold(void * block) {
    const uint64_t n_bytes = malloc_usable_size(block);
    if (n_bytes >= big) {
        const uint64_t now = (n_held += n_bytes) - n_held_before;
        for (uint64_t most = n_held_most; now > most && !n_held_most.compare_exchange_weak(most, now);) {
        }
    }
    return block;
}

void let_go(void * block) {
    const uint64_t n_bytes = malloc_usable_size(block);
    n_held -= n_bytes >= big ? n_bytes : 0;
}

void * no_memory() {
    errno = ENOMEM;
    return nullptr;
}

/// The struck call's end, where it has one value for failure.
int failed() {
    errno = active.error;
    return -1;
}

} // namespace

void arm(const Fault & fault) {
    n_calls = 0;
    n_held_before = n_held.load();
    n_held_most = 0;
    struck = false;
    active = fault;
}

uint64_t disarm() {
    const uint64_t n = active.site == Site::memory ? n_held_most : n_calls;
    active = {};
    return n;
}

bool has_struck() { return struck; }

void trace_strikes() {
    void * frame;
    backtrace(&frame, 1); // its first call loads a library
    traced = true;
}

} // namespace faults

using namespace faults;

// --- memory -------------------------------------------------------------------------------------------------------

extern "C" {

void * __real_malloc(size_t n);
void * __real_calloc(size_t n, size_t size);
void * __real_realloc(void * block, size_t n);
int __real_posix_memalign(void ** block, size_t alignment, size_t n);
void * __real_aligned_alloc(size_t alignment, size_t n);
void __real_free(void * block);

void * __wrap_malloc(size_t n) { return refused(block_site(n), n) ? no_memory() : hold(__real_malloc(n)); }

void * __wrap_calloc(size_t n, size_t size) { return refused(block_site(n * size), n * size) ? no_memory() : hold(__real_calloc(n, size)); }

void * __wrap_realloc(void * block, size_t n) {
    if (refused(block_site(n), n)) {
        return no_memory();
    }
    let_go(block);
    return hold(__real_realloc(block, n));
}

int __wrap_posix_memalign(void ** block, size_t alignment, size_t n) {
    if (refused(block_site(n), n)) {
        return ENOMEM;
    }
    const int error = __real_posix_memalign(block, alignment, n);
    if (error == 0) {
        hold(*block);
    }
    return error;
}

void * __wrap_aligned_alloc(size_t alignment, size_t n) { return refused(block_site(n), n) ? no_memory() : hold(__real_aligned_alloc(alignment, n)); }

void __wrap_free(void * block) {
    let_go(block);
    __real_free(block);
}

} // extern "C"

static void * new_block(size_t n) { return refused(Site::operator_new, n) ? nullptr : hold(__real_malloc(n ? n : 1)); }

static void * new_block(size_t n, std::align_val_t alignment) {
    void * block = nullptr;
    return refused(Site::operator_new, n) || __real_posix_memalign(&block, static_cast<size_t>(alignment), n ? n : 1) != 0 ? nullptr : hold(block);
}

static void * or_throw(void * block) {
    if (!block) {
        throw std::bad_alloc();
    }
    return block;
}

void * operator new(size_t n) { return or_throw(new_block(n)); }
void * operator new[](size_t n) { return or_throw(new_block(n)); }
void * operator new(size_t n, const std::nothrow_t &) noexcept { return new_block(n); }
void * operator new[](size_t n, const std::nothrow_t &) noexcept { return new_block(n); }
void * operator new(size_t n, std::align_val_t alignment) { return or_throw(new_block(n, alignment)); }
void * operator new[](size_t n, std::align_val_t alignment) { return or_throw(new_block(n, alignment)); }
void * operator new(size_t n, std::align_val_t alignment, const std::nothrow_t &) noexcept { return new_block(n, alignment); }
void * operator new[](size_t n, std::align_val_t alignment, const std::nothrow_t &) noexcept { return new_block(n, alignment); }
void operator delete(void * block) noexcept { __wrap_free(block); }
void operator delete[](void * block) noexcept { __wrap_free(block); }
void operator delete(void * block, size_t) noexcept { __wrap_free(block); }
void operator delete[](void * block, size_t) noexcept { __wrap_free(block); }
void operator delete(void * block, const std::nothrow_t &) noexcept { __wrap_free(block); }
void operator delete[](void * block, const std::nothrow_t &) noexcept { __wrap_free(block); }
void operator delete(void * block, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete[](void * block, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete(void * block, size_t, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete[](void * block, size_t, std::align_val_t) noexcept { __wrap_free(block); }
void operator delete(void * block, std::align_val_t, const std::nothrow_t &) noexcept { __wrap_free(block); }
void operator delete[](void * block, std::align_val_t, const std::nothrow_t &) noexcept { __wrap_free(block); }

// --- files --------------------------------------------------------------------------------------------------------

extern "C" {

int __real_open(const char * path, int flags, ...);
int __real_fstat(int fd, struct stat * info);
int __real_flock(int fd, int operation);
int __real_dup(int fd);
ssize_t __real_pread(int fd, void * data, size_t n, off_t offset);
ssize_t __real_pwrite(int fd, const void * data, size_t n, off_t offset);
int __real_close(int fd);
void * __real_mmap(void * address, size_t n, int protection, int flags, int fd, off_t offset);
FILE * __real_fopen(const char * path, const char * mode);

int __wrap_open(const char * path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return strikes(Site::open) ? failed() : __real_open(path, flags, mode);
}

int __wrap_fstat(int fd, struct stat * info) { return strikes(Site::stat) ? failed() : __real_fstat(fd, info); }

int __wrap_flock(int fd, int operation) { return strikes(Site::lock) ? failed() : __real_flock(fd, operation); }

int __wrap_dup(int fd) { return strikes(Site::dup) ? failed() : __real_dup(fd); }

/// How many bytes a struck transfer of n is to move; -1 for an error.
static ssize_t struck_length(size_t n) {
    switch (active.effect) {
    case Effect::fail: return failed();
    case Effect::half: return static_cast<ssize_t>((n + 1) / 2);
    case Effect::nothing: break;
    }
    return 0;
}

ssize_t __wrap_pread(int fd, void * data, size_t n, off_t offset) {
    const ssize_t length = strikes(Site::read) ? struck_length(n) : static_cast<ssize_t>(n);
    return length <= 0 ? length : __real_pread(fd, data, static_cast<size_t>(length), offset);
}

ssize_t __wrap_pwrite(int fd, const void * data, size_t n, off_t offset) {
    const ssize_t length = strikes(Site::write) ? struck_length(n) : static_cast<ssize_t>(n);
    return length <= 0 ? length : __real_pwrite(fd, data, static_cast<size_t>(length), offset);
}

/// What a disk takes its time for is not what is tried here.
int __wrap_fsync(int) { return strikes(Site::sync) ? failed() : 0; }

/// As Linux does it: the descriptor is gone, whatever the answer.
int __wrap_close(int fd) {
    const bool fails = strikes(Site::close);
    const int answer = __real_close(fd);
    return fails ? failed() : answer;
}

void * __wrap_mmap(void * address, size_t n, int protection, int flags, int fd, off_t offset) {
    if (strikes(Site::map)) {
        failed();
        return MAP_FAILED;
    }
    return __real_mmap(address, n, protection, flags, fd, offset);
}

FILE * __wrap_fopen(const char * path, const char * mode) {
    if (strikes(Site::stream)) {
        failed();
        return nullptr;
    }
    return __real_fopen(path, mode);
}

/// Not wrapped but replaced: std::filesystem calls it out of the C++ library.
__attribute__((visibility("default"))) int rename(const char * from, const char * to) noexcept {
    return strikes(Site::rename) ? failed() : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

} // extern "C"
