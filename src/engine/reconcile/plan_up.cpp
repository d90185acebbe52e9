#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/reconcile/plan.hpp"
#include "engine/reconcile/plan_builder.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::reconcile {
namespace {

using desired::Dependency;
using desired::ServiceSpec;

std::vector<int> joined(std::vector<int> first, const std::vector<int>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

class UpPlanner {
public:
    UpPlanner(const desired::DesiredState& desired, const Observed& observed, const UpOptions& options)
        : desired_{desired}, observed_{observed}, options_{options}, graph_{Graph::of(desired.services)} {}

    Plan plan() {
        choose_services();
        find_changed_networks();
        for (const std::string& name : order_) {
            if (scope_.count(name) > 0) {
                classify(*by_name_.at(name));
            }
        }
        plan_networks();
        plan_volumes();
        plan_orphans();
        for (const std::string& name : order_) {
            if (scope_.count(name) > 0) {
                plan_service(*by_name_.at(name));
            }
        }
        if (options_.wait) {
            plan_final_waits();
        }
        return builder_.take();
    }

private:
    /// What becomes of one replica.
    struct Fate {
        const ObservedContainer* existing{nullptr};  ///< none: it is made
        int replica{0};
        std::string recreate_reason;  ///< empty: it may stay
    };

    void choose_services() {
        for (const ServiceSpec& service : desired_.services) {
            by_name_[service.name] = &service;
        }
        order_ = graph_.order();
        for (const std::string& name : options_.services) {
            if (by_name_.count(name) == 0) {
                Error error{Errc::not_found, "no such service: " + name};
                std::vector<std::string> names;
                for (const auto& [known, spec] : by_name_) {
                    names.push_back(known);
                }
                if (const auto near = nearest(name, names)) {
                    error.set_hint(fmt::format("did you mean '{}'?", *near));
                }
                throw error;
            }
        }
        if (options_.services.empty()) {
            scope_.insert(order_.begin(), order_.end());
        } else if (options_.no_deps) {
            scope_.insert(options_.services.begin(), options_.services.end());
        } else {
            scope_ = graph_.closure(options_.services);
        }
    }

    bool is_selected(const std::string& service) const {
        return options_.services.empty() ||
               std::find(options_.services.begin(), options_.services.end(), service) != options_.services.end();
    }

    bool network_in_scope(const desired::NetworkSpec& network) const {
        return std::any_of(scope_.begin(), scope_.end(), [&](const std::string& name) {
            const auto& endpoints = by_name_.at(name)->container.endpoints;
            return std::any_of(endpoints.begin(), endpoints.end(),
                               [&](const auto& endpoint) { return endpoint.network == network.name; });
        });
    }

    void find_changed_networks() {
        for (const auto& network : desired_.networks) {
            if (!network_in_scope(network)) {
                continue;
            }
            const ObservedNetwork* there = observed_.find_network(network.name);
            if (network.external) {
                if (there == nullptr) {
                    throw Error(Errc::not_found,
                                fmt::format("network '{}' declared as external, but could not be found", network.name))
                        .at(network.pos);
                }
                continue;
            }
            if (there != nullptr && there->ours && !there->config_hash.empty() &&
                there->config_hash != network_hash(network) && options_.recreate != Recreate::never) {
                changed_networks_.insert(network.name);
            }
        }
    }

    int scale_of(const ServiceSpec& service) const {
        const auto wanted = options_.scale.find(service.name);
        const int scale = wanted == options_.scale.end() ? service.scale : wanted->second;
        if (scale > 1 && !service.container_name.empty()) {
            throw Error(Errc::invalid_input,
                        fmt::format("service '{}' cannot run {} times: its container_name '{}' is fixed", service.name,
                                    scale, service.container_name))
                .at(service.pos)
                .hint("remove container_name, or scale to 1");
        }
        return scale;
    }

    std::string recreate_reason(const ServiceSpec& service, const ObservedContainer& container) const {
        for (const auto& endpoint : service.container.endpoints) {
            if (changed_networks_.count(endpoint.network) > 0) {
                return fmt::format("network '{}' has changed", endpoint.network);
            }
        }
        const Recreate how = is_selected(service.name) ? options_.recreate : options_.recreate_dependencies;
        if (how == Recreate::force) {
            return "forced";
        }
        if (how == Recreate::never || options_.recreate == Recreate::never) {
            return {};
        }
        // The image's id is part of the hash; naming it apart tells people more.
        if (container.image_id != service.container.image_id) {
            return "image has changed";
        }
        if (container.config_hash != service.config_hash) {
            return "configuration has changed";
        }
        for (const std::string& shared : shared_with(service)) {
            const auto fates = fates_.find(shared);
            if (fates != fates_.end() && !fates->second.empty() && !fates->second.front().recreate_reason.empty()) {
                return fmt::format("shares with '{}', which is recreated", shared);
            }
        }
        return {};
    }

    /// Services whose namespaces this one joins: their containers' ids are part of its setup.
    static std::vector<std::string> shared_with(const ServiceSpec& service) {
        std::vector<std::string> names;
        for (const std::string* mode :
             {&service.container.network_mode, &service.container.ipc, &service.container.pid}) {
            if (mode->starts_with("service:")) {
                names.push_back(mode->substr(8));
            }
        }
        return names;
    }

    void classify(const ServiceSpec& service) {
        const int scale = scale_of(service);
        auto existing = observed_.of_service(service.name);
        std::vector<Fate>& fates = fates_[service.name];
        std::set<int> used;
        for (size_t i = 0; i < existing.size(); ++i) {
            const bool doomed = existing[i]->status == ContainerStatus::removing;
            if (doomed || static_cast<int>(fates.size()) >= scale) {
                surplus_.push_back(existing[i]);
                continue;
            }
            fates.push_back({existing[i], existing[i]->replica, recreate_reason(service, *existing[i])});
            used.insert(existing[i]->replica);
        }
        for (int number = 1; static_cast<int>(fates.size()) < scale; ++number) {
            if (used.insert(number).second) {
                fates.push_back({nullptr, number, {}});
            }
        }
    }

    void plan_networks() {
        for (const auto& network : desired_.networks) {
            if (network.external || !network_in_scope(network)) {
                continue;
            }
            const std::string subject = "network:" + network.key;
            if (changed_networks_.count(network.name) > 0) {
                plan_changed_network(network, subject);
            } else if (observed_.find_network(network.name) == nullptr) {
                Node& node = builder_.add(Action::create_network, subject, "not found", {});
                node.name = network.name;
                network_node_[network.name] = node.number;
            }
        }
    }

    /// Its containers must let go of it first; they are all recreated afterwards.
    void plan_changed_network(const desired::NetworkSpec& network, const std::string& subject) {
        std::vector<int> stops;
        for (const auto& [name, fates] : fates_) {
            const auto& endpoints = by_name_.at(name)->container.endpoints;
            const bool uses = std::any_of(endpoints.begin(), endpoints.end(),
                                          [&](const auto& endpoint) { return endpoint.network == network.name; });
            for (const Fate& fate : fates) {
                if (!uses || fate.existing == nullptr || !fate.existing->alive) {
                    continue;
                }
                auto [known, is_new] = early_stop_.try_emplace(fate.existing->id, 0);
                if (is_new) {
                    known->second = stop(*fate.existing, "its network is replaced", {});
                }
                stops.push_back(known->second);
            }
        }
        Node& removal = builder_.add(Action::remove_network, subject, "configuration has changed", stops);
        removal.name = network.name;
        const int removed = removal.number;
        Node& creation = builder_.add(Action::create_network, subject, "configuration has changed", {removed});
        creation.name = network.name;
        network_node_[network.name] = creation.number;
    }

    void plan_volumes() {
        std::set<std::string> used;
        for (const std::string& name : scope_) {
            for (const auto& mount : by_name_.at(name)->container.mounts) {
                if (mount.type == desired::Mount::Type::volume) {
                    used.insert(mount.source);
                }
            }
        }
        for (const auto& volume : desired_.volumes) {
            if (used.count(volume.name) == 0 || observed_.find_volume(volume.name) != nullptr) {
                continue;
            }
            if (volume.external) {
                throw Error(Errc::not_found, fmt::format("external volume '{}' not found", volume.name))
                    .at(volume.pos)
                    .hint(fmt::format("create it with 'stack volume create {}'", volume.name));
            }
            Node& node = builder_.add(Action::create_volume, "volume:" + volume.key, "not found", {});
            node.name = volume.name;
            volume_node_[volume.name] = node.number;
        }
    }

    int stop(const ObservedContainer& container, std::string reason, std::vector<int> needs) {
        Node& node = builder_.add(Action::stop_container, subject_of(container), std::move(reason), std::move(needs));
        node.service = container.service;
        node.replica = container.replica;
        node.name = container.name;
        node.container = container.id;
        return node.number;
    }

    void remove(const ObservedContainer& container, const std::string& reason) {
        std::vector<int> needs;
        if (container.alive) {
            needs.push_back(stop(container, reason, {}));
        }
        Node& node = builder_.add(Action::remove_container, subject_of(container), reason, std::move(needs));
        node.service = container.service;
        node.replica = container.replica;
        node.name = container.name;
        node.container = container.id;
    }

    void plan_orphans() {
        for (const ObservedContainer* container : surplus_) {
            remove(*container, "scaled down");
        }
        std::vector<std::string> orphans;
        for (const ObservedContainer& container : observed_.containers) {
            const bool inactive = std::find(desired_.inactive_services.begin(), desired_.inactive_services.end(),
                                            container.service) != desired_.inactive_services.end();
            if (container.one_off || by_name_.count(container.service) > 0 || inactive) {
                continue;
            }
            if (options_.remove_orphans) {
                remove(container, "orphan");
            } else {
                orphans.push_back(container.name);
            }
        }
        if (!orphans.empty()) {
            builder_.warn(fmt::format(
                "found orphan containers ({}) for this project: if you removed or renamed this service in your compose "
                "file, you can run this command with the --remove-orphans flag to clean it up",
                join(orphans, ", ")));
        }
    }

    /// Networks and volumes that must be there, and containers whose namespaces or volumes are shared.
    std::vector<int> needs_of_creation(const ServiceSpec& service) const {
        std::vector<int> needs;
        for (const auto& endpoint : service.container.endpoints) {
            if (const auto node = network_node_.find(endpoint.network); node != network_node_.end()) {
                needs.push_back(node->second);
            }
        }
        for (const auto& mount : service.container.mounts) {
            if (const auto node = volume_node_.find(mount.source); node != volume_node_.end()) {
                needs.push_back(node->second);
            }
        }
        auto from = shared_with(service);
        for (const std::string& source : service.container.volumes_from) {
            from.emplace_back(split(source, ':').front());
        }
        for (const std::string& name : from) {
            if (const auto nodes = created_.find(name); nodes != created_.end()) {
                needs = joined(std::move(needs), nodes->second);
            }
        }
        return needs;
    }

    /// The step after which `dependency` holds; made once per service and condition.
    std::vector<int> condition_nodes(const Dependency& dependency, const std::string& dependent) {
        if (scope_.count(dependency.service) == 0) {
            return {};
        }
        const auto& started = started_[dependency.service];
        const bool nobody = fates_[dependency.service].empty();
        if (dependency.condition == Dependency::Condition::started || nobody) {
            return started;
        }
        const Action action =
            dependency.condition == Dependency::Condition::healthy ? Action::wait_healthy : Action::wait_completed;
        auto [known, is_new] =
            wait_node_.try_emplace({dependency.service, static_cast<int>(action), dependency.required}, 0);
        if (is_new) {
            Node& node = builder_.add(action, "service:" + dependency.service,
                                      fmt::format("'{}' depends on it", dependent), started);
            node.service = dependency.service;
            node.optional = !dependency.required;
            known->second = node.number;
        }
        return {known->second};
    }

    void plan_service(const ServiceSpec& service) {
        std::vector<int> conditions;
        bool dependency_renewed = false;
        if (options_.start) {
            for (const Dependency& dependency : graph_.dependencies(service.name)) {
                conditions = joined(std::move(conditions), condition_nodes(dependency, service.name));
                dependency_renewed =
                    dependency_renewed || (dependency.restart && renewed_.count(dependency.service) > 0);
            }
        }
        for (const Fate& fate : fates_[service.name]) {
            plan_replica(service, fate, conditions, dependency_renewed);
        }
    }

    void plan_replica(const ServiceSpec& service, const Fate& fate, const std::vector<int>& conditions,
                      bool dependency_renewed) {
        const std::string subject = fmt::format("service:{}:{}", service.name, fate.replica);
        const auto fill = [&](Node& node) {
            node.service = service.name;
            node.replica = fate.replica;
            node.name = fate.existing != nullptr && fate.recreate_reason.empty()
                            ? fate.existing->name
                            : container_name(desired_.project, service, fate.replica);
            node.container = fate.existing != nullptr ? fate.existing->id : std::string{};
            return node.number;
        };
        std::vector<int> before_start = conditions;
        std::string start_reason = "not running";
        if (fate.existing == nullptr || !fate.recreate_reason.empty()) {
            const bool is_new = fate.existing == nullptr;
            auto needs = needs_of_creation(service);
            if (!is_new) {
                if (const auto stop = early_stop_.find(fate.existing->id); stop != early_stop_.end()) {
                    needs.push_back(stop->second);
                }
            }
            const int made = fill(builder_.add(is_new ? Action::create_container : Action::recreate_container, subject,
                                               is_new ? "not found" : fate.recreate_reason, std::move(needs)));
            created_[service.name].push_back(made);
            before_start.push_back(made);
            renewed_.insert(service.name);
            start_reason = is_new ? "created" : "recreated";
        } else if (fate.existing->alive) {
            const bool restart = dependency_renewed && options_.start;
            Node& node = restart
                             ? builder_.add(Action::restart_container, subject, "a dependency was replaced", conditions)
                             : builder_.add(Action::keep, subject, "up to date", {});
            started_[service.name].push_back(fill(node));
            return;
        } else if (fate.existing->exit_code) {
            start_reason = fmt::format("exited ({})", *fate.existing->exit_code);
        }
        if (!options_.start) {
            if (fate.existing != nullptr && fate.recreate_reason.empty()) {
                fill(builder_.add(Action::keep, subject, "up to date", {}));
            }
            return;
        }
        started_[service.name].push_back(
            fill(builder_.add(Action::start_container, subject, start_reason, std::move(before_start))));
    }

    void plan_final_waits() {
        for (const std::string& name : order_) {
            if (scope_.count(name) == 0 || fates_[name].empty()) {
                continue;
            }
            Node& node = builder_.add(Action::wait_running, "service:" + name, "wanted by --wait", started_[name]);
            node.service = name;
        }
    }

    const desired::DesiredState& desired_;
    const Observed& observed_;
    const UpOptions& options_;
    Graph graph_;
    PlanBuilder builder_;
    std::map<std::string, const ServiceSpec*> by_name_;
    std::vector<std::string> order_;
    std::set<std::string> scope_, changed_networks_, renewed_;
    std::map<std::string, std::vector<Fate>> fates_;
    std::vector<const ObservedContainer*> surplus_;
    std::map<std::string, int> network_node_, volume_node_, early_stop_;
    std::map<std::string, std::vector<int>> created_, started_;
    std::map<std::tuple<std::string, int, bool>, int> wait_node_;
};

}  // namespace

Plan plan_up(const desired::DesiredState& desired, const Observed& observed, const UpOptions& options) {
    return UpPlanner{desired, observed, options}.plan();
}

}  // namespace stack::engine::reconcile
