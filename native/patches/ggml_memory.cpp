// Replacements for malloc, calloc and realloc in GGML (ggml_memory.h).
#include "ggml_memory.h"

#include <new>

#undef malloc
#undef calloc
#undef realloc
#undef posix_memalign
#undef _aligned_malloc

static constexpr size_t tensors = size_t(1) << 20; // bytes from which an allocation is one of tensors

static void * or_throw(void * block) {
    if (!block) {
        throw std::bad_alloc();
    }
    return block;
}

extern "C" {

void * clvp_malloc(size_t n) { return or_throw(std::malloc(n ? n : 1)); }
void * clvp_calloc(size_t n, size_t size) { return or_throw(std::calloc(n ? n : 1, size ? size : 1)); }
void * clvp_realloc(void * block, size_t n) { return or_throw(std::realloc(block, n ? n : 1)); }

/// GGML checks large allocations, those of tensors, and our error message then suggests how to use less. It does not check small ones,
/// those of its lists and threads, so these throw.
#ifdef _WIN32
void * clvp_aligned_malloc(size_t n, size_t alignment) {
    void * block = ::_aligned_malloc(n, alignment);
    return n < tensors ? or_throw(block) : block;
}
#else
int clvp_posix_memalign(void ** block, size_t alignment, size_t n) {
    const int error = ::posix_memalign(block, alignment, n);
    if (error != 0 && n < tensors) {
        throw std::bad_alloc();
    }
    return error;
}
#endif

} // extern "C"
