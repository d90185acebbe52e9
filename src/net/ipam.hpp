#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/network.hpp"

/// Choosing subnets and addresses. Pure.
namespace stack::net::ipam {

/// Subnets for networks that ask for none, in this order, as Docker's: 172.17-31/16, then 192.168.0/20 …
/// 192.168.240/20.
const std::vector<Subnet>& default_pools_v4();
/// The first default pool that overlaps nothing in `taken`; Errc::conflict when all are used up.
Subnet choose_pool_v4(const std::vector<Subnet>& taken);
/// A /64 of fd00::/8 (RFC 4193) that overlaps nothing in `taken`; made from `seed`, so that a root's networks stay
/// recognisable but differ between hosts.
Subnet choose_pool_v6(const std::vector<Subnet>& taken, const std::string& seed);

/// Checks a request's pool: gateway, ip_range and aux_addresses lie in the subnet and none is its network or broadcast
/// address. An empty gateway becomes the first address of the range, if `wants_gateway`. Errc::invalid_input.
Pool check_pool(const PoolRequest& request, const Subnet& subnet, bool wants_gateway);

/// The next free address at or behind `hint` in the range (or subnet), wrapping at its end. Never the network and
/// broadcast address, the gateway or an aux address. nullopt: the pool is used up.
std::optional<IpAddress> next_address(const Pool& pool, const IpAddress& hint,
                                      const std::function<bool(const IpAddress&)>& is_taken);
/// Whether a wanted address may be used at all. Throws Errc::invalid_input or conflict with the reason.
void check_static(const Pool& pool, const IpAddress& wanted);

}  // namespace stack::net::ipam
