#include "runtime/cpu_library.h"

#include "base/error.h"
#include "ggml-backend.h"

#include <algorithm>
#include <mutex>
#include <set>

#ifdef CLVP_RPC
#include "ggml-rpc.h"

#include <cstdlib>
#endif

#ifdef CLVP_CPU_PREFIX
#include "ggml-backend-dl.h"
#include "ggml-backend-impl.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif
#endif

namespace clvp {

namespace {

/// Process-wide, like GGML's registry.
std::mutex gate;
std::string loaded_variant, loaded_library;

#ifdef CLVP_CPU_PREFIX

const std::string prefix = CLVP_CPU_PREFIX;

#ifdef _WIN32
const std::string suffix = ".dll";
#else
const std::string suffix = ".so"; // also on macOS
#endif

struct Library {
    std::string variant;
    fs::path path;
    int score = 0; // 0: this machine cannot run it
};

/// Whether the system saves the wide registers that a variant uses. GGML's score checks only the CPU.
bool system_saves(const std::string & variant) {
#if defined(__x86_64__) && defined(__GNUC__)
    unsigned a = 0, b = 0, c = 0, d = 0, saved = 0, high = 0;
    if (variant == "sse42") {
        return true;
    }
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    const unsigned avx = 0x06, avx512 = 0xe6;
    const unsigned needed = variant == "haswell" ? avx : avx512;
    return (saved & needed) == needed;
#else
    return !variant.empty();
#endif
}

int score_of(const Library & library) {
    dl_handle_ptr handle(dl_load_library(library.path));
    if (!handle) {
        fail(Code::unsupported, "%s could not be loaded: %s. Reinstall the package", library.path.u8string().c_str(), dl_error());
    }
    auto score = reinterpret_cast<ggml_backend_score_t>(dl_get_sym(handle.get(), "ggml_backend_score"));
    return score && system_saves(library.variant) ? score() : 0;
}

/// Silences GGML, which reports on stderr what it loads; kernels() returns that information.
bool load_silently(const std::string & path) {
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    const bool loaded = ggml_backend_load(path.c_str()) != nullptr;
    ggml_log_set(nullptr, nullptr);
    return loaded;
}

/// The CPU libraries of a folder, best first. Searches no other folder.
std::vector<Library> libraries_in(const std::string & folder) {
    std::vector<Library> found;
    std::error_code error;
    for (fs::directory_iterator at(fs::u8path(folder), error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().u8string();
        if (name.size() > prefix.size() + suffix.size() && name.compare(0, prefix.size(), prefix) == 0 &&
            name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
            found.push_back({ name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()), at->path() });
        }
    }
    if (found.empty()) {
        fail(Code::unsupported, "%s contains no CPU library (%s*%s): reinstall the package", folder.c_str(), prefix.c_str(), suffix.c_str());
    }
    for (Library & library : found) {
        library.score = score_of(library);
    }
    std::sort(found.begin(), found.end(), [](const Library & a, const Library & b) { return a.score > b.score; });
    return found;
}

/// The requested library, or the best.
const Library & choose(const std::vector<Library> & libraries, const std::string & wanted) {
    std::string known, running;
    for (const Library & library : libraries) {
        known += (known.empty() ? "" : ", ") + library.variant;
        if (library.score > 0) {
            running += (running.empty() ? "" : ", ") + library.variant;
        }
    }
    if (running.empty()) {
        fail(Code::unsupported, "this CPU cannot run any of the prebuilt libraries (%s): build the package from source", known.c_str());
    }
    const auto found = std::find_if(libraries.begin(), libraries.end(), [&](const Library & each) { return each.variant == wanted; });
    if (!wanted.empty() && (found == libraries.end() || found->score == 0)) {
        fail(Code::unsupported, "Expected a CPU library that this machine can run (%s) but received '%s'", running.c_str(), wanted.c_str());
    }
    return wanted.empty() ? libraries.front() : *found;
}

#endif

std::vector<std::string> features() {
    std::vector<std::string> found;
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    ggml_backend_reg_t reg = device ? ggml_backend_dev_backend_reg(device) : nullptr;
    auto get = reg ? reinterpret_cast<ggml_backend_get_features_t>(ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features")) : nullptr;
    for (const ggml_backend_feature * each = get ? get(reg) : nullptr; each && each->name; each++) {
        found.push_back(std::string(each->value) == "1" ? each->name : std::string(each->name) + "=" + each->value);
    }
    return found;
}

/// In test builds: adds the device of another process, at the address in CLVP_RPC (host:port).
void add_remote() {
#ifdef CLVP_RPC
    const char * endpoint = getenv("CLVP_RPC");
    static const bool added = endpoint && (ggml_backend_register(ggml_backend_rpc_add_server(endpoint)), true);
    (void)added;
#endif
}

} // namespace

void load_cpu_library(const std::string & folder, const std::string & variant) {
    std::lock_guard<std::mutex> alone(gate);
#ifdef CLVP_CPU_PREFIX
    if (loaded_variant.empty()) {
        const std::vector<Library> libraries = libraries_in(folder);
        const Library & best = choose(libraries, variant);
        const std::string path = best.path.u8string();
        if (!load_silently(path)) {
            fail(Code::unsupported, "%s could not be started: reinstall the package", path.c_str());
        }
        loaded_variant = best.variant;
        loaded_library = path;
    }
#else
    (void)folder;
    loaded_variant = "built in";
#endif
    add_remote();
    if (!variant.empty() && variant != loaded_variant) {
        fail(Code::unsupported, "Expected the CPU kernels that this process has loaded (%s) but received '%s'", loaded_variant.c_str(), variant.c_str());
    }
}

void load_backend_library(const std::string & path) {
#ifdef CLVP_CPU_PREFIX
    std::lock_guard<std::mutex> alone(gate);
    if (loaded_variant.empty()) {
        fail(Code::unsupported, "no CPU kernels are loaded: call load_kernels() with their folder first");
    }
    static std::set<std::string> loaded; // GGML would list the devices of a library once for each thread that loads it
    if (loaded.count(path)) {
        return;
    }
    if (!dl_handle_ptr(dl_load_library(fs::u8path(path)))) {
        fail(Code::unsupported, "%s could not be loaded: %s", path.c_str(), dl_error());
    }
    if (!load_silently(path)) {
        fail(Code::unsupported, "%s contains no backend that can start on this machine: check its driver", path.c_str());
    }
    loaded.insert(path);
#else
    fail(Code::unsupported, "%s cannot be added to a build with built-in backends: build with CLVP_BACKENDS", path.c_str());
#endif
}

void require_kernels() {
#ifdef CLVP_CPU_PREFIX
    std::lock_guard<std::mutex> alone(gate);
    if (loaded_variant.empty()) {
        fail(Code::unsupported, "no CPU kernels are loaded: call load_kernels() with their folder first");
    }
#endif
}

Kernels cpu_library() {
    std::lock_guard<std::mutex> alone(gate);
    return { loaded_variant.empty() ? "built in" : loaded_variant, loaded_library, features(), ggml_version() };
}

} // namespace clvp
