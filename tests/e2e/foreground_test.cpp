#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"

using namespace stack::testing;

namespace {

constexpr const char* two_services = R"(services:
  polite:
    image: busybox
    command: ["sh", "-c", "trap 'echo goodbye; exit 0' TERM; echo polite is up; sleep 3600 & wait"]
  stubborn:
    image: busybox
    stop_grace_period: 1h
    command: ["sh", "-c", "trap '' TERM; echo stubborn is up; while true; do sleep 1; done"]
)";

}  // namespace

TEST_CASE("Ctrl-C of a foreground up stops everything gracefully", "[foreground]") {
    const Sandbox box{"front"};
    box.need_busybox();
    box.write("compose.yaml", two_services);
    Process up = box.start_tty({"up", "polite"});
    INFO(up.output());
    REQUIRE(up.wait_for("polite is up"));
    up.write("\x03");
    const Result result = up.wait();
    INFO(result.out);
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("Gracefully") != std::string::npos);
    CHECK(result.out.find("goodbye") != std::string::npos);
    CHECK(box.stack({"ps", "-q"}).out.empty());
    CHECK(box.stack({"ps", "-aq"}).out.size() == 65);  // stopped, not removed
}

TEST_CASE("a second Ctrl-C kills what does not stop", "[foreground]") {
    const Sandbox box{"front"};
    box.need_busybox();
    box.write("compose.yaml", two_services);
    Process up = box.start_tty({"up"});
    REQUIRE(up.wait_for("stubborn is up"));
    up.write("\x03");
    REQUIRE(up.wait_for("Gracefully"));
    up.write("\x03");
    const Result result = up.wait();
    INFO(result.out);
    CHECK(box.stack({"ps", "-q"}).out.empty());
    CHECK(box.stack({"ps", "-a"}).out.find("Exited (137)") != std::string::npos);
}

TEST_CASE("a foreground up ends with its containers and shows all they said", "[foreground]") {
    const Sandbox box{"short"};
    box.need_busybox();
    box.write("compose.yaml", R"(services:
  one: {image: busybox, command: ["sh", "-c", "echo first; echo second >&2; exit 4"]}
)");
    const Result up = box.stack({"up"});
    INFO(up.all());
    CHECK(up.exit_code == 0);
    CHECK(up.out.find("one-1  | first\n") != std::string::npos);
    CHECK(up.out.find("one-1  | second\n") != std::string::npos);
    CHECK(up.out.find("one-1 exited with code 4\n") != std::string::npos);
}

TEST_CASE("exit-code-from ends with the code of that service and stops the others", "[foreground]") {
    const Sandbox box{"code"};
    box.need_busybox();
    box.write("compose.yaml", R"(services:
  test: {image: busybox, command: ["sh", "-c", "exit 9"]}
  server: {image: busybox, command: ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"]}
)");
    const Result up = box.stack({"up", "--exit-code-from", "test"});
    INFO(up.all());
    CHECK(up.exit_code == 9);
    CHECK(box.stack({"ps", "-q"}).out.empty());
}
