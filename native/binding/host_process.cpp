// On Windows an addon asks for Node-API in a file named node.exe. Electron, Bun and Deno have other names: whatever process loads the addon
// has Node-API.
#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#ifdef _MSC_VER

#include <delayimp.h>
#include <string.h>

static FARPROC WINAPI find_host(unsigned event, DelayLoadInfo * info) {
    if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) {
        return nullptr;
    }
    return reinterpret_cast<FARPROC>(GetModuleHandleA(nullptr));
}

extern "C" const PfnDliHook __pfnDliNotifyHook2 = find_host;

#else

// Other linkers cannot load late. Each function of Node-API is a jump to an address that is looked up when the addon is loaded.
// node_functions.h is made by CMakeLists.txt: a line NODE_FUNCTION(name) for each.
#define NODE_FUNCTION(name)                                                                                                                                    \
    extern "C" FARPROC clvp_at_##name;                                                                                                                         \
    FARPROC clvp_at_##name;                                                                                                                                    \
    __asm__(".text\n.globl " #name "\n" #name ": jmpq *clvp_at_" #name "(%rip)\n");
#include "node_functions.h"
#undef NODE_FUNCTION

__attribute__((constructor)) static void find_host() {
    const HMODULE host = GetModuleHandleA(nullptr);
#define NODE_FUNCTION(name) clvp_at_##name = GetProcAddress(host, #name);
#include "node_functions.h"
#undef NODE_FUNCTION
}

#endif
#endif
