#include <catch2/catch.hpp>

#include "integration/runtime/box.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

TEST_CASE("a container runs its command and gives its output and exit code", "[runtime][launch]") {
    Box box;
    const Finished done = box.run("echo hello; echo oops >&2; exit 7");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    REQUIRE_FALSE(done.outcome.failure);
    CHECK(done.out == "hello\n");
    CHECK(done.err == "oops\n");
    CHECK(done.exit_code == 7);
}

TEST_CASE("a container is PID 1 of its own namespaces and sees its own root", "[runtime][launch]") {
    Box box;
    box.input.spec.hostname = "kettle";
    const Finished done = box.run(
        "echo $$; hostname; cat /etc/only-in-the-container; ls /proc | grep -c '^[0-9]'; cat /proc/self/cgroup | tail "
        "-1");
    REQUIRE_FALSE(done.outcome.failure);
    CHECK(done.out.rfind("1\nkettle\nyes\n", 0) == 0);
}

TEST_CASE("exec enters the container's own root and namespaces", "[runtime][exec]") {
    Box box;
    box.input.spec.hostname = "kettle";
    box.start("echo written > /note; echo ready; exec sleep 1000");
    const Finished done = box.exec("hostname; cat /note /etc/only-in-the-container; ls -d /work 2>/dev/null; exit 3");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    CHECK(done.out == "kettle\nwritten\nyes\n");
    CHECK(done.exit_code == 3);
}
