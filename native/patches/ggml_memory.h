/*
 * Included before GGML's own sources (CMakeLists.txt). When a small allocation fails, GGML ends the process or continues with a null
 * pointer. These functions throw std::bad_alloc instead. It passes through GGML's frames to ours and becomes Code::out_of_memory.
 * Objects that GGML was creating or changing must then be neither used nor freed (backend.cpp).
 */
#ifndef CLVP_GGML_MEMORY_H
#define CLVP_GGML_MEMORY_H

#ifdef __cplusplus
#include <cstdlib>
extern "C" {
#else
#include <stdlib.h>
#endif

void * clvp_malloc(size_t n);
void * clvp_calloc(size_t n, size_t size);
void * clvp_realloc(void * block, size_t n);
#ifdef _WIN32
void * clvp_aligned_malloc(size_t n, size_t alignment);
#else
int clvp_posix_memalign(void ** block, size_t alignment, size_t n);
#endif

#ifdef __cplusplus
}
namespace std { // later standard headers refer to std::malloc
using ::clvp_calloc;
using ::clvp_malloc;
using ::clvp_realloc;
} // namespace std
#endif

#define malloc(n) clvp_malloc(n)
#define calloc(n, size) clvp_calloc(n, size)
#define realloc(block, n) clvp_realloc(block, n)
#ifdef _WIN32
#include <malloc.h> /* its declarations come before the macro */
#define _aligned_malloc(n, alignment) clvp_aligned_malloc(n, alignment)
#else
#define posix_memalign(block, alignment, n) clvp_posix_memalign(block, alignment, n)
#endif

#endif
