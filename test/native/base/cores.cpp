// The default number of threads: the limits of control groups, read from Linux's files.
#include "test.h"

#include "base/cores.h"

#include <limits>
#include <map>

using namespace clvp;

using Files = std::map<std::string, std::string>;

static double quota(const Files & files) {
    return cpu_quota([&](const std::string & path) {
        const auto found = files.find(path);
        return found == files.end() ? std::string() : found->second;
    });
}

static const double unlimited = std::numeric_limits<double>::infinity();
static const std::string version_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";
static const std::string version_1 = "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
                                     "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
                                     "33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n";
static const std::string folder_1 = "/sys/fs/cgroup/cpu,cpuacct";

TEST(control_groups_2_limit_cpu_time) {
    Files files = { { "/proc/self/cgroup", "0::/user.slice/job\n" }, { "/proc/self/mountinfo", version_2 } };
    CHECK(quota(files) == unlimited);
    files["/sys/fs/cgroup/user.slice/job/cpu.max"] = "max 100000\n";
    CHECK(quota(files) == unlimited);
    files["/sys/fs/cgroup/user.slice/job/cpu.max"] = "150000 100000\n";
    CHECK(quota(files) == 1.5);
}

TEST(a_control_group_has_no_more_than_those_above_it) {
    Files files = { { "/proc/self/cgroup", "0::/a/b/c\n" }, { "/proc/self/mountinfo", version_2 } };
    files["/sys/fs/cgroup/a/b/c/cpu.max"] = "400000 100000\n";
    files["/sys/fs/cgroup/a/b/cpu.max"] = "max 100000\n";
    files["/sys/fs/cgroup/a/cpu.max"] = "20000 10000\n";
    CHECK(quota(files) == 2);
    files["/sys/fs/cgroup/a/b/cpu.max"] = "50000 100000\n";
    CHECK(quota(files) == 0.5);
    files["/sys/fs/cgroup/other/cpu.max"] = "1000 100000\n";
    CHECK(quota(files) == 0.5);
}

TEST(control_groups_1_limit_cpu_time) {
    Files files = { { "/proc/self/cgroup", "9:cpuset:/set\n4:cpu,cpuacct:/a/b\n0::/c\n" }, { "/proc/self/mountinfo", version_1 } };
    files[folder_1 + "/a/b/cpu.cfs_quota_us"] = "-1\n";
    files[folder_1 + "/a/b/cpu.cfs_period_us"] = "100000\n";
    CHECK(quota(files) == unlimited);
    files[folder_1 + "/a/cpu.cfs_quota_us"] = "300000\n";
    CHECK(quota(files) == unlimited); // unknown period
    files[folder_1 + "/a/cpu.cfs_period_us"] = "100000\n";
    CHECK(quota(files) == 3);
}

TEST(both_versions_of_control_groups_count) {
    Files files = { { "/proc/self/cgroup", "4:cpu,cpuacct:/a\n0::/a\n" } };
    files["/proc/self/mountinfo"] = version_1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    files[folder_1 + "/a/cpu.cfs_quota_us"] = "300000";
    files[folder_1 + "/a/cpu.cfs_period_us"] = "100000";
    CHECK(quota(files) == 3);
    files["/sys/fs/cgroup/unified/a/cpu.max"] = "200000 100000";
    CHECK(quota(files) == 2);
}

TEST(a_container_that_sees_only_its_own_group_has_its_limit) {
    Files files = { { "/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc/inner\n" } };
    files["/proc/self/mountinfo"] = "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
    files["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "250000";
    files["/sys/fs/cgroup/cpu/cpu.cfs_period_us"] = "100000";
    CHECK(quota(files) == 2.5);
    files["/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us"] = "100000";
    files["/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us"] = "100000";
    CHECK(quota(files) == 1);
    files["/proc/self/cgroup"] = "4:cpu,cpuacct:/docker/abcd/inner\n"; // not below the mount point
    CHECK(quota(files) == 2.5);
}

TEST(what_says_no_limit_is_none) {
    CHECK(quota({}) == unlimited);
    for (const char * text : { "", "\n", "max", "0 100000", "-1 100000", "100000", "100000 0", "100000 -1", "many 100000", "99999999999999999999 100000" }) {
        CHECK(quota({ { "/proc/self/cgroup", "0::/" }, { "/proc/self/mountinfo", version_2 }, { "/sys/fs/cgroup/cpu.max", text } }) == unlimited);
    }
    for (const char * text : { "", "\n\n", "0", "0:", ":::", "0::", "4:cpu,cpuacct:/a" }) {
        CHECK(quota({ { "/proc/self/cgroup", text }, { "/proc/self/mountinfo", version_2 }, { "/sys/fs/cgroup/a/cpu.max", "1 1" } }) == unlimited);
    }
    for (const char * text : { "", " - \n", "- cgroup2", "30 23 0:26 / - cgroup2 cgroup2 rw", "30 23 0:26 / /sys/fs/cgroup rw cgroup2 cgroup2 rw" }) {
        CHECK(quota({ { "/proc/self/cgroup", "0::/" }, { "/proc/self/mountinfo", text }, { "/sys/fs/cgroup/cpu.max", "1 1" } }) == unlimited);
    }
}

TEST(threads_have_a_core_and_time) {
    CHECK(threads_for(8, unlimited) == 8);
    CHECK(threads_for(8, 2) == 2);
    CHECK(threads_for(8, 1.5) == 2);
    CHECK(threads_for(8, 0.1) == 1);
    CHECK(threads_for(2, 16) == 2);
    CHECK(threads_for(0, unlimited) == 1);
    CHECK(default_threads() >= 1);
}
