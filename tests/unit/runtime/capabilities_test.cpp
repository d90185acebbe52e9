#include "engine/runtime/capabilities.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

TEST_CASE("the default set is Docker's fourteen", "[runtime][capabilities]") {
    CHECK(default_capabilities() == 0xa80425fb);
}

TEST_CASE("names are taken with and without CAP_ and in any case", "[runtime][capabilities]") {
    CHECK(capability_bit("NET_ADMIN") == capability_bit("cap_net_admin"));
    CHECK(capability_name(12) == "CAP_NET_ADMIN");
    try {
        capability_bit("NET_ADMN");
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.hint() == "did you mean 'net_admin'?");
    }
}

TEST_CASE("ALL in add and in drop", "[runtime][capabilities]") {
    CHECK(merge_capabilities({}, {"ALL"}) == 0);
    CHECK(merge_capabilities({"CHOWN"}, {"all"}) == capability_bit("CHOWN"));
    CHECK((merge_capabilities({"ALL"}, {"SYS_ADMIN"}) & capability_bit("SYS_ADMIN")) == 0);
    CHECK(merge_capabilities({"NET_ADMIN"}, {"CHOWN"}) ==
          ((default_capabilities() | capability_bit("NET_ADMIN")) & ~capability_bit("CHOWN")));
}
