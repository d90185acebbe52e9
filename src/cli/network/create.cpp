#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "cli/event_text.hpp"
#include "cli/network/network_room.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

using net::IpAddress;
using net::PoolRequest;
using net::Subnet;

/// The pool whose subnet holds an address; the Docker CLI refuses one that lies in none.
PoolRequest& pool_with(std::vector<PoolRequest>& pools, const IpAddress& address, const std::string& what) {
    const auto found = std::find_if(pools.begin(), pools.end(),
                                    [&](const auto& pool) { return Subnet::parse(pool.subnet).contains(address); });
    if (found == pools.end()) {
        throw UsageError{fmt::format("no matching subnet for {}", what)};
    }
    return *found;
}

std::string& unset(std::string& member, const std::string& flag, const std::string& value) {
    if (!member.empty()) {
        throw UsageError{fmt::format("--{} {}: its subnet has one already", flag, value)};
    }
    return member;
}

std::vector<PoolRequest> pools_of(const Flags& flags) {
    std::vector<PoolRequest> pools;
    for (const std::string& subnet : flags.values("subnet")) {
        pools.push_back({subnet, {}, {}, {}});
    }
    for (const std::string& range : flags.values("ip-range")) {
        auto& pool = pool_with(pools, Subnet::parse(range).base, "range " + range);
        unset(pool.ip_range, "ip-range", range) = range;
    }
    for (const std::string& gateway : flags.values("gateway")) {
        auto& pool = pool_with(pools, IpAddress::parse(gateway), "gateway " + gateway);
        unset(pool.gateway, "gateway", gateway) = gateway;
    }
    for (const auto& [name, address] : map_of(flags.values("aux-address"))) {
        pool_with(pools, IpAddress::parse(address), "aux-address " + address).aux_addresses[name] = address;
    }
    return pools;
}

net::NetworkRequest request_of(const Flags& flags) {
    net::NetworkRequest request;
    request.name = flags.words()[0];
    request.driver = flags.value_or("driver", "bridge");
    request.driver_opts = map_of(flags.values("opt"));
    request.labels = map_of(flags.values("label"));
    request.pools = pools_of(flags);
    request.ipam_driver = flags.value_or("ipam-driver", "default");
    request.internal = flags.on("internal");
    request.attachable = flags.on("attachable");
    request.enable_ipv4 = !flags.given("ipv4") || flags.on("ipv4");
    request.enable_ipv6 =
        flags.on("ipv6") ||
        (!flags.given("ipv6") && std::any_of(request.pools.begin(), request.pools.end(), [](const PoolRequest& pool) {
            return Subnet::parse(pool.subnet).base.is_v6();
        }));
    return request;
}

}  // namespace

int create_network(Context& context, const Flags& flags) {
    if (const std::string scope = flags.value_or("scope", "local"); scope != "local") {
        throw Error{Errc::unsupported, fmt::format("there are no networks of scope '{}': one host only", scope)};
    }
    NetworkRoom room{context.paths};
    const net::Network made = room.store.create_network(request_of(flags));
    record_event(context, "network", "create", made.name);
    fmt::print("{}\n", made.id);
    return 0;
}

}  // namespace stack::cli
