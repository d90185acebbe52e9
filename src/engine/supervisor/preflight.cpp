#include "engine/supervisor/preflight.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/logs/driver.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/signals.hpp"
#include "engine/supervisor/networks.hpp"
#include "net/ports.hpp"
#include "support/error.hpp"

namespace stack::engine::supervisor {
namespace {

using reconcile::Action;
using reconcile::Node;

void check_logging(const desired::DesiredState& state) {
    for (const auto& service : state.services) {
        while_doing(fmt::format("look at the logging of service '{}'", service.name),
                    [&] { logs::parse_driver(service.container.logging.driver, service.container.logging.options); });
    }
}

/// An image's own stop signal is not the file's mistake, and is looked at when it is needed.
void check_signals(const desired::DesiredState& state) {
    for (const auto& service : state.services) {
        if (service.container.stop_signal.empty() || parse_signal(service.container.stop_signal)) {
            continue;
        }
        throw Error(Errc::invalid_input, fmt::format("service '{}' has the stop signal '{}', which does not exist",
                                                     service.name, service.container.stop_signal))
            .at(service.pos)
            .hint("write a name such as SIGTERM or a number, signal(7)");
    }
}

bool makes_or_starts(const Node& node) {
    return node.action == Action::create_container || node.action == Action::recreate_container ||
           node.action == Action::start_container;
}

/// Limits of what containers write, for the services that the plan touches.
void check_storage(Project& project, const reconcile::Plan& plan, const desired::DesiredState& state) {
    for (const auto& service : state.services) {
        const bool comes = std::any_of(plan.nodes.begin(), plan.nodes.end(), [&](const Node& node) {
            return node.service == service.name && makes_or_starts(node);
        });
        if (!comes) {
            continue;
        }
        try {
            runtime::require_storage(project.paths.containers(), service.container.storage_opt);
        } catch (const Error& error) {
            throw Error(error.code(), fmt::format("service '{}': {}", service.name, error.what()))
                .at(service.pos)
                .hint(error.hint());
        }
    }
}

/// Containers that give their ports back while the plan is carried out.
std::set<std::string> leaving(const reconcile::Plan& plan) {
    std::set<std::string> ids;
    for (const Node& node : plan.nodes) {
        const bool leaves = node.action == Action::recreate_container || node.action == Action::stop_container ||
                            node.action == Action::remove_container;
        if (leaves) {
            ids.insert(node.container);
        }
    }
    return ids;
}

/// Whether a host port is taken for each one that the spec names: not on networks without a way out, nor for sure where
/// a network has a host address of its own.
bool publishes(Project& project, const desired::DesiredState& desired, const desired::ContainerSpec& spec) {
    bool leads_out = false;
    for (const auto& endpoint : endpoints_of(spec)) {
        const auto made = std::find_if(desired.networks.begin(), desired.networks.end(),
                                       [&](const auto& it) { return it.name == endpoint.network && !it.external; });
        const auto known = project.networks.store().find(endpoint.network);
        const auto* options = made != desired.networks.end() ? &made->driver_opts
                              : known                        ? &known->driver_opts
                                                             : nullptr;
        if (options == nullptr) {
            return false;
        }
        const auto binding = options->find("com.docker.network.bridge.host_binding_ipv4");
        if (binding != options->end() && binding->second != "0.0.0.0") {
            return false;
        }
        const bool internal = made != desired.networks.end() ? made->internal : known->internal;
        const std::string& driver = made != desired.networks.end() ? made->driver : known->driver;
        leads_out = leads_out || (!internal && driver == "bridge");
    }
    return leads_out;
}

/// A service that others wait for until it has ended may have had the port that they want.
bool takes_turns(const reconcile::Plan& plan) {
    return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                       [](const Node& node) { return node.action == Action::wait_completed; });
}

}  // namespace

void check_before(Project& project, const reconcile::Plan& plan, const desired::DesiredState& desired) {
    check_logging(desired);
    check_signals(desired);
    check_storage(project, plan, desired);
    const std::set<std::string> gone = leaving(plan);
    const bool one_by_one = takes_turns(plan);
    std::vector<net::PortReservation> held;
    for (const Node& node : plan.nodes) {
        if (node.action != Action::start_container) {
            continue;
        }
        const auto service = std::find_if(desired.services.begin(), desired.services.end(),
                                          [&](const auto& it) { return it.name == node.service; });
        if (service == desired.services.end() || !publishes(project, desired, service->container)) {
            continue;
        }
        try {
            project.networks.try_ports(service->container, gone, held);
        } catch (Error& error) {
            error.add_step(fmt::format("start '{}'", node.name));
            throw;
        }
        if (one_by_one) {
            held.clear();
        }
    }
}

}  // namespace stack::engine::supervisor
