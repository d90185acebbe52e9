#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "desired/desired_state.hpp"
#include "engine/state/container_row.hpp"
#include "engine/supervisor/keeper_link.hpp"
#include "engine/supervisor/loop.hpp"
#include "net/dns_server.hpp"
#include "net/endpoint.hpp"
#include "net/firewall.hpp"
#include "net/names.hpp"
#include "net/network_store.hpp"
#include "net/ports.hpp"
#include "support/paths.hpp"

namespace stack {
class Database;
}

namespace stack::engine::supervisor {

/// What a container's place in its networks is made from.
struct NetworkWish {
    const desired::ContainerSpec& spec;
    std::vector<std::string> exposed;  ///< "80/tcp", of image and spec; for publish_all
};

/// The network side of one project's containers: namespaces, endpoints, published ports, the DNS server of each
/// container and what its names mean. Everything with a descriptor is kept with the keeper:
///
///   <id>/netns   <id>/dns-udp   <id>/dns-tcp   <id>/port/<n>/<i>
class Networks {
public:
    Networks(Loop& loop, const Paths& paths, const Database& database, KeeperLink& keeper, std::string project);
    ~Networks();

    net::NetworkStore& store() noexcept { return store_; }

    /// Makes a network of the project. Idempotent.
    void create(const desired::NetworkSpec& spec, const desired::StringMap& labels);
    void remove(const std::string& name);

    /// Gives the container a namespace, attaches and publishes; fills the row's endpoints and ports. If it has them
    /// already (a restart by policy), nothing changes. Returns the namespace, borrowed. On failure nothing is left.
    int attach(ContainerRow& row, const NetworkWish& wish);
    /// What people are to be told of since the last call.
    std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }
    /// One more network for a container that runs; the wish has its endpoint already. Routes, ports, names and files
    /// follow. On failure nothing is changed.
    void connect(ContainerRow& row, const NetworkWish& wish, const std::string& network);
    /// The wish does not have its endpoint any more.
    void disconnect(ContainerRow& row, const NetworkWish& wish, const std::string& network);
    /// Takes the host ports that a container asks for by number into `held`, only to see that they can be had: throws
    /// what its start would throw. What containers `leaving` publish counts as free.
    void try_ports(const desired::ContainerSpec& spec, const std::set<std::string>& leaving,
                   std::vector<net::PortReservation>& held) const;
    /// For a container that does not run: throws what connect() would throw at once.
    void require_connectable(const desired::EndpointSpec& endpoint) const;
    /// After a worker's restart: serves again what the keeper kept. `wish` as at attach().
    void resume(const ContainerRow& row, const NetworkWish& wish);
    /// Gives everything back. Tolerates absence.
    void detach(ContainerRow& row);

    /// /etc/hosts, /etc/resolv.conf and /etc/hostname of a container, into its run directory.
    /// The container has another name: its networks' DNS knows it by that, and by the old one no more.
    void rename(ContainerRow& row, const std::string& before);
    void write_files(const ContainerRow& row, const desired::ContainerSpec& spec) const;

    /// What a crash left of containers that are gone, and the rules of a host where nothing of ours runs any more.
    void remove_unused_rules();

private:
    struct Serving {
        std::shared_ptr<net::EndpointView> view;
        std::unique_ptr<net::DnsServer> dns;
        std::vector<net::PortRelay> relays;
        std::vector<desired::Link> links;
        std::vector<std::string> network_ids;
        bool forward{false};  ///< whether the DNS server asks the host's resolvers
    };
    /// What published ports lead to.
    struct Targets {
        std::optional<net::Endpoint> v4, v6;
    };
    struct Zone {
        std::shared_ptr<net::Zone> zone;
        int users{0};
        int watch{-1};
    };

    /// Which of the default routes an endpoint gets.
    struct DefaultRoutes {
        bool v4{false}, v6{false};
    };
    void attach_endpoint(int netns, ContainerRow& row, const NetworkWish& wish, const desired::EndpointSpec& endpoint,
                         DefaultRoutes routes);
    static std::vector<net::ExposedPort> exposed_ports(const NetworkWish& wish);
    bool keeps_apart(const std::string& network_id) const;
    void detach_endpoint(int netns, ContainerRow& row, const net::Network& network);
    Targets gateways(const ContainerRow& row, const desired::ContainerSpec& spec) const;
    void move_gateways(int netns, ContainerRow& row, const desired::ContainerSpec& spec);
    void publish(ContainerRow& row, const NetworkWish& wish);
    void reserve(ContainerRow& row, const desired::PortPublish& port, const Targets& targets);
    net::PortReservation reservation_of(const desired::PortPublish& port, const std::string& host_ip) const;
    static std::vector<net::PortForward> forwards(const ContainerRow& row, const Targets& targets);
    void forward(const ContainerRow& row, const Targets& targets);
    void serve(const ContainerRow& row, const NetworkWish& wish, int netns);
    void name_host(const ContainerRow& row);
    bool leads_out(const ContainerRow& row) const;
    void reserve_again(const ContainerRow& row);
    void relay(const ContainerRow& row, const Targets& targets);
    void edit_hosts(const ContainerRow& row, const desired::ContainerSpec& spec, const EndpointRow& endpoint,
                    bool present) const;
    void move_in_hosts(const std::string& id, const std::string& name, const net::IpAddress& address) const;
    void write_resolv_conf(const ContainerRow& row, const desired::ContainerSpec& spec) const;
    net::Network network_of(const desired::EndpointSpec& endpoint) const;

    static void add_names(net::Zone& zone, const net::Endpoint& endpoint, const std::string& network_name);
    net::Zone& enter_zone(const std::string& network_id);
    void leave_zone(const std::string& network_id);
    void fill_zone(const std::string& network_id, net::Zone& zone) const;
    void renew_zone(const std::string& network_id);
    void relink(const std::string& network_id);
    void tell_others(const std::string& network_id) const;
    void remove_leftovers();
    Task<> watch_others();
    Task<> watch_firewall();
    Task<> place_in_firewalld();
    void ensure_firewall(const std::vector<net::Network>& networks);

    Loop& loop_;
    const Paths& paths_;
    const Database& database_;
    KeeperLink& keeper_;
    std::string project_;
    net::NetworkStore store_;
    net::Firewall firewall_;
    std::unique_ptr<net::DnsForwarder> forwarder_;
    std::map<std::string, Zone> zones_;  ///< by network id
    std::map<std::string, Serving> serving_;
    UniqueFd inotify_;
    std::unique_ptr<Watched> inotify_watch_;
    std::unique_ptr<net::FirewallWatch> firewall_events_;
    std::unique_ptr<Watched> firewall_watch_;
    std::vector<std::string> warnings_;
};

/// By which containers know the host, without configuration; extra_hosts may say otherwise.
constexpr const char* host_name = "host.docker.internal";
/// Where a container reaches the host: the gateway of its first network that has one; 127.0.0.1 on the host's own
/// network. Empty: nowhere.
std::string host_address(const ContainerRow& row, const desired::ContainerSpec& spec);

/// The networks that a container takes part in, in the order of its interfaces; the default bridge where nothing is
/// said. Empty for network modes without endpoints of their own.
std::vector<desired::EndpointSpec> endpoints_of(const desired::ContainerSpec& spec);

/// Every name that other containers of a network know it by.
std::vector<std::string> dns_names(const ContainerRow& row, const desired::ContainerSpec& spec,
                                   const desired::EndpointSpec& endpoint);

}  // namespace stack::engine::supervisor
