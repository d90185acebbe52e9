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
            address.clear();
            for (const EndpointRow& endpoint : row.endpoints) {
                if (address.empty()) {
                    address = endpoint.ipv4_gateway.empty() ? endpoint.ipv6_gateway : endpoint.ipv4_gateway;
                }
            }
            if (address.empty()) {
                address = "127.0.0.1";  // the host's own network
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

void Networks::write_files(const ContainerRow& row, const ContainerSpec& spec) const {
    const auto folder = paths_.container_run(row.id);
    const std::string hostname = spec.hostname.empty() ? row.id.substr(0, 12) : spec.hostname;
    const bool host = spec.network_mode == "host";
    auto own = own_entries(row, spec);
    const auto extra = extra_entries(row, spec);
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
    net::ResolvConfRequest request;
    request.dns = spec.dns;
    request.search = spec.dns_search;
    request.options = spec.dns_opt;
    const auto serving = serving_.find(row.id);
    request.embedded = serving != serving_.end() && serving->second.dns != nullptr;
    const auto conf = net::parse_resolv_conf(find_file("/etc/resolv.conf").value_or(""));
    write_in_place(folder / "resolv.conf", net::render_resolv_conf(conf, request, host));
}

}  // namespace stack::engine::supervisor
