#include "net/firewall.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "net/conntrack.hpp"
#include "net/endpoint.hpp"
#include "net/foreign_filter.hpp"
#include "net/forwarding.hpp"
#include "net/linked_ports.hpp"
#include "net/netlink/socket.hpp"
#include "net/network_rows.hpp"
#include "net/network_store.hpp"
#include "net/nft/ruleset.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/log.hpp"
#include "support/paths.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

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

bool is_of_stack(const nft::Table& table) {
    return table.name == table_prefix || table.name.starts_with(std::string{table_prefix} + '_');
}

constexpr const char* record_key = "forwarding";

std::string boot_id() {
    return std::string{trim(read_file("/proc/sys/kernel/random/boot_id"))};
}

/// How forwarding was before the first of our tables in this namespace came: that one's comment tells, for it has been
/// switched on since. The database has a copy for when somebody flushed the table, good until the next boot.
ForwardingRecord found_forwarding(const NetworkStore& store, const std::vector<nft::Table>& tables) {
    ForwardingRecord out;
    const auto kept = rows::find_setting(store.database(), record_key);
    if (const std::string boot = boot_id(); kept && kept->starts_with(boot)) {
        out = ForwardingRecord::parse(std::string_view{*kept}.substr(boot.size()));
    }
    for (const nft::Table& table : tables) {
        if (is_of_stack(table)) {
            out.merge(ForwardingRecord::parse(table.comment));
        }
    }
    return out;
}

bool any_ipv6(const std::vector<Network>& networks) {
    return std::any_of(networks.begin(), networks.end(), [](const Network& network) {
        return network.driver == "bridge" && network.pool_v6() != nullptr;
    });
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

/// Networks that may have packets. The standing bridge without endpoints has no link, and its pool, which it gives up
/// when somebody else takes it, may overlap another's.
std::vector<Network> live_networks(const NetworkStore& store) {
    auto out = store.list();
    std::erase_if(out, [&](const Network& network) {
        return network.driver != "bridge" || (network.standing && store.endpoints_of_network(network.id).empty());
    });
    return out;
}

std::vector<nft::SetElements> all_elements(const NetworkStore& store) {
    auto out = elements_of(live_networks(store));
    std::ranges::move(elements_of(store.ports()), std::back_inserter(out));
    for (const LinkedPort& linked : linked_ports(store)) {
        out.push_back(nft::elements_of(linked));
    }
    return out;
}

/// What others have to let through: all links whose names are ours, and those whose names users chose.
std::vector<LinkPattern> links_of(const NetworkStore& store, const std::vector<Network>& networks) {
    const std::string ours = "stk" + store.tag();
    std::vector<LinkPattern> links;
    for (const Network& network : networks) {
        if (links.empty()) {
            links.push_back({ours, true});
        }
        if (network.driver == "bridge" && !network.link.starts_with(ours)) {
            links.push_back({network.link, false});
        }
    }
    return links;
}

std::vector<LinkPattern> live_links(const NetworkStore& store) {
    return links_of(store, live_networks(store));
}

/// Past the FORWARD policy of Docker and ufw.
void let_through(netlink::Socket& socket, const NetworkStore& store) {
    let_through_others(socket, "stack-" + store.tag(), live_links(store));
}

/// As firewalld names them.
std::vector<std::string> interfaces(const std::vector<LinkPattern>& links) {
    std::vector<std::string> out;
    for (const LinkPattern& link : links) {
        out.push_back(link.name + (link.is_prefix ? "+" : ""));
    }
    return out;
}

/// A sentence if it could not be told.
std::optional<std::string> tell_firewalld(const FirewalldPlacement& placement) {
    // One call takes some ten milliseconds, unless firewalld is just loading its rules.
    constexpr std::chrono::seconds patience{10};
    try {
        place_in_firewalld(placement, patience);
        return {};
    } catch (const Error& error) {
        return fmt::format("containers may not reach other hosts: {}{}{}", error.what(),
                           error.hint().empty() ? "" : "; ", error.hint());
    }
}

/// Takes these links out of its zone, but for those that are still in use.
void withdraw_from_firewalld(netlink::Socket& socket, const std::vector<nft::Table>& tables,
                             const std::vector<LinkPattern>& gone, const std::vector<LinkPattern>& live) {
    FirewalldPlacement out;
    const auto kept = interfaces(live);
    for (const std::string& name : interfaces(gone)) {
        if (std::find(kept.begin(), kept.end(), name) == kept.end()) {
            out.absent.push_back(name);
        }
    }
    if (!out.absent.empty() && find_firewalld(socket, tables)) {
        if (const auto failure = tell_firewalld(out)) {
            log_warning("{}", *failure);
        }
    }
}

/// Everything that the store knows, in one transaction: no packet sees half of it.
void load(netlink::Socket& socket, const NetworkStore& store, const std::string& table,
          const std::vector<nft::Table>& tables) {
    const auto networks = live_networks(store);
    ForwardingRecord record = found_forwarding(store, tables);
    record.look_at_host(any_ipv6(networks));
    rows::set_setting(store.database(), record_key, fmt::format("{} {}", boot_id(), record.text()));
    std::vector<netlink::Message> batch;
    if (find_table(tables, table)) {
        batch.push_back(nft::remove_table(table));
    }
    batch.push_back(nft::add_table(table, record.text()));
    append(batch, nft::skeleton(table));
    append(batch, nft::add_all(table, all_elements(store)));
    socket.execute_transaction(batch, NFNL_SUBSYS_NFTABLES);
    record.switch_on();
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

std::optional<std::string> Firewall::ensure(const std::vector<Network>& networks) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    const auto tables = nft::list_tables(socket);
    const nft::Table* ours = find_table(tables, table_);
    if (ours && (!any_ipv6(networks) || ForwardingRecord::parse(ours->comment).covers_ipv6())) {
        auto batch = nft::add_all(table_, elements_of(networks));
        if (std::any_of(networks.begin(), networks.end(), [](const Network& it) { return it.keeps_apart(); })) {
            append(batch, nft::replace_linked(table_, linked_ports(store_)));
        }
        change(socket, store_, table_, std::move(batch));
    } else {
        load(socket, store_, table_, tables);
    }
    let_through(socket, store_);
    const auto placement = new_placement(socket, tables);
    return placement ? tell_firewalld(*placement) : std::nullopt;
}

std::optional<FirewalldPlacement> Firewall::new_placement(netlink::Socket& socket,
                                                          const std::vector<nft::Table>& tables) {
    const auto rules = find_firewalld(socket, tables);
    std::optional<FirewalldPlacement> now;
    if (rules) {
        now = FirewalldPlacement{*rules, interfaces(live_links(store_)), {}};
    }
    if (told_ == now) {
        return {};
    }
    told_ = now;
    return now;
}

std::optional<FirewalldPlacement> Firewall::placement() {
    netlink::Socket socket{NETLINK_NETFILTER};
    return new_placement(socket, nft::list_tables(socket));
}

void Firewall::publish(const std::vector<PortForward>& ports) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    auto batch = nft::add_all(table_, elements_of(ports));
    store_.keep_ports(ports);
    change(socket, store_, table_, std::move(batch));
    forget_udp_flows(ports);
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
    forget_udp_flows(ports);
}

