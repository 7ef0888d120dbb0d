/*
 * Included before GGML's ggml-cpu.cpp (CMakeLists.txt). GGML reads the CPU's name from /proc/cpuinfo and copies it before it closes the file. If
 * there is no memory for the copy, the file stays open. Here the file is closed as soon as the line with the name is read: GGML reads no further.
 */
#ifndef CLVP_GGML_CPU_NAME_H
#define CLVP_GGML_CPU_NAME_H

#include <cstdio>
#include <cstring>

static std::FILE * clvp_closed = nullptr; // by clvp_fgets; not yet by GGML

static inline char * clvp_fgets(char * line, int n, std::FILE * file) {
    char * found = std::fgets(line, n, file);
    if (found && std::strncmp(line, "model name", 10) == 0 && std::strchr(line, ':')) {
        clvp_closed = file;
        std::fclose(file);
    }
    return found;
}

static inline int clvp_fclose(std::FILE * file) {
    if (file != clvp_closed) {
        return std::fclose(file);
    }
    clvp_closed = nullptr;
    return 0;
}

#define fgets clvp_fgets
#define fclose clvp_fclose

#endif
