#include "base/cores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <fstream>
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

namespace clvp {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

// --- control groups ---------------------------------------------------------------------------------------------

std::vector<std::string> split(const std::string & text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        parts.push_back(part);
    }
    return parts;
}

bool lists(const std::string & names, const std::string & name) {
    const std::vector<std::string> all = split(names, ',');
    return std::find(all.begin(), all.end(), name) != all.end();
}

/// Quota in CPUs, from the microseconds allowed in each period. Anything but two positive numbers ("max", -1, no text) means no limit.
double cpus(const std::string & quota, const std::string & period) {
    long long used = 0, whole = 0;
    return std::istringstream(quota) >> used && std::istringstream(period) >> whole && used > 0 && whole > 0
               ? static_cast<double>(used) / static_cast<double>(whole)
               : unlimited;
}

double group_quota(const std::string & folder, bool version_2, const ReadText & read) {
    if (!version_2) {
        return cpus(read(folder + "/cpu.cfs_quota_us"), read(folder + "/cpu.cfs_period_us"));
    }
    const std::string text = read(folder + "/cpu.max"); // "150000 100000" or "max 100000"
    return cpus(text, text.substr(std::min(text.find(' '), text.size())));
}

/// A hierarchy of control groups that can limit CPU time.
struct Hierarchy {
    std::string mount; // the folder where its group `root` is mounted
    std::string root;
    bool version_2;
};

/// A line of mountinfo: "32 31 0:29 ROOT MOUNT OPTIONS [FIELD ...] - TYPE SOURCE OPTIONS".
std::vector<Hierarchy> hierarchies(const std::string & mountinfo) {
    std::vector<Hierarchy> found;
    for (const std::string & line : split(mountinfo, '\n')) {
        const std::vector<std::string> fields = split(line, ' ');
        const size_t dash = static_cast<size_t>(std::find(fields.begin(), fields.end(), "-") - fields.begin());
        if (dash < 6 || dash + 3 >= fields.size()) {
            continue;
        }
        const bool version_2 = fields[dash + 1] == "cgroup2";
        if (version_2 || (fields[dash + 1] == "cgroup" && lists(fields[dash + 3], "cpu"))) {
            found.push_back({ fields[4], fields[3], version_2 });
        }
    }
    return found;
}

/// The group of this process, from a line of /proc/self/cgroup: "0::PATH", in version 1 "N:cpu,cpuacct:PATH".
std::string own_group(const std::string & groups, bool version_2) {
    for (const std::string & line : split(groups, '\n')) {
        const size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (version_2 ? controllers.empty() : lists(controllers, "cpu")) {
            return line.substr(second + 1);
        }
    }
    return "";
}

/// `path` relative to `root`; empty if it is not below `root`, as in a container that sees only its own group.
std::string below(const std::string & path, const std::string & root) {
    if (root == "/") {
        return path;
    }
    return path.compare(0, root.size(), root) == 0 && path.size() > root.size() && path[root.size()] == '/' ? path.substr(root.size()) : "";
}

// --- cores ----------------------------------------------------------------------------------------------------------

#if defined(__linux__)

std::string read_text(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str() : "";
}

/// 0 if the system does not report it, here and below.
uint32_t physical_cores() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return 0;
    }
    std::set<std::string> cores; // hyperthreads of one core have the same list of siblings
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed)) {
            const std::string name = std::to_string(cpu), siblings = read_text("/sys/devices/system/cpu/cpu" + name + "/topology/thread_siblings_list");
            cores.insert(siblings.empty() ? name : siblings);
        }
    }
    return static_cast<uint32_t>(cores.size());
}

#elif defined(__APPLE__)

/// Counts only performance cores if there are two kinds: threads get equal shares of the work, so all would wait for the slow cores.
uint32_t physical_cores() {
    for (const char * name : { "hw.perflevel0.physicalcpu", "hw.physicalcpu" }) {
        int n = 0;
        size_t size = sizeof n;
        if (sysctlbyname(name, &n, &size, nullptr, 0) == 0 && n > 0) {
            return static_cast<uint32_t>(n);
        }
    }
    return 0;
}

#elif defined(_WIN32)

/// Whether this process may run on a core. Windows numbers processors in groups of 64; a process that spans several groups has no mask.
bool is_allowed(const PROCESSOR_RELATIONSHIP & core) {
    USHORT n_groups = 1, group = 0;
    DWORD_PTR mine = 0, all = 0;
    const bool one_group = GetProcessGroupAffinity(GetCurrentProcess(), &n_groups, &group) && n_groups == 1;
    if (!one_group || !GetProcessAffinityMask(GetCurrentProcess(), &mine, &all)) {
        return true;
    }
    return core.GroupMask[0].Group == group && (core.GroupMask[0].Mask & mine) != 0;
}

uint32_t physical_cores() {
    DWORD n_bytes = 0;
    GetLogicalProcessorInformationEx(RelationProcessorCore, nullptr, &n_bytes);
    std::vector<char> bytes(n_bytes);
    const auto entry = [&](size_t at) { return reinterpret_cast<SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *>(bytes.data() + at); };
    if (n_bytes == 0 || !GetLogicalProcessorInformationEx(RelationProcessorCore, entry(0), &n_bytes)) {
        return 0;
    }
    uint32_t n = 0;
    for (size_t at = 0; at < n_bytes; at += entry(at)->Size) {
        n += is_allowed(entry(at)->Processor);
    }
    return n;
}

#else

uint32_t physical_cores() { return 0; }

#endif

} // namespace

double cpu_quota(const ReadText & read) {
    const std::string groups = read("/proc/self/cgroup");
    double least = unlimited;
    for (const Hierarchy & each : hierarchies(read("/proc/self/mountinfo"))) {
        std::string folder = each.mount;
        least = std::min(least, group_quota(folder, each.version_2, read));
        for (const std::string & name : split(below(own_group(groups, each.version_2), each.root), '/')) {
            if (!name.empty()) {
                folder += "/" + name;
                least = std::min(least, group_quota(folder, each.version_2, read));
            }
        }
    }
    return least;
}

uint32_t threads_for(uint32_t n_cores, double quota) { return static_cast<uint32_t>(std::max(1.0, std::min(static_cast<double>(n_cores), std::ceil(quota)))); }

uint32_t default_threads() {
    const uint32_t n_cores = physical_cores();
#if defined(__linux__)
    const double quota = cpu_quota(read_text);
#else
    const double quota = unlimited;
#endif
    return threads_for(n_cores ? n_cores : std::thread::hardware_concurrency(), quota);
}

} // namespace clvp
