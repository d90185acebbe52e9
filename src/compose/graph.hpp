#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"
#include "compose/project.hpp"

namespace stack::compose {

/// That one service needs another: depends_on says so, or a link, volumes_from or a `service:` namespace implies it.
struct ServiceEdge {
    std::size_t from{0};
    std::size_t to{0};
    std::string cause;  // the key: depends_on, links, volumes_from, network_mode, ipc, pid, uts
    DependencyCondition condition{DependencyCondition::started};
    bool required{true};
    bool restart{false};
    Mark mark;
};

/// The services of a project and what they need of each other. Services are numbered in the order of `names`; there is
/// at most one edge from one service to another, and what depends_on says wins.
struct ServiceGraph {
    std::vector<std::string> names;
    std::vector<std::vector<ServiceEdge>> edges;  // by ServiceEdge::from

    /// Services in groups: each group needs only services of earlier groups. What is on a cycle, or needs a service
    /// that is, is left out.
    std::vector<std::vector<std::size_t>> levels() const;
    /// A shortest cycle through the first service of each knot, as numbers; a service that needs itself is one of one.
    std::vector<std::vector<ServiceEdge>> cycles() const;
};

/// Which services are part of the project: the others' profiles are not active.
using ServiceFilter = std::function<bool(std::string_view name)>;

/// Of a merged document, forms short or long. References to services that are not there, or not active, give no edge.
ServiceGraph make_graph(const Node& document, const ServiceFilter& active);
/// Of a loaded project.
ServiceGraph make_graph(const Project& project);

/// Tells each cycle with its whole round: "web -> db -> web".
void check_cycles(const ServiceGraph& graph, Findings& findings);

/// A service that another one names, and where.
struct ServiceReference {
    std::string_view name;
    std::string_view cause;
    Mark mark;
    const Node* details{nullptr};  // of depends_on in long form
};

/// All services that `service` (a member of 'services') names, in the order of its keys.
std::vector<ServiceReference> service_references(const Node& service);

}  // namespace stack::compose
