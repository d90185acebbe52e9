#include "net/hosts_file.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::net;

TEST_CASE("the hosts file has the standard names, then extra ones, then the container's own", "[net][hosts_file]") {
    CHECK(render_hosts_file({{"172.18.0.2", {"web.example", "web"}}}, {{"192.0.2.9", {"printer"}}}) ==
          "127.0.0.1\tlocalhost\n"
          "::1\tlocalhost ip6-localhost ip6-loopback\n"
          "fe00::\tip6-localnet\n"
          "ff00::\tip6-mcastprefix\n"
          "ff02::1\tip6-allnodes\n"
          "ff02::2\tip6-allrouters\n"
          "192.0.2.9\tprinter\n"
          "172.18.0.2\tweb.example web\n");
}

TEST_CASE("names and addresses that would break the file are refused", "[net][hosts_file]") {
    CHECK_THROWS_WITH(render_hosts_file({}, {{"192.0.2.9", {"a\n10.0.0.1 bank"}}}),
                      Catch::Contains("cannot be a host name"));
    CHECK_THROWS_WITH(render_hosts_file({}, {{"192.0.2.9 x", {"a"}}}), Catch::Contains("cannot be an address"));
    CHECK_THROWS_WITH(render_hosts_file({}, {{"192.0.2.9", {"#a"}}}), Catch::Contains("cannot be a host name"));
}

TEST_CASE("lines of an endpoint come and go, all others stay", "[net][hosts_file]") {
    const std::string mine = "127.0.0.1 localhost\n# mine\n10.1.0.2\told\n10.1.0.22 near";
    const std::string more = with_hosts_entries(mine, {{"10.2.0.2", {"web"}}});
    CHECK(more == mine + "\n10.2.0.2\tweb\n");
    CHECK(without_hosts_entries(more, {{"10.2.0.2", {}}, {"10.1.0.2", {}}}) ==
          "127.0.0.1 localhost\n# mine\n10.1.0.22 near\n");
    CHECK(without_hosts_entries("", {{"10.2.0.2", {}}}).empty());
}
