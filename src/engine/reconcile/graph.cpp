#include "engine/reconcile/graph.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::reconcile {
namespace {

using desired::Dependency;

std::string_view word(Dependency::Condition condition) {
    switch (condition) {
        case Dependency::Condition::healthy:
            return "service_healthy";
        case Dependency::Condition::completed_successfully:
            return "service_completed_successfully";
        case Dependency::Condition::started:
            break;
    }
    return "service_started";
}

/// Depth first; `path` is the way from the root, for the message about a cycle.
void visit(const std::string& service, const std::map<std::string, std::vector<Dependency>>& edges,
           std::set<std::string>& done, std::vector<std::string>& path, std::vector<std::string>& order) {
    if (done.count(service) > 0) {
        return;
    }
    if (const auto seen = std::find(path.begin(), path.end(), service); seen != path.end()) {
        std::string cycle;
        for (auto step = seen; step != path.end(); ++step) {
            cycle += *step + " -> ";
        }
        throw Error(Errc::invalid_input, "dependency cycle: " + cycle + service);
    }
    path.push_back(service);
    for (const Dependency& dependency : edges.at(service)) {
        visit(dependency.service, edges, done, path, order);
    }
    path.pop_back();
    done.insert(service);
    order.push_back(service);
}

}  // namespace

const ObservedNetwork* Observed::find_network(const std::string& name) const {
    const auto found = std::find_if(networks.begin(), networks.end(), [&](const auto& it) { return it.name == name; });
    return found == networks.end() ? nullptr : &*found;
}

const Observed::Volume* Observed::find_volume(const std::string& name) const {
    const auto found = std::find_if(volumes.begin(), volumes.end(), [&](const auto& it) { return it.name == name; });
    return found == volumes.end() ? nullptr : &*found;
}

const ObservedContainer* Observed::find_container(const std::string& id) const {
    const auto found = std::find_if(containers.begin(), containers.end(), [&](const auto& it) { return it.id == id; });
    return found == containers.end() ? nullptr : &*found;
}

std::vector<const ObservedContainer*> Observed::of_service(const std::string& service) const {
    std::vector<const ObservedContainer*> found;
    for (const ObservedContainer& container : containers) {
        if (container.service == service && !container.one_off) {
            found.push_back(&container);
        }
    }
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->replica < b->replica; });
    return found;
}

std::string depends_on_label(const std::vector<Dependency>& dependencies) {
    std::vector<std::string> parts;
    for (const Dependency& dependency : dependencies) {
        parts.push_back(fmt::format("{}:{}:{}", dependency.service, word(dependency.condition), dependency.restart));
    }
    return join(parts, ",");
}

std::vector<Dependency> parse_depends_on_label(std::string_view text) {
    std::vector<Dependency> dependencies;
    for (const std::string_view part : split(text, ',')) {
        const auto fields = split(part, ':');
        if (fields[0].empty()) {
            continue;
        }
        Dependency& dependency = dependencies.emplace_back();
        dependency.service = fields[0];
        if (fields.size() > 1 && fields[1] == word(Dependency::Condition::healthy)) {
            dependency.condition = Dependency::Condition::healthy;
        } else if (fields.size() > 1 && fields[1] == word(Dependency::Condition::completed_successfully)) {
            dependency.condition = Dependency::Condition::completed_successfully;
        }
        dependency.restart = fields.size() > 2 && fields[2] == "true";
    }
    return dependencies;
}

Graph Graph::of(const std::vector<desired::ServiceSpec>& services) {
    Graph graph;
    for (const auto& service : services) {
        graph.edges_[service.name];
    }
    for (const auto& service : services) {
        for (const Dependency& dependency : service.depends_on) {
            if (graph.contains(dependency.service)) {
                graph.edges_[service.name].push_back(dependency);
            }
        }
    }
    return graph;
}

Graph Graph::of(const std::vector<ObservedContainer>& containers) {
    Graph graph;
    for (const auto& container : containers) {
        graph.edges_[container.service];
    }
    for (const auto& container : containers) {
        auto& known = graph.edges_[container.service];
        for (const Dependency& dependency : container.depends_on) {
            const bool is_new = std::none_of(known.begin(), known.end(),
                                             [&](const auto& it) { return it.service == dependency.service; });
            if (is_new && graph.contains(dependency.service) && dependency.service != container.service) {
                known.push_back(dependency);
            }
        }
    }
    return graph;
}

std::vector<std::string> Graph::order() const {
    std::vector<std::string> order;
    std::set<std::string> done;
    std::vector<std::string> path;
    for (const auto& [service, dependencies] : edges_) {
        visit(service, edges_, done, path, order);
    }
    return order;
}

const std::vector<Dependency>& Graph::dependencies(const std::string& service) const {
    static const std::vector<Dependency> none;
    const auto found = edges_.find(service);
    return found == edges_.end() ? none : found->second;
}

std::vector<std::string> Graph::dependents(const std::string& service) const {
    std::vector<std::string> names;
    for (const auto& [name, dependencies] : edges_) {
        if (std::any_of(dependencies.begin(), dependencies.end(),
                        [&](const auto& it) { return it.service == service; })) {
            names.push_back(name);
        }
    }
    return names;
}

std::set<std::string> Graph::closure(const std::vector<std::string>& services) const {
    std::set<std::string> all;
    const std::function<void(const std::string&)> add = [&](const std::string& service) {
        if (contains(service) && all.insert(service).second) {
            for (const Dependency& dependency : dependencies(service)) {
                add(dependency.service);
            }
        }
    };
    for (const std::string& service : services) {
        add(service);
    }
    return all;
}

}  // namespace stack::engine::reconcile
