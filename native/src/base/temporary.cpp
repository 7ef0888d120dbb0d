#include "base/temporary.h"

#include "base/error.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <system_error>

#ifdef _WIN32
#include <process.h>
#else
#include <dirent.h>
#include <unistd.h>
#endif

namespace fs = std::filesystem;

namespace clvp {

namespace {

constexpr size_t n_random = 16; // hexadecimal digits
constexpr const char * ending = ".tmp";

int process_id() {
#ifdef _WIN32
    return _getpid();
#else
    return int(getpid());
#endif
}

std::string new_name(const std::string & prefix) {
    std::random_device random;
    char suffix[48];
    snprintf(suffix, sizeof suffix, "%d.%08x%08x%s", process_id(), unsigned(random()), unsigned(random()), ending);
    return prefix + suffix;
}

/// Whether a name is that of a temporary file: prefix, digits, '.', 16 hexadecimal digits, ending.
bool is_temporary(const std::string & name, const std::string & prefix) {
    const auto all_of = [&](size_t from, size_t n, const char * allowed) { return name.substr(from, n).find_first_not_of(allowed) == std::string::npos; };
    const size_t n_tail = 1 + n_random + std::string(ending).size();
    if (name.size() < prefix.size() + 1 + n_tail || name.compare(0, prefix.size(), prefix) != 0) {
        return false;
    }
    const size_t tail = name.size() - n_tail;
    return all_of(prefix.size(), tail - prefix.size(), "0123456789") && name[tail] == '.' && all_of(tail + 1, n_random, "0123456789abcdef") &&
           name.substr(tail + 1 + n_random) == ending;
}

/// The names in a folder; empty if it cannot be listed.
std::vector<std::string> names_in(const fs::path & folder) {
    std::vector<std::string> names;
#ifdef _WIN32
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        names.push_back(entry->path().filename().u8string());
    }
#else
    // Not directory_iterator: that of libstdc++ ends the process if memory for its path is short.
    const std::unique_ptr<DIR, int (*)(DIR *)> list(opendir(folder.c_str()), closedir);
    for (const dirent * entry = list ? readdir(list.get()) : nullptr; entry; entry = readdir(list.get())) {
        names.emplace_back(entry->d_name);
    }
#endif
    return names;
}

void remove_stale(const fs::path & folder, const std::string & prefix) {
    for (const std::string & name : names_in(folder)) {
        if (is_temporary(name, prefix)) {
            remove_unused((folder / fs::u8path(name)).u8string());
        }
    }
}

} // namespace

File temporary_beside(const std::string & path) {
    const fs::path target = checked_path(path);
    std::error_code error;
    const fs::file_type type = fs::status(target, error).type();
    if (!target.has_filename() || (type != fs::file_type::not_found && type != fs::file_type::regular)) {
        fail(Code::io, "cannot write '%s': %s", path.c_str(), type == fs::file_type::none ? error.message().c_str() : "it is not a regular file");
    }
    const fs::path folder = folder_of(target);
    if (!fs::is_directory(folder, error)) {
        fail(Code::io, "cannot write '%s': its folder does not exist", path.c_str());
    }
    const std::string prefix = "." + target.filename().u8string() + ".";
    remove_stale(folder, prefix);
    for (int i = 0; i < 16; i++) {
        File file = File::create((folder / fs::u8path(new_name(prefix))).u8string());
        if (file.try_lock()) {
            return file;
        }
        remove_file(file.path()); // another process removed it as stale before it was locked
    }
    fail(Code::io, "cannot write '%s': another process keeps removing its temporary files", path.c_str());
}

} // namespace clvp
