/*
 * Included before GGML's own sources (CMakeLists.txt). GGML ends the process where one of its tables gets no memory, or goes on with a null
 * pointer. These calls throw std::bad_alloc instead, which passes through GGML's frames to our own: they become Code::out_of_memory.
 * What GGML was about to make or to change is not to be used then, nor to be freed (backend.cpp).
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
int clvp_posix_memalign(void ** block, size_t alignment, size_t n);

#ifdef __cplusplus
}
namespace std { // standard headers that come later say std::malloc
using ::clvp_calloc;
using ::clvp_malloc;
using ::clvp_realloc;
} // namespace std
#endif

#define malloc(n) clvp_malloc(n)
#define calloc(n, size) clvp_calloc(n, size)
#define realloc(block, n) clvp_realloc(block, n)
#define posix_memalign(block, alignment, n) clvp_posix_memalign(block, alignment, n)

#endif
