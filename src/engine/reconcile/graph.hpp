#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/reconcile/observed.hpp"

namespace stack::engine::reconcile {

/// Services and what each depends on. Dependencies on services that are not in the graph are left out.
class Graph {
public:
    static Graph of(const std::vector<desired::ServiceSpec>& services);
    /// From the labels of containers that are there: for commands without the files at hand.
    static Graph of(const std::vector<ObservedContainer>& containers);

    /// Dependencies first; services that do not depend on each other in the order of their names.
    /// Throws Errc::invalid_input "dependency cycle: a -> b -> a".
    std::vector<std::string> order() const;
    const std::vector<desired::Dependency>& dependencies(const std::string& service) const;
    /// Those that name `service` as their dependency, directly.
    std::vector<std::string> dependents(const std::string& service) const;
    /// `services` and everything they depend on.
    std::set<std::string> closure(const std::vector<std::string>& services) const;
    bool contains(const std::string& service) const { return edges_.count(service) > 0; }

private:
    std::map<std::string, std::vector<desired::Dependency>> edges_;
};

}  // namespace stack::engine::reconcile