void Firewall::renew_links() {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    if (find_table(nft::list_tables(socket), table_)) {
        change(socket, store_, table_, nft::replace_linked(table_, linked_ports(store_)));
    }
}

void Firewall::forget(const Network& network) {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    const auto tables = nft::list_tables(socket);
    if (find_table(tables, table_)) {
        change(socket, store_, table_, nft::remove_all(table_, elements_of(std::vector{network})));
        let_through(socket, store_);
        withdraw_from_firewalld(socket, tables, links_of(store_, {network}), live_links(store_));
    }
}

bool Firewall::restore() {
    const auto held = lock(paths_);
    netlink::Socket socket{NETLINK_NETFILTER};
    const auto tables = nft::list_tables(socket);
    let_through(socket, store_);
    if (find_table(tables, table_) && nft::is_whole(socket, table_, all_elements(store_))) {
        return false;
    }
    load(socket, store_, table_, tables);
    return true;
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
    let_through_others(socket, "stack-" + store_.tag(), {});
    withdraw_from_firewalld(socket, tables, links_of(store_, store_.list()), {});
    told_.reset();
    rows::erase_setting(store_.database(), record_key);
    if (std::count_if(tables.begin(), tables.end(), is_of_stack) == 1) {
        ForwardingRecord::parse(ours->comment).put_back();
    }
    return true;
}

void remove_network(NetworkStore& store, Firewall& firewall, const Network& network) {
    store.remove(network);  // refuses while it is used
    firewall.forget(network);
}

}  // namespace stack::net
