#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/reconcile/plan.hpp"
#include "engine/reconcile/plan_builder.hpp"

namespace stack::engine::reconcile {
namespace {

using desired::Dependency;

std::vector<const ObservedContainer*> containers_of(const Observed& observed, const std::vector<std::string>& ids,
                                                    const std::string& service) {
    std::vector<const ObservedContainer*> found;
    for (const ObservedContainer& container : observed.containers) {
        if (container.service == service && std::find(ids.begin(), ids.end(), container.id) != ids.end()) {
            found.push_back(&container);
        }
    }
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
        return std::tie(a->replica, a->name) < std::tie(b->replica, b->name);
    });
    return found;
}

int add_container(PlanBuilder& builder, Action action, const ObservedContainer& container, std::string reason,
                  std::vector<int> needs) {
    Node& node = builder.add(action, subject_of(container), std::move(reason), std::move(needs));
    node.service = container.service;
    node.replica = container.replica;
    node.name = container.name;
    node.container = container.id;
    return node.number;
}

/// Stops (and removes) in reverse order. Returns the last step of each container.
std::vector<int> add_stops(PlanBuilder& builder, const Observed& observed, const std::vector<std::string>& ids,
                           bool remove, const std::string& reason) {
    const Graph graph = Graph::of(observed.containers);
    auto order = graph.order();
    std::reverse(order.begin(), order.end());
    std::map<std::string, std::vector<int>> stopped;  // by service
    std::vector<int> last;
    for (const std::string& service : order) {
        std::vector<int> needs;
        for (const std::string& dependent : graph.dependents(service)) {
            needs.insert(needs.end(), stopped[dependent].begin(), stopped[dependent].end());
        }
        for (const ObservedContainer* container : containers_of(observed, ids, service)) {
            std::vector<int> before_removal = needs;
            if (container->alive) {
                const int stop = add_container(builder, Action::stop_container, *container, reason, needs);
                stopped[service].push_back(stop);
                before_removal = {stop};
                last.push_back(stop);
            }
            if (remove) {
                last.push_back(add_container(builder, Action::remove_container, *container, reason, before_removal));
            }
        }
    }
    return last;
}

/// The steps after which the dependencies of `service` hold, as far as they are part of this plan.
std::vector<int> conditions(PlanBuilder& builder, const Graph& graph, const std::string& service,
                            std::map<std::string, std::vector<int>>& started,
                            std::map<std::pair<std::string, Action>, int>& waits) {
    std::vector<int> needs;
    for (const Dependency& dependency : graph.dependencies(service)) {
        const auto& nodes = started[dependency.service];
        if (nodes.empty() || dependency.condition == Dependency::Condition::started) {
            needs.insert(needs.end(), nodes.begin(), nodes.end());
            continue;
        }
        const Action action =
            dependency.condition == Dependency::Condition::healthy ? Action::wait_healthy : Action::wait_completed;
        auto [known, is_new] = waits.try_emplace({dependency.service, action}, 0);
        if (is_new) {
            Node& node =
                builder.add(action, "service:" + dependency.service, fmt::format("'{}' depends on it", service), nodes);
            node.service = dependency.service;
            known->second = node.number;
        }
        needs.push_back(known->second);
    }
    return needs;
}

}  // namespace

Plan plan_stop(const Observed& observed, const std::vector<std::string>& ids, bool remove) {
    PlanBuilder builder;
    add_stops(builder, observed, ids, remove, "asked for");
    return builder.take();
}

Plan plan_start(const Observed& observed, const std::vector<std::string>& ids) {
    PlanBuilder builder;
    const Graph graph = Graph::of(observed.containers);
    std::map<std::string, std::vector<int>> started;
    std::map<std::pair<std::string, Action>, int> waits;
    for (const std::string& service : graph.order()) {
        const auto containers = containers_of(observed, ids, service);
        if (containers.empty()) {
            continue;
        }
        const auto needs = conditions(builder, graph, service, started, waits);
        for (const ObservedContainer* container : containers) {
            const Action action = container->alive ? Action::keep : Action::start_container;
            started[service].push_back(add_container(builder, action, *container,
                                                     container->alive ? "running" : "asked for",
                                                     container->alive ? std::vector<int>{} : needs));
        }
    }
    return builder.take();
}

namespace {

Plan plan_restarts(const Observed& observed, const std::vector<std::string>& ids, bool dependents,
                   std::set<std::string> renewed) {
    PlanBuilder builder;
    const Graph graph = Graph::of(observed.containers);
    std::map<std::string, std::vector<int>> started;
    std::map<std::pair<std::string, Action>, int> waits;
    for (const std::string& service : graph.order()) {
        auto containers = containers_of(observed, ids, service);
        std::string reason = "asked for";
        if (containers.empty() && dependents && renewed.count(service) == 0) {
            const auto& needed = graph.dependencies(service);
            const auto why = std::find_if(needed.begin(), needed.end(), [&](const Dependency& it) {
                return it.restart && renewed.count(it.service) > 0;
            });
            if (why != needed.end()) {
                reason = fmt::format("'{}' was restarted", why->service);
                for (const ObservedContainer* container : observed.of_service(service)) {
                    if (container->alive) {
                        containers.push_back(container);
                    }
                }
            }
        }
        if (containers.empty()) {
            continue;
        }
        renewed.insert(service);
        const auto needs = conditions(builder, graph, service, started, waits);
        for (const ObservedContainer* container : containers) {
            started[service].push_back(add_container(builder, Action::restart_container, *container, reason, needs));
        }
    }
    return builder.take();
}

}  // namespace

Plan plan_restart(const Observed& observed, const std::vector<std::string>& ids, bool dependents) {
    return plan_restarts(observed, ids, dependents, {});
}

Plan plan_renewed(const Observed& observed, const std::set<std::string>& services) {
    return plan_restarts(observed, {}, true, services);
}

Plan plan_down(const desired::DesiredState& desired, const Observed& observed, const DownOptions& options) {
    PlanBuilder builder;
    std::set<std::string> known(desired.inactive_services.begin(), desired.inactive_services.end());
    for (const auto& service : desired.services) {
        known.insert(service.name);
    }
    // Without services of its own the state is only a name: everything with the project's label goes.
    const bool by_label = desired.services.empty();
    std::vector<std::string> ids, orphans;
    for (const ObservedContainer& container : observed.containers) {
        const auto& chosen = options.services;
        const bool wanted =
            chosen.empty() || std::find(chosen.begin(), chosen.end(), container.service) != chosen.end();
        if (!wanted) {
            continue;
        }
        if (by_label || options.remove_orphans || container.one_off || known.count(container.service) > 0) {
            ids.push_back(container.id);
        } else {
            orphans.push_back(container.name);
        }
    }
    const auto last = add_stops(builder, observed, ids, true, "down");
    if (!options.services.empty()) {
        return builder.take();
    }
    for (const ObservedNetwork& network : observed.networks) {
        if (network.ours && orphans.empty()) {
            builder.add(Action::remove_network, "network:" + network.name, "down", last).name = network.name;
        }
    }
    for (const auto& volume : observed.volumes) {
        if (options.volumes && volume.ours) {
            builder.add(Action::remove_volume, "volume:" + volume.name, "down", last).name = volume.name;
        }
    }
    if (!orphans.empty()) {
        builder.warn(
            fmt::format("found orphan containers ({}) for this project, which keep its networks: run this "
                        "command with the --remove-orphans flag to remove them",
                        fmt::join(orphans, ", ")));
    }
    return builder.take();
}

}  // namespace stack::engine::reconcile
