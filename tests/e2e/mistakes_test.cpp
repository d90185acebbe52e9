#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/leftovers.hpp"
#include "harness/sandbox.hpp"

using namespace stack::testing;

namespace {

/// What `up -d` says of this file. Nothing may be made by it.
Result up_with(const Sandbox& box, const std::string& file) {
    box.write("compose.yaml", file);
    const Result result = box.stack({"up", "-d"});
    CHECK(result.exit_code != 0);
    CHECK(box.stack({"ps", "-aq"}).out.empty());
    return result;
}

bool tells(const Result& result, const std::string& text) {
    UNSCOPED_INFO(result.all());
    return result.err.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("an unknown key is named with its place and the nearest right one", "[mistakes]") {
    const Sandbox box{"wrong"};
    const Result result = up_with(box, "services:\n  web:\n    image: busybox\n    restrat: always\n");
    CHECK(result.exit_code == 15);
    CHECK(tells(result, "restrat"));
    CHECK(tells(result, "compose.yaml:4:5"));
    CHECK(tells(result, "did you mean 'restart'?"));
}

TEST_CASE("an undefined volume is named with its place", "[mistakes]") {
    const Sandbox box{"wrong"};
    const Result result = up_with(box, "services:\n  web:\n    image: busybox\n    volumes: [\"data:/data\"]\n");
    CHECK(result.exit_code == 15);
    CHECK(tells(result, "data"));
    CHECK(tells(result, "compose.yaml:4:"));
}

TEST_CASE("a cycle in depends_on is told with its members", "[mistakes]") {
    const Sandbox box{"wrong"};
    const Result result =
        up_with(box, "services:\n  a: {image: busybox, depends_on: [b]}\n  b: {image: busybox, depends_on: [a]}\n");
    CHECK(result.exit_code == 15);
    CHECK(tells(result, "cycle"));
    CHECK(tells(result, "compose.yaml:2:"));
}

TEST_CASE("a missing image is named with its place and a way out", "[mistakes]") {
    const Sandbox box{"wrong"};
    const Result result = up_with(box, "services:\n  web:\n    image: nowhere/nothing:1\n");
    CHECK(result.exit_code == 1);
    CHECK(tells(result, "nowhere/nothing:1"));
    CHECK(tells(result, "compose.yaml:3:5"));
}

TEST_CASE("a port that is taken is told with its place, and nothing stays", "[mistakes]") {
    const Sandbox box{"wrong"};
    box.need_busybox();
    const stack::UniqueFd holder{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(holder.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(holder.get(), 1) == 0);
    REQUIRE(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    const std::string port = std::to_string(ntohs(address.sin_port));

    box.write(
        "compose.yaml",
        "services:\n  web:\n    image: busybox\n    command: sleep 3600\n    ports:\n      - \"127.0.0.1:" + port +
            ":80\"\n  other:\n    image: busybox\n    command: sleep 3600\n    volumes: [data:/data]\n"
            "volumes: {data: {}}\n");
    const Result result = box.stack({"up", "-d"});
    CHECK(result.exit_code == 1);
    CHECK(tells(result, port));
    CHECK(tells(result, "compose.yaml:6:9"));
    CHECK(tells(result, "start 'wrong-web-1'"));
    CHECK_FALSE(tells(result, "Creat"));
    CHECK(box.stack({"ps", "-aq"}).out.empty());
    CHECK(box.stack({"volume", "ls", "-q"}).out.empty());
    CHECK(settled_leftovers(box.paths()).empty());
}

TEST_CASE("two services that want one port are told before anything is made", "[mistakes]") {
    const Sandbox box{"wrong"};
    box.need_busybox();
    box.write("compose.yaml",
              "services:\n"
              "  a: {image: busybox, command: sleep 3600, ports: [\"127.0.0.1:28417:80\"]}\n"
              "  b: {image: busybox, command: sleep 3600, ports: [\"127.0.0.1:28417:80\"]}\n");
    const Result result = box.stack({"up", "-d"});
    CHECK(result.exit_code == 1);
    CHECK(tells(result, "compose.yaml:3:"));
    CHECK(tells(result, "start 'wrong-b-1'"));
    CHECK(box.stack({"ps", "-aq"}).out.empty());
}

TEST_CASE("replicas share out a range of host ports, and one too many is told", "[mistakes]") {
    const Sandbox box{"many"};
    box.need_busybox();
    box.write("compose.yaml",
              "services:\n  web:\n    image: busybox\n    command: sleep 3600\n    stop_signal: KILL\n"
              "    ports: [\"127.0.0.1:28420-28422:80\"]\n");
    REQUIRE(box.stack({"up", "-d", "--scale", "web=3"}).exit_code == 0);
    for (const char* port : {"28420", "28421", "28422"}) {
        CHECK(box.stack({"ps"}).out.find(std::string{"127.0.0.1:"} + port + "->80") != std::string::npos);
    }
    const Result result = box.stack({"up", "-d", "--scale", "web=4"});
    CHECK(result.exit_code == 1);
    CHECK(tells(result, "28420-28422"));
    CHECK(tells(result, "compose.yaml:6:"));
    CHECK(box.stack({"up", "-d", "--force-recreate", "--scale", "web=3"}).exit_code == 0);
}

TEST_CASE("without a compose file the exit code is the field's own", "[mistakes]") {
    const Sandbox box{"empty"};
    const Result result = box.stack({"up", "-d"});
    CHECK(result.exit_code == 14);
    CHECK(result.out.empty());
}
