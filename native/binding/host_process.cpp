// On Windows an addon asks for Node-API in a file named node.exe. Electron, Bun and Deno have other names: whatever process loads the addon
// has Node-API.
#ifdef _MSC_VER

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <delayimp.h>
#include <string.h>

static FARPROC WINAPI find_host(unsigned event, DelayLoadInfo * info) {
    if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) {
        return nullptr;
    }
    return reinterpret_cast<FARPROC>(GetModuleHandleA(nullptr));
}

extern "C" const PfnDliHook __pfnDliNotifyHook2 = find_host;

#endif
