#pragma once

#include <string>
#include <string_view>
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

/// `text` with these lines at its end, or without all lines of their addresses; every other line as it is.
std::string with_hosts_entries(const std::string& text, const std::vector<HostsEntry>& entries);
std::string without_hosts_entries(const std::string& text, const std::vector<HostsEntry>& entries);
/// `text` with another address in the lines that have this name alone.
std::string with_hosts_entry_moved(const std::string& text, std::string_view name, const std::string& address);

}  // namespace stack::net
