#pragma once

#include <string>
#include <vector>

#include "net/address.hpp"

namespace stack::net {

struct HostsEntry {
    std::string address;
    std::vector<std::string> names;
};

/// Text of a container's /etc/hosts: the standard entries, then `own` (its addresses with hostname), then `extra`
/// (extra_hosts, links). Names that would break the file's lines are refused (Errc::invalid_input).
std::string render_hosts_file(const std::vector<HostsEntry>& own, const std::vector<HostsEntry>& extra);

}  // namespace stack::net
