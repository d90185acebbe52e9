#include "compose/short/short_port.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace stack::compose;

namespace {

std::string read(std::string_view text) {
    const auto form = parse_short_port(text);
    if (form.problem) {
        return fmt::format("{}: {}; {}", form.problem->offset, form.problem->message, form.problem->hint);
    }
    const auto& ports = *form.parts;
    std::string out;
    for (std::size_t i = 0; i < ports.target.count(); ++i) {
        out += fmt::format("{}[{}]{}->{}/{}", i == 0 ? "" : " ", ports.host_ip, ports.published_as(i),
                           ports.target.first + i, ports.protocol);
    }
    return out;
}

}  // namespace

TEST_CASE("short ports are taken apart", "[compose][short]") {
    CHECK(read("80") == "[]->80/tcp");
    CHECK(read("8080:80") == "[]8080->80/tcp");
    CHECK(read("8080:80/UDP") == "[]8080->80/udp");
    CHECK(read("127.0.0.1:8080:80") == "[127.0.0.1]8080->80/tcp");
    CHECK(read("127.0.0.1::80") == "[127.0.0.1]->80/tcp");
    CHECK(read("[::1]:8080:80/sctp") == "[::1]8080->80/sctp");
    CHECK(read("::1:8080:80") == "[::1]8080->80/tcp");
    CHECK(read("3000-3001") == "[]->3000/tcp []->3001/tcp");
    CHECK(read("9000-9001:80-81") == "[]9000->80/tcp []9001->81/tcp");
    CHECK(read("3000-3005:80") == "[]3000-3005->80/tcp");
    CHECK(read("0:80") == "[]0->80/tcp");
}

TEST_CASE("a text that is no port says where and why", "[compose][short]") {
    CHECK(read("").starts_with("0: is empty"));
    CHECK(read("80:").starts_with("3: has no container port in '80:'"));
    CHECK(read("80:web").starts_with("3: has 'web' where the container port is wanted"));
    CHECK(read("70000:80") == "0: has the host port 70000, which is above 65535; ports go from 1 to 65535");
    CHECK(read("80:0").starts_with("3: has the container port 0"));
    CHECK(read("90-80:80") == "0: has the host ports 90-80, which run backwards; write 80-90");
    CHECK(read("80: 80") == "3: has a space around the container port ' 80'; remove the space");
    CHECK(read("8000-8002:80-81") ==
          "0: publishes 2 container ports on 3 host ports; make both ranges equally long, such as 8000-8001:80-81");
    CHECK(read("localhost:80:80") == "0: has 'localhost' where an address of the host is wanted; write 127.0.0.1");
    CHECK(read("80:80/tpc") == "6: has the unknown protocol 'tpc'; did you mean 'tcp'?");
    CHECK(read(std::string(100'000, '8')).size() < 400);
}
