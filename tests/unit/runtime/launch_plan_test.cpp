#include "engine/runtime/launch_plan.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

namespace {

LaunchPlan sample() {
    LaunchPlan plan;
    plan.container_id = "abc";
    plan.rootfs.layers = {"/l/1", "/l/2"};
    plan.rootfs.upper = "/u";
    MountStep step;
    step.kind = MountStep::Kind::tmpfs;
    step.target = "/tmp";
    step.uid_map = {{1, 2, 3}};
    plan.mounts = {step};
    plan.files = {{"/run/secrets/key", std::string("a\0b", 3), "", "ada", "", 0400}};
    plan.sysctls = {{"net/core/somaxconn", "1024"}};
    plan.namespaces.pid = NamespaceMode::host;
    plan.cgroup = {"/sys/fs/cgroup/x", {"/sys/fs/cgroup/memory/x"}};
    plan.process.args = {"sh", "", "-c"};
    plan.process.capabilities = 0xa80425fb;
    plan.process.oom_score_adj = -5;
    plan.process.rlimits = {{7, "nofile", 10, 20}};
    return plan;
}

}  // namespace

TEST_CASE("a launch plan comes back from its bytes as it was", "[runtime][plan]") {
    const LaunchPlan plan = sample();
    const std::string bytes = serialize(plan);
    const LaunchPlan back = parse_launch_plan(bytes);
    CHECK(serialize(back) == bytes);
    CHECK(back.process.args == plan.process.args);
    CHECK(back.files.at(0).content == std::string("a\0b", 3));
    CHECK(back.process.oom_score_adj == -5);
    CHECK(back.mounts.at(0).uid_map.at(0).count == 3);
    CHECK(back.namespaces.pid == NamespaceMode::host);
    CHECK(back.cgroup.v1_dirs == plan.cgroup.v1_dirs);
}

TEST_CASE("bytes that are cut anywhere are refused, none are believed", "[runtime][plan]") {
    const std::string bytes = serialize(sample());
    for (size_t size = 0; size < bytes.size(); ++size) {
        CHECK_THROWS_AS(parse_launch_plan(std::string_view{bytes}.substr(0, size)), Error);
    }
    CHECK_THROWS_AS(parse_launch_plan(bytes + "x"), Error);
    CHECK_THROWS_AS(parse_exec_plan(bytes), Error);
}
