#include <catch2/catch.hpp>

#include "engine/runtime/cgroup.hpp"

using namespace stack::runtime;

TEST_CASE("a pure v2 host has one tree with all controllers", "[runtime][cgroup]") {
    const auto host =
        CgroupHost::parse("30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
                          "cpuset cpu io memory pids\n");
    CHECK(host.pure_v2());
    CHECK(host.v2_root() == "/sys/fs/cgroup");
    CHECK(host.v2_has("io"));
    CHECK_FALSE(host.v2_has("devices"));
}

TEST_CASE("a mixed host has v1 trees, with joint controllers, and a v2 tree for grouping", "[runtime][cgroup]") {
    const auto host = CgroupHost::parse(
        "31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 24 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "33 24 0:29 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw\n",
        "");
    CHECK_FALSE(host.pure_v2());
    CHECK(host.v1_root("cpuacct") == "/sys/fs/cgroup/cpu,cpuacct");
    CHECK(host.v1_root("memory").empty());
    CHECK(host.v2_root() == "/sys/fs/cgroup/uni fied");
}

TEST_CASE("lines that are no mounts are passed over", "[runtime][cgroup]") {
    const auto host = CgroupHost::parse("rubbish\n1 2 3\n- - - - - - -\n", "");
    CHECK(host.v2_root().empty());
    CHECK(host.roots().empty());
}
