#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/address.hpp"

namespace stack::net {

using StringMap = std::map<std::string, std::string>;

/// One address pool of a network. As a request everything may be empty; in a Network subnet and gateway are filled in
/// (no gateway on internal macvlan and none networks).
struct PoolRequest {
    std::string subnet, gateway, ip_range;  ///< CIDR, address, CIDR
    StringMap aux_addresses;                ///< name → address that is never given out
};

struct NetworkRequest {
    std::string name;
    std::string driver{"bridge"};  ///< bridge, macvlan, ipvlan, host, none (or "null")
    StringMap driver_opts;         ///< com.docker.network.bridge.*, parent, …; unknown ones are refused
    StringMap labels;
    std::vector<PoolRequest> pools;
    std::string ipam_driver;  ///< "" or "default"
    bool internal{false}, attachable{false};
    bool enable_ipv4{true}, enable_ipv6{false};
};

struct Pool {
    Subnet subnet;
    std::optional<IpAddress> gateway;
    std::optional<Subnet> ip_range;
    std::map<std::string, IpAddress> aux_addresses;
};

/// A network as it lies in the state database.
struct Network {
    std::string id;  ///< 64 hex digits
    std::string name;
    std::string driver;  ///< bridge, macvlan, ipvlan, host, null
    std::string link;    ///< bridge: name of the bridge; macvlan: its parent; else empty
    StringMap driver_opts, labels;
    std::vector<Pool> pools;  ///< IPv4 first
    std::string ipam_driver{"default"};
    bool internal{false}, attachable{false};
    bool enable_ipv4{true}, enable_ipv6{false};
    bool standing{false};        ///< bridge, host, none: cannot be removed
    std::int64_t created_ns{0};  ///< since the epoch

    const Pool* pool_v4() const noexcept;
    const Pool* pool_v6() const noexcept;

    // driver_opts, read with their defaults
    int mtu() const;                   ///< 0: the kernel's default
    bool icc() const;                  ///< containers of it may talk to each other
    bool keeps_apart() const;          ///< a bridge without icc
    bool masquerade() const;           ///< going out, they get the host's address
    std::string host_binding() const;  ///< host address for ports published without one; empty: all
};

}  // namespace stack::net
