#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/address.hpp"

namespace stack::net {

/// resolv.conf(5) as far as it concerns us. Unknown lines are skipped.
struct ResolvConf {
    std::vector<IpAddress> nameservers;
    std::vector<std::string> search;
    std::vector<std::string> options;
};
ResolvConf parse_resolv_conf(std::string_view text);

/// What the container asked for; empty lists mean the host's. `search` of "." means: none.
struct ResolvConfRequest {
    std::vector<std::string> dns, search, options;
    /// With the embedded server (user-defined networks) the only nameserver is 127.0.0.11; without it (default bridge,
    /// host) the nameservers of the container or of the host are written themselves.
    bool embedded{true};
};
/// Text of a container's /etc/resolv.conf. With the embedded server `ndots:0` is added unless ndots is among the
/// options: service names are single labels. Without it loopback nameservers of the host, which a container cannot
/// reach, are left out unless `host_network`.
std::string render_resolv_conf(const ResolvConf& host, const ResolvConfRequest& request, bool host_network = false);

}  // namespace stack::net
