#include "net/firewall.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "net/endpoint.hpp"
#include "net/netlink/socket.hpp"
#include "net/network_store.hpp"
#include "net/nft/ruleset.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/paths.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

constexpr const char* ip_forward = "/proc/sys/net/ipv4/ip_forward";
constexpr const char* was_off = "ip_forward was 0";
constexpr const char* was_on = "ip_forward was 1";
constexpr const char* table_prefix = "stack";

std::string table_name(const Paths& paths) {
    const bool is_default = paths.root() == "/var/lib/stack" && paths.run() == "/run/stack";
    return is_default ? std::string{table_prefix} : fmt::format("{}_{}", table_prefix, paths.tag());
}

kernel::FileLock lock(const Paths& paths) {
    std::filesystem::create_directories(paths.locks());
    return kernel::FileLock::acquire(paths.locks() / "firewall");
}

const nft::Table* find_table(const std::vector<nft::Table>& tables, const std::string& name) {
    const auto found =
        std::find_if(tables.begin(), tables.end(), [&](const auto& table) { return table.name == name; });
    return found == tables.end() ? nullptr : &*found;
}

/// What ip_forward shall be when the last of our tables in this namespace goes. Other roots' tables know it if they
/// came first.
std::string forward_comment(const std::vector<nft::Table>& tables) {
    const bool off = std::any_of(tables.begin(), tables.end(), [](const nft::Table& table) {
        return table.name.starts_with(table_prefix) && table.comment == was_off;
    });
    return off || trim(read_file(ip_forward)) == "0" ? was_off : was_on;
}

std::vector<nft::SetElements> elements_of(const std::vector<Network>& networks) {
    std::vector<nft::SetElements> out;
    for (const Network& network : networks) {
        std::ranges::move(nft::elements_of(network), std::back_inserter(out));
    }
    return out;
}

std::vector<nft::SetElements> elements_of(const std::vector<PortForward>& ports) {
    std::vector<nft::SetElements> out;
    for (const PortForward& port : ports) {
        out.push_back(nft::elements_of(port));
    }
    return out;
}

void append(std::vector<netlink::Message>& to, std::vector<netlink::Message>&& more) {
    std::ranges::move(more, std::back_inserter(to));
}

/// Everything that the store knows, in one transaction: no packet sees half of it.
void load(netlink::Socket& socket, const NetworkStore& store, const std::string& table,
          const std::vector<nft::Table>& tables) {
    const std::string comment = forward_comment(tables);
    std::vector<netlink::Message> batch;
    if (find_table(tables, table)) {
        batch.push_back(nft::remove_table(table));
    }
    batch.push_back(nft::add_table(table, comment));
    append(batch, nft::skeleton(table));
    append(batch, nft::add_all(table, elements_of(store.list())));
    append(batch, nft::add_all(table, elements_of(store.ports())));
    socket.execute_transaction(batch, NFNL_SUBSYS_NFTABLES);
    write_file(ip_forward, "1");
}

/// Changes in a table that is there; if it is not, or does not hold what we think, all of it anew.
void change(netlink::Socket& socket, const NetworkStore& store, const std::string& table,
            std::vector<netlink::Message> batch) {
    try {
        socket.execute_transaction(batch, NFNL_SUBSYS_NFTABLES);
    } catch (const SysError& error) {
        if (error.err() != ENOENT && error.err() != EEXIST && error.err() != EBUSY) {
            throw;
        }
        load(socket, store, table, nft::list_tables(socket));
    }
}

}  // namespace

Firewall::Firewall(const Paths& paths, NetworkStore& store) : paths_{paths}, store_{store}, table_{table_name(paths)} {}

void Firewall::ensure(const std::vector<Network>& networks) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    const auto tables = nft::list_tables(socket);
    if (find_table(tables, table_)) {
        change(socket, store_, table_, nft::add_all(table_, elements_of(networks)));
    } else {
        load(socket, store_, table_, tables);
    }
}

void Firewall::publish(const std::vector<PortForward>& ports) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    auto batch = nft::add_all(table_, elements_of(ports));
    store_.keep_ports(ports);
    change(socket, store_, table_, std::move(batch));
}

void Firewall::unpublish(const std::string& owner_id) {
    const auto held = lock(paths_);
    const auto ports = store_.ports_of(owner_id);
    if (ports.empty()) {
        return;
    }
    store_.drop_ports(owner_id);
    netlink::Socket socket{NETLINK_NETFILTER};
    if (find_table(nft::list_tables(socket), table_)) {
        change(socket, store_, table_, nft::remove_all(table_, elements_of(ports)));
    }
}

void Firewall::forget(const Network& network) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    if (find_table(nft::list_tables(socket), table_)) {
        change(socket, store_, table_, nft::remove_all(table_, elements_of(std::vector{network})));
    }
}

void Firewall::restore() {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    load(socket, store_, table_, nft::list_tables(socket));
}

bool Firewall::remove_if_unused() {
    const auto held = lock(paths_);
    if (!store_.endpoints().empty()) {
        return false;
    }
    netlink::Socket socket{NETLINK_NETFILTER};
    const auto tables = nft::list_tables(socket);
    const nft::Table* ours = find_table(tables, table_);
    if (!ours) {
        return false;
    }
    std::vector<netlink::Message> batch;
    batch.push_back(nft::remove_table(table_));
    socket.execute_transaction(batch, NFNL_SUBSYS_NFTABLES);
    const auto others = std::count_if(tables.begin(), tables.end(),
                                      [](const auto& table) { return table.name.starts_with(table_prefix); });
    if (others == 1 && ours->comment == was_off) {
        write_file(ip_forward, "0");
    }
    return true;
}

}  // namespace stack::net
