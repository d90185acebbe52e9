#include "engine/runtime/plan_launch.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "engine/runtime/plan_process.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::runtime;

namespace {

struct Ground {
    TempDir dir{"/tmp", "plan-test"};
    LaunchInput input;
    Ground() {
        input.container_id = "abc";
        input.layers = {"/nowhere"};
        input.container_dir = dir.path() / "container";
        input.run_dir = dir.path() / "run";
        input.seccomp_cache = dir.path() / "seccomp";
        input.hostname = "short-id";
        input.image.cmd = desired::Strings{"serve"};
    }
    LaunchPlan plan() const { return make_launch_plan(input).plan; }
};

const MountStep* find(const LaunchPlan& plan, const std::string& target) {
    const auto found =
        std::find_if(plan.mounts.begin(), plan.mounts.end(), [&](const MountStep& m) { return m.target == target; });
    return found == plan.mounts.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("command and entrypoint of spec and image merge as with Docker", "[runtime][plan]") {
    Ground ground;
    ground.input.image.entrypoint = desired::Strings{"/init"};
    CHECK(ground.plan().process.args == desired::Strings{"/init", "serve"});
    ground.input.spec.command = desired::Strings{"other"};
    CHECK(ground.plan().process.args == desired::Strings{"/init", "other"});
    ground.input.spec.command.reset();
    ground.input.spec.entrypoint = desired::Strings{"/mine"};
    CHECK(ground.plan().process.args == desired::Strings{"/mine"});
    ground.input.spec.entrypoint = desired::Strings{};
    CHECK_THROWS_AS(ground.plan(), Error);
}

TEST_CASE("environment: ours, the image's, the service's, the later winning", "[runtime][plan]") {
    CHECK(merge_environment({"A=1", "B=2"}, {"B=3", "C=4", "A"}) == desired::Strings{"B=3", "C=4"});
    Ground ground;
    ground.input.image.env = {"PATH=/image", "X=1"};
    ground.input.spec.environment = {"X=2"};
    const auto env = ground.plan().process.env;
    CHECK(env == desired::Strings{"PATH=/image", "HOSTNAME=short-id", "X=2"});
}

TEST_CASE("privileged opens what it must: no filter, no masks, all capabilities", "[runtime][plan]") {
    Ground ground;
    ground.input.spec.privileged = true;
    const LaunchPlan plan = ground.plan();
    CHECK(plan.process.seccomp_file.empty());
    CHECK(plan.masked_paths.empty());
    CHECK(plan.process.capabilities == ~CapabilityMask{0});
    CHECK((find(plan, "/sys")->flags & MS_RDONLY) == 0);
}

TEST_CASE("a user's mount takes the place of a default one and comes behind its parent", "[runtime][plan]") {
    Ground ground;
    volumes::ResolvedMount deep, shm, shallow;
    deep.source = shallow.source = "/srv";
    deep.target = "/data/deep";
    shallow.target = "/data";
    shm.type = volumes::ResolvedMount::Type::tmpfs;
    shm.target = "/dev/shm";
    shm.tmpfs_data = "size=1m";
    ground.input.mounts = {deep, shm, shallow};
    const LaunchPlan plan = ground.plan();
    CHECK(std::count_if(plan.mounts.begin(), plan.mounts.end(),
                        [](const MountStep& m) { return m.target == "/dev/shm"; }) == 1);
    CHECK(find(plan, "/dev/shm")->data == "size=1m");
    CHECK(find(plan, "/data") < find(plan, "/data/deep"));
}

TEST_CASE("sysctls that belong to the host are refused", "[runtime][plan]") {
    Ground ground;
    ground.input.spec.sysctls = {{"net.core.somaxconn", "1024"}};
    CHECK(ground.plan().sysctls.at(0).name == "net/core/somaxconn");
    for (const char* name : {"kernel.core_pattern", "vm.swappiness", "net/../kernel/core_pattern", "kernel.panic"}) {
        ground.input.spec.sysctls = {{name, "1"}};
        CHECK_THROWS_AS(ground.plan(), Error);
    }
    ground.input.spec.sysctls = {{"net.core.somaxconn", "1024"}};
    ground.input.spec.network_mode = "host";
    CHECK_THROWS_AS(ground.plan(), Error);
}

TEST_CASE("on the host's network a container has the host's name unless it has one", "[runtime][plan]") {
    Ground ground;
    CHECK(ground.plan().hostname == "short-id");
    ground.input.spec.network_mode = "host";
    CHECK(ground.plan().hostname + "\n" == read_file("/proc/sys/kernel/hostname"));
    ground.input.spec.hostname = "kettle";
    CHECK(ground.plan().hostname == "kettle");
}

TEST_CASE("what cannot work here is said before anything is made", "[runtime][plan]") {
    Ground ground;
    ground.input.spec.userns = "auto";
    CHECK_THROWS_AS(ground.plan(), Error);
    ground.input.spec.userns.clear();
    ground.input.spec.ulimits = {{"nofile", 20, 10}};
    CHECK_THROWS_WITH(ground.plan(), Catch::Contains("above the hard limit"));
    ground.input.spec.ulimits = {{"files", 1, 1}};
    CHECK_THROWS_AS(ground.plan(), Error);
    ground.input.spec.ulimits.clear();
    ground.input.spec.security_opt = {"no-new-privilege"};
    CHECK_THROWS_AS(ground.plan(), Error);
    ground.input.spec.security_opt.clear();
    ground.input.spec.pid = "sideways";
    CHECK_THROWS_AS(ground.plan(), Error);
}

TEST_CASE("exec takes the container's settings and adds its own", "[runtime][plan]") {
    Ground ground;
    ground.input.spec.user = "ada";
    ground.input.spec.environment = {"X=1"};
    const LaunchPlan plan = ground.plan();
    ExecRequest request;
    request.args = {"id"};
    request.env = {"X=2"};
    const ExecPlan exec = make_exec_plan(plan, request);
    CHECK(exec.process.user == "ada");
    CHECK(exec.process.args == desired::Strings{"id"});
    CHECK(std::count(exec.process.env.begin(), exec.process.env.end(), "X=2") == 1);
    CHECK(exec.process.seccomp_file == plan.process.seccomp_file);
    request.privileged = true;
    CHECK(make_exec_plan(plan, request).process.seccomp_file.empty());
}
