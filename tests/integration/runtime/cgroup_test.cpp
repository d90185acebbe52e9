#include "engine/runtime/cgroup.hpp"

#include <catch2/catch.hpp>

#include "harness/test_root.hpp"
#include "integration/runtime/box.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

namespace {

/// What the kernel says in `file` of the container's cgroup, in whichever tree that is.
std::string limit_in(const Box& box, const std::string& file) {
    std::vector<std::string> dirs = box.cgroup().v1_dirs;
    dirs.push_back(box.cgroup().v2_dir);
    for (const std::string& dir : dirs) {
        if (const auto text = find_file(dir + "/" + file)) {
            return std::string{trim(*text)};
        }
    }
    return "no file " + file;
}

}  // namespace

TEST_CASE("a memory limit kills what goes beyond it and the kill is counted", "[runtime][cgroup]") {
    Box box;
    box.input.spec.resources.memory = std::int64_t{16} << 20U;
    const Finished done = box.run("dd if=/dev/zero of=/dev/null bs=64M count=1");
    REQUIRE_FALSE(done.outcome.failure);
    CHECK(done.exit_code != 0);
    CHECK(oom_kills(box.cgroup()) >= 1);
}

TEST_CASE("a pids limit stops a fork bomb", "[runtime][cgroup]") {
    Box box;
    box.input.spec.resources.pids_limit = 5;
    const Finished done = box.run("for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo survived");
    CHECK(done.out.find("survived") == std::string::npos);
    CHECK(done.err.find("fork") != std::string::npos);
}

TEST_CASE("only devices of the list can be opened, even by a node that the container makes",
          "[runtime][cgroup][devices]") {
    Box box;
    const Finished done =
        box.run("mknod /t c 10 200 && echo made; (exec 3</t) && echo opened; mknod /n c 1 3 && cat /n && echo null");
    CHECK(done.out == "made\nnull\n");
    CHECK(done.err.find("not permitted") != std::string::npos);
}

TEST_CASE("a device rule of the spec opens its device, privileged all", "[runtime][cgroup][devices]") {
    Box box;
    box.input.spec.device_cgroup_rules = {"c 10:200 rw"};
    CHECK(box.run("mknod /t c 10 200; exec 3</t && echo opened").out == "opened\n");
    Box privileged;
    privileged.input.spec.privileged = true;
    CHECK(privileged.run("mknod /t c 10 200; exec 3<>/t && echo opened").out == "opened\n");
}

TEST_CASE("freeze stops all processes and thaw lets them go on", "[runtime][cgroup]") {
    Box box;
    box.start("echo ready; exec sleep 1000");
    freeze_cgroup(box.cgroup());
    CHECK(is_frozen(box.cgroup()));
    thaw_cgroup(box.cgroup());
    CHECK_FALSE(is_frozen(box.cgroup()));
    CHECK(processes_in(box.cgroup()) == std::vector<pid_t>{box.pid()});
}

TEST_CASE("kill_cgroup ends everything and the cgroup can be removed", "[runtime][cgroup]") {
    Box box;
    box.start("sleep 1000 & sleep 1000 & echo ready; wait");
    CHECK(is_populated(box.cgroup()));
    kill_cgroup(box.cgroup());
    CHECK(box.wait() == 137);
    CHECK_FALSE(is_populated(box.cgroup()));
}

TEST_CASE("a limit can be set on a running container", "[runtime][cgroup]") {
    Box box;
    box.start("echo ready; exec sleep 1000");
    desired::Resources resources;
    resources.memory = std::int64_t{32} << 20U;
    std::vector<std::string> warnings;
    update_cgroup(CgroupHost::detect(), box.input.cgroup, resources, warnings);
    const CgroupUsage usage = read_usage(box.cgroup());
    CHECK(usage.memory_limit == std::uint64_t{32} << 20U);
    resources.memory = std::int64_t{64} << 20U;
    update_cgroup(CgroupHost::detect(), box.input.cgroup, resources, warnings);
    CHECK(read_usage(box.cgroup()).memory_limit == std::uint64_t{64} << 20U);
}

