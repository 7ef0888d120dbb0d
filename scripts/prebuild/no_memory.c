// Preloaded by prove.mjs: gives no memory to the Nth call out of a library, $CLVP_FAIL_N of $CLVP_FAIL_IN, and says how many there were.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void * __libc_malloc(size_t);
extern void * __libc_calloc(size_t, size_t);
extern void * __libc_realloc(void *, size_t);
extern void * __libc_memalign(size_t, size_t);

static atomic_ulong n_calls;
static unsigned long n_struck, first_code, last_code;

static int find(struct dl_phdr_info * library, size_t size, void * name) {
    (void)size;
    if (!library->dlpi_name || !strstr(library->dlpi_name, name)) {
        return 0;
    }
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) * part = &library->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            first_code = library->dlpi_addr + part->p_vaddr;
            last_code = first_code + part->p_memsz;
        }
    }
    return 1;
}

void * dlopen(const char * path, int mode) {
    void * (*open)(const char *, int) = (void * (*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    void * library = open(path, mode);
    const char * n = getenv("CLVP_FAIL_N");
    const char * name = getenv("CLVP_FAIL_IN");
    if (library && n && name && !last_code) {
        n_struck = strtoul(n, NULL, 10);
        dl_iterate_phdr(find, (void *)name);
    }
    return library;
}

static int strikes(void * caller) {
    const unsigned long code = (unsigned long)caller;
    return code >= first_code && code < last_code && atomic_fetch_add(&n_calls, 1) + 1 == n_struck;
}

#define CALLER __builtin_return_address(0)

void * malloc(size_t n) { return strikes(CALLER) ? NULL : __libc_malloc(n); }
void * calloc(size_t n, size_t size) { return strikes(CALLER) ? NULL : __libc_calloc(n, size); }
void * realloc(void * block, size_t n) { return strikes(CALLER) ? NULL : __libc_realloc(block, n); }
void * aligned_alloc(size_t alignment, size_t n) { return strikes(CALLER) ? NULL : __libc_memalign(alignment, n); }

int posix_memalign(void ** block, size_t alignment, size_t n) {
    *block = strikes(CALLER) ? NULL : __libc_memalign(alignment, n);
    return *block ? 0 : ENOMEM;
}

__attribute__((destructor)) static void tell(void) { fprintf(stderr, "calls: %lu\n", (unsigned long)n_calls); }
