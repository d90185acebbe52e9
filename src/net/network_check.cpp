#include "net/network_check.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <net/if.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

struct Option {
    std::string_view driver, key;
    void (*check)(const std::string& key, const std::string& value);
};

[[noreturn]] void refuse(const std::string& key, const std::string& value, std::string_view wanted) {
    throw Error(Errc::invalid_input,
                fmt::format("driver option '{}' is '{}', not {}", key, abbreviate(value, 60), wanted));
}

void boolean(const std::string& key, const std::string& value) {
    if (value != "true" && value != "false" && value != "1" && value != "0") {
        refuse(key, value, "true or false");
    }
}

void link_name(const std::string& key, const std::string& value) {
    const bool good = !value.empty() && value.size() < IFNAMSIZ && value != "." && value != ".." &&
                      std::none_of(value.begin(), value.end(), [](char c) {
                          return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == ':' || c == '"';
                      });
    if (!good) {
        refuse(key, value, "the name of a link (1 to 15 characters without '/', ':' and blanks)");
    }
}

void mtu(const std::string& key, const std::string& value) {
    constexpr std::int64_t smallest = 68, largest = 65535;
    const auto number = parse_int(value);
    if (!number || *number < smallest || *number > largest) {
        refuse(key, value, "a number from 68 to 65535");
    }
}

void ipv4(const std::string& key, const std::string& value) {
    const auto address = IpAddress::find(value);
    if (!address || address->is_v6()) {
        refuse(key, value, "an IPv4 address");
    }
}

void macvlan_mode(const std::string& key, const std::string& value) {
    if (value != "bridge" && value != "private" && value != "vepa" && value != "passthru") {
        refuse(key, value, "bridge, private, vepa or passthru");
    }
}

void ipvlan_mode(const std::string& key, const std::string& value) {
    if (value != "l2" && value != "l3" && value != "l3s") {
        refuse(key, value, "l2, l3 or l3s");
    }
}

constexpr std::array options{
    Option{"bridge", "com.docker.network.bridge.name", link_name},
    Option{"bridge", "com.docker.network.bridge.default_bridge", boolean},
    Option{"bridge", "com.docker.network.bridge.enable_icc", boolean},
    Option{"bridge", "com.docker.network.bridge.enable_ip_masquerade", boolean},
    Option{"bridge", "com.docker.network.bridge.host_binding_ipv4", ipv4},
    Option{"bridge", "com.docker.network.driver.mtu", mtu},
    Option{"bridge", "com.docker.network.container_iface_prefix", link_name},
    Option{"macvlan", "parent", link_name},
    Option{"macvlan", "macvlan_mode", macvlan_mode},
    Option{"macvlan", "com.docker.network.driver.mtu", mtu},
    Option{"ipvlan", "parent", link_name},
    Option{"ipvlan", "ipvlan_mode", ipvlan_mode},
    Option{"ipvlan", "com.docker.network.driver.mtu", mtu},
};

void check_option(const NetworkRequest& request, const std::string& key, const std::string& value) {
    std::vector<std::string> known;
    for (const Option& option : options) {
        if (option.driver == request.driver) {
            known.emplace_back(option.key);
            if (option.key == key) {
                option.check(key, value);
                return;
            }
        }
    }
    Error error{Errc::unsupported,
                fmt::format("network driver '{}' has no option '{}'", request.driver, abbreviate(key, 80))};
    if (const auto meant = nearest(key, known)) {
        error.set_hint(fmt::format("did you mean '{}'?", *meant));
    }
    throw error;
}

void check_name(const std::string& name) {
    const auto good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const bool fine = !name.empty() && good(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
        return good(c) || c == '_' || c == '.' || c == '-';
    });
    if (!fine) {
        throw Error(Errc::invalid_input, fmt::format("'{}' cannot be the name of a network", abbreviate(name, 80)))
            .hint("names begin with a letter or digit and go on with letters, digits, '_', '.' and '-'");
    }
}

void check_pools(const NetworkRequest& request) {
    if (!request.ipam_driver.empty() && request.ipam_driver != "default") {
        throw Error(Errc::unsupported, fmt::format("there is no ipam driver '{}'", request.ipam_driver))
            .hint("the only one is 'default'");
    }
    std::vector<Subnet> subnets;
    for (const auto& pool : request.pools) {
        if (pool.subnet.empty()) {
            if (!pool.gateway.empty() || !pool.ip_range.empty() || !pool.aux_addresses.empty()) {
                throw Error(Errc::invalid_input,
                            fmt::format("network '{}' has a pool with addresses but no subnet", request.name));
            }
            continue;
        }
        const Subnet subnet = Subnet::parse(pool.subnet);
        for (const auto& other : subnets) {
            if (other.overlaps(subnet)) {
                throw Error(Errc::invalid_input, fmt::format("subnets {} and {} of network '{}' overlap",
                                                             to_string(other), to_string(subnet), request.name));
            }
        }
        subnets.push_back(subnet);
        if (subnet.base.is_v6() && !request.enable_ipv6) {
            throw Error(Errc::invalid_input, fmt::format("network '{}' has the IPv6 subnet {} but IPv6 is not enabled",
                                                         request.name, to_string(subnet)))
                .hint("set enable_ipv6: true");
        }
    }
}

}  // namespace

void check_request(const NetworkRequest& request) {
    check_name(request.name);
    if (request.driver == "host" || request.driver == "null" || request.driver == "none") {
        throw Error(Errc::invalid_input,
                    fmt::format("there is one network of driver '{}', and it is there", request.driver))
            .hint(fmt::format("use the network '{}'", request.driver == "host" ? "host" : "none"));
    }
    if (request.driver != "bridge" && request.driver != "macvlan" && request.driver != "ipvlan") {
        throw Error(Errc::unsupported, fmt::format("there is no network driver '{}'", abbreviate(request.driver, 60)))
            .hint("the drivers are bridge, macvlan and ipvlan");
    }
    if (!request.enable_ipv4 && !request.enable_ipv6) {
        throw Error(Errc::invalid_input, fmt::format("network '{}' has neither IPv4 nor IPv6", request.name));
    }
    for (const auto& [key, value] : request.driver_opts) {
        check_option(request, key, value);
    }
    check_pools(request);
}

}  // namespace stack::net
