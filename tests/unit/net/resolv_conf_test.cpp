#include "net/resolv_conf.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::net;

namespace {

const ResolvConf host = parse_resolv_conf(
    "# made by hand\n"
    "; old style\n"
    "domain old.example\n"
    "nameserver 127.0.0.53\n"
    "nameserver\t192.0.2.53 \n"
    "nameserver fe80::1%eth0\n"
    "nameserver nonsense\n"
    "search corp.example lab.example\n"
    "options ndots:2 timeout:1\n"
    "sortlist 10.0.0.0\n");

}  // namespace

TEST_CASE("resolv.conf is read as resolv.conf(5) tells, the last search wins", "[net][resolv_conf]") {
    CHECK(host.nameservers ==
          std::vector{IpAddress::parse("127.0.0.53"), IpAddress::parse("192.0.2.53"), IpAddress::parse("fe80::1")});
    CHECK(host.search == std::vector<std::string>{"corp.example", "lab.example"});
    CHECK(host.options == std::vector<std::string>{"ndots:2", "timeout:1"});
}

TEST_CASE("with the embedded server it is the only one, and single labels are asked as they are",
          "[net][resolv_conf]") {
    CHECK(render_resolv_conf(host, {}) ==
          "nameserver 127.0.0.11\nsearch corp.example lab.example\noptions timeout:1 ndots:0\n");
    CHECK(render_resolv_conf(host, {.dns = {"192.0.2.1"}, .search = {"."}, .options = {"ndots:5"}}) ==
          "nameserver 127.0.0.11\noptions ndots:5\n");
}

TEST_CASE("without it the container's own or the host's reachable resolvers are written", "[net][resolv_conf]") {
    CHECK(render_resolv_conf(
              host, {.dns = {"192.0.2.1"}, .search = {"example.com"}, .options = {"rotate"}, .embedded = false}) ==
          "nameserver 192.0.2.1\nsearch example.com\noptions rotate\n");
    CHECK(render_resolv_conf(host, {.search = {"."}, .options = {"a"}, .embedded = false}) ==
          "nameserver 192.0.2.53\nnameserver fe80::1\noptions a\n");
    CHECK(render_resolv_conf(host, {.search = {"."}, .options = {"a"}, .embedded = false}, true) ==
          "nameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fe80::1\noptions a\n");
}

TEST_CASE("a word cannot smuggle another line in", "[net][resolv_conf]") {
    CHECK_THROWS_AS(render_resolv_conf(host, {.search = {"a\nnameserver 10.0.0.1"}}), Error);
    CHECK_THROWS_AS(render_resolv_conf(host, {.options = {"a b"}}), Error);
}
