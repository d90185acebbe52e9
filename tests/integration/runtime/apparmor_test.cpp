#include "engine/runtime/apparmor.hpp"

#include <csignal>

#include <catch2/catch.hpp>

#include "integration/runtime/box.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;
using Catch::Matchers::Contains;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

// Hidden: a kernel that runs AppArmor is needed, as the virtual machine's does (tests/vm).

TEST_CASE("containers and what is executed in them run under the default AppArmor profile", "[.apparmor]") {
    REQUIRE(host_has_apparmor());
    Box box;
    box.start("cat /proc/self/attr/current /proc/1/attr/current; echo ready; sleep 1000");
    CHECK(apparmor_profile_is_loaded(default_apparmor_profile));
    CHECK(read_file("/proc/" + std::to_string(box.pid()) + "/attr/current") == "stack-default (enforce)\n");
    CHECK(box.exec("cat /proc/self/attr/current").out == "stack-default (enforce)\n");
    ExecRequest privileged;
    privileged.args = {"cat", "/proc/self/attr/current"};
    privileged.privileged = true;
    CHECK(box.exec(privileged).out == "unconfined\n");
    box.kill(SIGKILL);  // the engine is let through
    CHECK(box.wait() == 137);
}

TEST_CASE("the AppArmor profile stands where other fences were opened", "[.apparmor]") {
    Box box;
    box.input.spec.cap_add = {"SYS_ADMIN"};
    box.input.spec.security_opt = {"systempaths=unconfined", "seccomp=unconfined"};
    const Finished done = box.run(
        "mount -t tmpfs none /mnt || echo no mount; "
        "echo h > /proc/sysrq-trigger || echo no sysrq; "
        "cat /proc/sys/kernel/panic > /proc/sys/kernel/panic || echo no panic; "
        "cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness || echo no swappiness; "
        "cat /proc/sys/kernel/shmmni > /proc/sys/kernel/shmmni && echo shm; "
        "echo 0 > /proc/self/oom_score_adj && echo own files; "
        "head -c 1 /proc/kcore || echo no kcore; "
        "sleep 1000 & kill $! && echo signal");
    CHECK(done.out == "no mount\nno sysrq\nno panic\nno swappiness\nshm\nown files\nno kcore\nsignal\n");
}

TEST_CASE("an init is under the profile of those that it starts, so that these may signal it", "[.apparmor]") {
    Box box;
    box.input.spec.init = true;
    CHECK(box.run("cat /proc/1/attr/current /proc/self/attr/current; kill -0 1 && echo signalled").out ==
          "stack-default (enforce)\nstack-default (enforce)\nsignalled\n");
}

TEST_CASE("AppArmor is left out where it is asked for, and by the privileged", "[.apparmor]") {
    const std::string current = "cat /proc/self/attr/current";
    Box unconfined;
    unconfined.input.spec.security_opt = {"apparmor=unconfined"};
    CHECK(unconfined.run(current).out == "unconfined\n");
    Box privileged;
    privileged.input.spec.privileged = true;
    CHECK(privileged.run(current).out == "unconfined\n");
    Box both;
    both.input.spec.privileged = true;
    both.input.spec.security_opt = {"apparmor=stack-default", "no-new-privileges"};
    CHECK(both.run(current).out == "stack-default (enforce)\n");
    Box missing;
    missing.input.spec.security_opt = {"apparmor=nowhere"};
    CHECK_THROWS_WITH(missing.run(current), Contains("the AppArmor profile 'nowhere' is not loaded on this host"));
}
