#include <catch2/catch.hpp>

#include "integration/runtime/box.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

TEST_CASE("a container is filtered by seccomp unless it asks not to be", "[runtime][seccomp]") {
    Box box;
    CHECK(box.run("grep ^Seccomp: /proc/self/status").out == "Seccomp:\t2\n");
    Box free;
    free.input.spec.security_opt = {"seccomp=unconfined"};
    CHECK(free.run("grep ^Seccomp: /proc/self/status").out == "Seccomp:\t0\n");
    Box privileged;
    privileged.input.spec.privileged = true;
    CHECK(privileged.run("grep ^Seccomp: /proc/self/status").out == "Seccomp:\t0\n");
}

TEST_CASE("a profile of the user's decides alone", "[runtime][seccomp]") {
    Box box;
    box.input.spec.security_opt = {
        R"(seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]})"};
    const Finished done = box.run("mkdir /x; echo $?");
    CHECK(done.out == "1\n");
    INFO(done.err);
    CHECK(done.err.find("No space left") != std::string::npos);
}

TEST_CASE("exec is filtered as the container is", "[runtime][seccomp][exec]") {
    Box box;
    box.start("echo ready; exec sleep 1000");
    CHECK(box.exec("grep ^Seccomp: /proc/self/status").out == "Seccomp:\t2\n");
    ExecRequest request;
    request.args = {"grep", "-E", "^(Seccomp|CapEff):", "/proc/self/status"};
    request.privileged = true;
    CHECK(box.exec(request).out.find("Seccomp:\t0\n") != std::string::npos);
}
