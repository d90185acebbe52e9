#include "net/network_check.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::net;

TEST_CASE("requests for networks that cannot be are refused in a sentence", "[net]") {
    CHECK_NOTHROW(check_request({.name = "blog_default"}));
    CHECK_THROWS_WITH(check_request({.name = "a b"}), "'a b' cannot be the name of a network");
    CHECK_THROWS_WITH(check_request({.name = "a", .driver = "overlay"}), "there is no network driver 'overlay'");
    CHECK_THROWS_WITH(check_request({.name = "a", .driver = "host"}),
                      Catch::Contains("there is one network of driver"));
    CHECK_THROWS_WITH(check_request({.name = "a", .ipam_driver = "weave"}), "there is no ipam driver 'weave'");
    CHECK_THROWS_WITH(check_request({.name = "a", .pools = {{.gateway = "10.0.0.1"}}}),
                      "network 'a' has a pool with addresses but no subnet");
    CHECK_THROWS_WITH(check_request({.name = "a", .pools = {{.subnet = "fd00::/64"}}}),
                      Catch::Contains("but IPv6 is not enabled"));
    CHECK_THROWS_WITH(check_request({.name = "a", .pools = {{.subnet = "10.0.0.0/16"}, {.subnet = "10.0.1.0/24"}}}),
                      "subnets 10.0.0.0/16 and 10.0.1.0/24 of network 'a' overlap");
}

TEST_CASE("driver options are checked, and a misspelt one is named", "[net]") {
    const auto with = [](const std::string& key, const std::string& value) {
        return NetworkRequest{.name = "a", .driver_opts = {{key, value}}};
    };
    CHECK_NOTHROW(check_request(with("com.docker.network.driver.mtu", "1400")));
    CHECK_THROWS_WITH(check_request(with("com.docker.network.driver.mtu", "12")), Catch::Contains("a number from 68"));
    CHECK_THROWS_WITH(check_request(with("com.docker.network.bridge.name", "a-name-that-is-long")),
                      Catch::Contains("the name of a link"));
    CHECK_THROWS_WITH(check_request(with("com.docker.network.bridge.enable_icc", "maybe")),
                      Catch::Contains("not true or false"));
    try {
        check_request(with("com.docker.network.bridge.enable_ic", "true"));
        FAIL("it was taken");
    } catch (const Error& error) {
        CHECK(error.code() == Errc::unsupported);
        CHECK(error.hint() == "did you mean 'com.docker.network.bridge.enable_icc'?");
    }
}
