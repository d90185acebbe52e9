#include "engine/runtime/device_rules.hpp"

#include <catch2/catch.hpp>

#include "engine/runtime/device_filter.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

TEST_CASE("device rules are read as the kernel writes them", "[runtime][devices]") {
    CHECK(parse_device_rule("c 1:3 mr") == DeviceRule{'c', 1, 3, "mr"});
    CHECK(parse_device_rule(" b  8:* rwm ") == DeviceRule{'b', 8, -1, "rwm"});
    CHECK(to_string(parse_device_rule("a *:* rwm")) == "a *:* rwm");
    for (const char* wrong : {"", "c 1:3", "x 1:3 r", "c 1 r", "c 1:3 rx", "c -1:3 r", "c 1:99999999999 r"}) {
        CHECK_THROWS_AS(parse_device_rule(wrong), Error);
    }
}

TEST_CASE("a privileged container's program permits everything, the default one ends in refusal",
          "[runtime][devices]") {
    desired::ContainerSpec spec;
    spec.privileged = true;
    CHECK(device_rules(spec) == std::vector<DeviceRule>{DeviceRule{}});
    const auto all = device_program(device_rules(spec));
    CHECK(all.at(all.size() - 2).imm == 1);
    const auto some = device_program(default_device_rules());
    CHECK(some.at(some.size() - 2).imm == 0);
}

TEST_CASE("a device that the host does not have is refused by name", "[runtime][devices]") {
    desired::ContainerSpec spec;
    spec.devices = {{"/dev/no-such-device", "/dev/x", "rwm"}};
    CHECK_THROWS_WITH(device_rules(spec), Catch::Contains("/dev/no-such-device"));
}
