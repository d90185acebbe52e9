#include "net/address.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::net;

TEST_CASE("addresses are read and written in their usual form", "[net][address]") {
    for (const std::string text : {"0.0.0.0", "172.18.0.2", "255.255.255.255", "::", "::1", "fd00:1::2"}) {
        CHECK(to_string(IpAddress::parse(text)) == text);
    }
    CHECK(to_string(IpAddress::parse("[FD00::1]")) == "fd00::1");
    for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/8", "fd00::1%eth0", "localhost"}) {
        CHECK_FALSE(IpAddress::find(text));
    }
    CHECK_THROWS_WITH(IpAddress::parse("web"), "'web' is not an IP address");
}

TEST_CASE("counting addresses carries over bytes and wraps at the end", "[net][address]") {
    CHECK(to_string(IpAddress::parse("172.18.0.255").plus(1)) == "172.18.1.0");
    CHECK(to_string(IpAddress::parse("172.18.255.255").plus(2)) == "172.19.0.1");
    CHECK(to_string(IpAddress::parse("255.255.255.255").plus(1)) == "0.0.0.0");
    CHECK(to_string(IpAddress::parse("fd00::ffff:ffff").plus(1)) == "fd00::1:0:0");
}

TEST_CASE("subnets lose their host bits, and know what lies in them", "[net][address]") {
    const Subnet subnet = Subnet::parse("172.18.3.7/20");
    CHECK(to_string(subnet) == "172.18.0.0/20");
    CHECK(to_string(subnet.last()) == "172.18.15.255");
    CHECK(subnet.contains(IpAddress::parse("172.18.15.1")));
    CHECK_FALSE(subnet.contains(IpAddress::parse("172.18.16.1")));
    CHECK_FALSE(subnet.contains(IpAddress::parse("fd00::1")));
    CHECK(subnet.overlaps(Subnet::parse("172.16.0.0/12")));
    CHECK(Subnet::parse("0.0.0.0/0").overlaps(subnet));
    CHECK_FALSE(subnet.overlaps(Subnet::parse("172.18.16.0/20")));
    CHECK(to_string(Subnet::parse("fd00:1:2:3::1/64").last()) == "fd00:1:2:3:ffff:ffff:ffff:ffff");
    for (const std::string text : {"172.18.0.0", "172.18.0.0/33", "172.18.0.0/-1", "/8", "fd00::/129", "a/8"}) {
        CHECK_THROWS_AS(Subnet::parse(text), Error);
    }
}

TEST_CASE("MAC addresses follow the IPv4 address, and a multicast one is refused", "[net][address]") {
    CHECK(to_string(MacAddress::from_ipv4(IpAddress::parse("172.17.0.2"))) == "02:42:ac:11:00:02");
    CHECK(to_string(MacAddress::parse("02-42-AC-11-00-02")) == "02:42:ac:11:00:02");
    CHECK_THROWS_WITH(MacAddress::parse("01:00:5e:00:00:01"), Catch::Contains("multicast"));
    for (const std::string text : {"", "02:42", "02:42:ac:11:00:02:03", "02:42:ac:11:00:zz", "02:42:ac:11:00:002"}) {
        CHECK_THROWS_AS(MacAddress::parse(text), Error);
    }
}
