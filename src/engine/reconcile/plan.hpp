#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/options.hpp"
#include "engine/reconcile/graph.hpp"
#include "engine/reconcile/observed.hpp"

namespace stack::engine::reconcile {

enum class Action {
    create_network,
    remove_network,
    create_volume,
    remove_volume,
    create_container,
    recreate_container,  ///< a new one takes the old one's name and anonymous volumes
    start_container,
    restart_container,
    stop_container,
    remove_container,
    wait_healthy,    ///< every replica of a service
    wait_completed,  ///< exit code 0 of every replica
    wait_running,    ///< `--wait` on a service without healthcheck
    keep,            ///< it is as it should be; said so that people see it
};
std::string_view to_string(Action action);

/// One step. It is taken when all steps in `needs` are done; if one of them failed, it is skipped.
struct Node {
    int number{0};  ///< from 1, the position in Plan::nodes
    Action action{Action::keep};
    std::string subject;  ///< "network:back", "volume:data", "service:web:1", "service:db"
    std::string reason;
    std::vector<int> needs;  ///< ascending

    std::string service;  ///< containers and waits
    int replica{0};
    std::string name;       ///< full name of the network, volume or container
    std::string container;  ///< id of the one that is there
    /// This step's failure is a warning (depends_on with required: false).
    bool optional{false};
};

struct Plan {
    std::vector<Node> nodes;
    std::vector<std::string> warnings;

    /// True if it would change nothing.
    bool empty() const;
};

/// One line per step: "[1,2] -> #3 service:web:1, CreateContainer, not found".
std::string to_text(const Plan& plan);

/// What the containers of a network have in common with the file's: differs when the network must be made anew.
std::string network_hash(const desired::NetworkSpec& network);

std::string container_name(const std::string& project, const desired::ServiceSpec& service, int replica);

/// Throws Errc::not_found for a service that the state does not know and for an external network or volume that is not
/// there, Errc::invalid_input for a cycle or a scaled service with a fixed name.
Plan plan_up(const desired::DesiredState& desired, const Observed& observed, const UpOptions& options);

/// Containers `ids` are stopped, dependents before their dependencies. With `remove` they are removed as well.
Plan plan_stop(const Observed& observed, const std::vector<std::string>& ids, bool remove);
/// In dependency order; what is running is left alone. With health conditions honoured.
Plan plan_start(const Observed& observed, const std::vector<std::string>& ids);
/// In dependency order; with `dependents`, running services that say `restart: true` about one of them follow.
Plan plan_restart(const Observed& observed, const std::vector<std::string>& ids, bool dependents);
/// What follows when `services` came back by themselves: running services that say `restart: true` about one of them,
/// and those that say it about these.
Plan plan_renewed(const Observed& observed, const std::set<std::string>& services);
Plan plan_down(const desired::DesiredState& desired, const Observed& observed, const DownOptions& options);

}  // namespace stack::engine::reconcile