TEST_CASE("every limit is in the kernel's file for it, given at the start or later", "[runtime][cgroup]") {
    const bool at_start = GENERATE(true, false);
    desired::Resources resources;
    resources.memory = std::int64_t{64} << 20U;
    resources.memory_swap = std::int64_t{96} << 20U;
    resources.memory_reservation = std::int64_t{32} << 20U;
    resources.nano_cpus = 500'000'000;
    resources.cpu_shares = 512;
    resources.pids_limit = 50;
    resources.cpuset_cpus = "0";
    Box box;
    if (at_start) {
        box.input.spec.resources = resources;
    }
    box.start("echo ready; exec sleep 1000");
    if (!at_start) {
        update_cgroup(CgroupHost::detect(), box.input.cgroup, resources, box.warnings);
    }
    INFO((at_start ? "at the start" : "later"));
    for (const std::string& warning : box.warnings) {
        UNSCOPED_INFO(warning);
    }
    if (CgroupHost::detect().pure_v2()) {
        CHECK(limit_in(box, "memory.max") == "67108864");
        CHECK(limit_in(box, "memory.swap.max") == "33554432");  // without the memory
        CHECK(limit_in(box, "memory.low") == "33554432");
        CHECK(limit_in(box, "cpu.max") == "50000 100000");
        CHECK(limit_in(box, "cpu.weight") == "20");
    } else {
        CHECK(limit_in(box, "memory.limit_in_bytes") == "67108864");
        CHECK(limit_in(box, "memory.soft_limit_in_bytes") == "33554432");
        CHECK(limit_in(box, "cpu.cfs_quota_us") == "50000");
        CHECK(limit_in(box, "cpu.shares") == "512");
    }
    CHECK(limit_in(box, "pids.max") == "50");
    CHECK(limit_in(box, "cpuset.cpus") == "0");
    const CgroupUsage usage = read_usage(box.cgroup());
    CHECK(usage.memory_limit == std::uint64_t{64} << 20U);
    CHECK(usage.pids_limit == 50U);
    CHECK(processes_in(box.cgroup()) == std::vector<pid_t>{box.pid()});
}

TEST_CASE("a limit that comes later finds its controller on every level", "[runtime][cgroup]") {
    const testing::TestRoot root;
    const CgroupHost host = CgroupHost::detect();
    const std::string ours = "stack-" + root.paths().tag();
    CgroupSpec spec;
    spec.parent = ours + "/below";
    spec.name = "container";
    std::vector<std::string> warnings;
    CgroupPlacement placement = create_cgroup(host, spec, warnings);
    desired::Resources resources;
    resources.cpuset_cpus = "0";
    CHECK_NOTHROW(update_cgroup(host, placement, resources, warnings));
    remove_cgroup(placement);
    remove_parent_cgroup(host, spec.parent);
    remove_parent_cgroup(host, ours);
}

TEST_CASE("exec runs in the container's cgroup and below its limits", "[runtime][cgroup][exec]") {
    Box box;
    box.input.spec.resources.pids_limit = 50;
    box.start("echo ready; exec sleep 1000");
    const Finished done = box.exec("cat /proc/self/cgroup");
    INFO(done.out);
    // Seen from its own cgroup namespace: the root of the tree that has the limit.
    CHECK(done.out.find(CgroupHost::detect().pure_v2() ? "0::/\n" : ":pids:/\n") != std::string::npos);
    CHECK(done.out.find(box.input.container_id) == std::string::npos);
}

TEST_CASE("a limit that the kernel refuses is told by its file", "[runtime][cgroup]") {
    Box box;
    box.input.spec.resources.cpuset_cpus = "4711";
    CHECK_THROWS_AS(box.make_cgroup(), Error);
}

TEST_CASE("usage tells CPU time, memory and processes without any limit", "[runtime][cgroup]") {
    Box box;
    box.start("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; exec sleep 1000");
    const CgroupUsage usage = read_usage(box.cgroup());
    CHECK(usage.cpu_ns.value_or(0) > 0);
    CHECK(usage.memory.value_or(0) > 0);
    CHECK(usage.pids == 1);
}
