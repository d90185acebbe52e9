#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "desired/container_spec.hpp"

namespace stack::runtime {

/// One line of the device allow-list: what is on no line is refused. Type 'a' (all), 'b' or 'c'; -1 = every number.
struct DeviceRule {
    char type{'a'};
    std::int64_t major{-1}, minor{-1};
    std::string access{"rwm"};  ///< read, write, mknod

    friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

/// "c 1:3 mr", "a *:* rwm" (Documentation/admin-guide/cgroup-v1/devices.rst; docker --device-cgroup-rule).
/// Throws Errc::invalid_input.
DeviceRule parse_device_rule(std::string_view text);
std::string to_string(const DeviceRule& rule);

/// The list of every container: the nodes of its /dev, terminals, and mknod (which opens nothing by itself).
const std::vector<DeviceRule>& default_device_rules();
/// Default list plus the devices and rules of the spec; one rule for everything when privileged.
std::vector<DeviceRule> device_rules(const desired::ContainerSpec& spec);

}  // namespace stack::runtime
