#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include "engine/supervisor/networks.hpp"
#include "net/hosts_file.hpp"
#include "net/resolv_conf.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

using desired::ContainerSpec;

std::vector<net::HostsEntry> own_entries(const ContainerRow& row, const ContainerSpec& spec) {
    const std::string hostname = spec.hostname.empty() ? row.id.substr(0, 12) : spec.hostname;
    std::vector<std::string> names;
    if (!spec.domainname.empty()) {
        names.push_back(hostname + "." + spec.domainname);
    }
    names.push_back(hostname);
    std::vector<net::HostsEntry> entries;
    for (const EndpointRow& endpoint : row.endpoints) {
        for (const std::string& address : {endpoint.ipv4, endpoint.ipv6}) {
            if (!address.empty()) {
                entries.push_back({address, names});
            }
        }
    }
    return entries;
}

/// extra_hosts: "name:address" or "name=address"; an IPv6 address has colons of its own.
std::vector<net::HostsEntry> extra_entries(const ContainerRow& row, const ContainerSpec& spec) {
    std::vector<net::HostsEntry> entries;
    for (const std::string& text : spec.extra_hosts) {
        const size_t separator = text.find_first_of(":=");
        if (separator == std::string::npos) {
            throw Error(Errc::invalid_input, fmt::format("invalid extra host '{}': expected name:address", text));
        }
        std::string address = text.substr(separator + 1);
        if (address == "host-gateway") {
            address = host_address(row, spec);
            if (address.empty()) {
                throw Error(Errc::invalid_input,
                            fmt::format("extra host '{}': the container has no network that the host is in", text));
            }
        }
        if (address.starts_with('[') && address.ends_with(']')) {
            address = address.substr(1, address.size() - 2);
        }
        entries.push_back({address, {text.substr(0, separator)}});
    }
    return entries;
}

/// A container may have the file bound already: keep its inode (a rename would not be seen inside).
void write_in_place(const std::filesystem::path& file, const std::string& content) {
    write_file(file, content, 0644);
}

}  // namespace

std::string host_address(const ContainerRow& row, const ContainerSpec& spec) {
    for (const EndpointRow& endpoint : row.endpoints) {
        if (!endpoint.ipv4_gateway.empty() || !endpoint.ipv6_gateway.empty()) {
            return endpoint.ipv4_gateway.empty() ? endpoint.ipv6_gateway : endpoint.ipv4_gateway;
        }
    }
    return spec.network_mode == "host" ? "127.0.0.1" : "";
}

void Networks::write_files(const ContainerRow& row, const ContainerSpec& spec) const {
    const auto folder = paths_.container_run(row.id);
    const std::string hostname = spec.hostname.empty() ? row.id.substr(0, 12) : spec.hostname;
    const bool host = spec.network_mode == "host";
    auto own = own_entries(row, spec);
    auto extra = extra_entries(row, spec);
    const bool named = std::any_of(extra.begin(), extra.end(), [](const auto& it) { return it.names[0] == host_name; });
    const auto served = serving_.find(row.id);
    const bool has_dns = served != serving_.end() && served->second.dns != nullptr;  // which knows the name
    if (const std::string address = host_address(row, spec); !named && !has_dns && !address.empty()) {
        extra.push_back({address, {host_name}});
    }
    std::string hosts = net::render_hosts_file(own, extra);
    if (host) {
        // With the host's network its names hold too.
        hosts = find_file("/etc/hosts").value_or(hosts);
        for (const auto& entry : extra) {
            hosts += fmt::format("{}\t{}\n", entry.address, fmt::join(entry.names, " "));
        }
    }
    write_in_place(folder / "hosts", hosts);
    write_in_place(folder / "hostname", hostname + "\n");
    write_resolv_conf(row, spec);
}

void Networks::write_resolv_conf(const ContainerRow& row, const ContainerSpec& spec) const {
    net::ResolvConfRequest request;
    request.dns = spec.dns;
    request.search = spec.dns_search;
    request.options = spec.dns_opt;
    const auto serving = serving_.find(row.id);
    request.embedded = serving != serving_.end() && serving->second.dns != nullptr;
    const auto conf = net::parse_resolv_conf(find_file("/etc/resolv.conf").value_or(""));
    write_in_place(paths_.container_run(row.id) / "resolv.conf",
                   net::render_resolv_conf(conf, request, spec.network_mode == "host"));
}

/// The name of a link whose container has another address now.
void Networks::move_in_hosts(const std::string& id, const std::string& name, const net::IpAddress& address) const {
    const auto file = paths_.container_run(id) / "hosts";
    if (const auto text = find_file(file)) {
        const std::string moved = net::with_hosts_entry_moved(*text, name, to_string(address));
        if (moved != *text) {
            write_in_place(file, moved);
        }
    }
}

/// Adds the lines of one endpoint, or takes them out; all others, the container's own changes too, stay.
void Networks::edit_hosts(const ContainerRow& row, const ContainerSpec& spec, const EndpointRow& endpoint,
                          bool present) const {
    const auto file = paths_.container_run(row.id) / "hosts";
    const auto text = find_file(file);
    if (!text) {
        return;
    }
    ContainerRow only = row;
    only.endpoints = {endpoint};
    const auto entries = own_entries(only, spec);
    write_in_place(file,
                   present ? net::with_hosts_entries(*text, entries) : net::without_hosts_entries(*text, entries));
}

}  // namespace stack::engine::supervisor
