#include "compose/graph.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "compose/check/report.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t unset = static_cast<std::size_t>(-1);

/// "db:database" -> "db": links and volumes_from put more behind the name.
std::string_view before_colon(std::string_view text) {
    return text.substr(0, text.find(':'));
}

/// "service:db" -> "db".
std::optional<std::string_view> named_service(std::string_view text) {
    constexpr std::string_view prefix = "service:";
    return text.starts_with(prefix) ? std::optional{text.substr(prefix.size())} : std::nullopt;
}

void add_listed(const Node* list, std::string_view cause, std::vector<ServiceReference>& out) {
    if (list == nullptr) {
        return;
    }
    for (const auto& entry : list->items()) {
        const bool container = cause == "volumes_from" && entry.text.starts_with("container:");
        if (entry.is_string() && !container) {
            out.push_back({cause == "depends_on" ? std::string_view{entry.text} : before_colon(entry.text), cause,
                           entry.mark, nullptr});
        }
    }
}

void add_namespaces(const Node& service, std::vector<ServiceReference>& out) {
    for (const std::string_view key : {"network_mode", "ipc", "pid", "uts"}) {
        const Node* value = service.find(key);
        if (value == nullptr || !value->is_string()) {
            continue;
        }
        if (const auto name = named_service(value->text); name && !name->empty()) {
            out.push_back({*name, key, value->mark, nullptr});
        }
    }
}

DependencyCondition condition_of(const Node& details) {
    const Node* condition = details.find("condition");
    if (condition != nullptr && condition->text == "service_healthy") {
        return DependencyCondition::healthy;
    }
    if (condition != nullptr && condition->text == "service_completed_successfully") {
        return DependencyCondition::completed_successfully;
    }
    return DependencyCondition::started;
}

/// Gathers edges; a second one between the same services is dropped, so what depends_on says must come first.
class Builder {
public:
    void add_service(std::string name) {
        numbers_.emplace(name, graph_.names.size());
        graph_.names.push_back(std::move(name));
        graph_.edges.emplace_back();
    }

    void add_edge(std::size_t from, std::string_view to, ServiceEdge edge) {
        const auto found = numbers_.find(std::string{to});
        if (found == numbers_.end()) {
            return;
        }
        auto& edges = graph_.edges[from];
        if (met_from_ != from) {
            met_.clear();
            met_from_ = from;
        }
        if (met_.emplace(found->second, true).second) {
            edge.from = from;
            edge.to = found->second;
            edges.push_back(std::move(edge));
        }
    }

    ServiceGraph take() && { return std::move(graph_); }

private:
    ServiceGraph graph_;
    std::unordered_map<std::string, std::size_t> numbers_;
    std::unordered_map<std::size_t, bool> met_;  // targets of the service that edges were last added to
    std::size_t met_from_{unset};
};

/// Tarjan's strongly connected components, without recursion: chains of services may be long.
class Knots {
public:
    explicit Knots(const ServiceGraph& graph)
        : graph_{graph}, index_(graph.names.size(), unset), low_(graph.names.size()), knot_(graph.names.size(), unset) {
        for (std::size_t i = 0; i < graph.names.size(); ++i) {
            if (index_[i] == unset) {
                visit(i);
            }
        }
    }

    /// The number of the knot that a service is in; services that are on no cycle are in knots of their own.
    std::size_t of(std::size_t service) const { return knot_[service]; }

private:
    struct Step {
        std::size_t service;
        std::size_t next_edge;
    };

    void visit(std::size_t root) {
        enter(root);
        while (!steps_.empty()) {
            auto& step = steps_.back();
            const auto& edges = graph_.edges[step.service];
            if (step.next_edge == edges.size()) {
                leave();
                continue;
            }
            const std::size_t to = edges[step.next_edge++].to;
            if (index_[to] == unset) {
                enter(to);
            } else if (knot_[to] == unset) {
                low_[step.service] = std::min(low_[step.service], index_[to]);
            }
        }
    }

    void enter(std::size_t service) {
        index_[service] = low_[service] = count_++;
        open_.push_back(service);
        steps_.push_back({service, 0});
    }

    void leave() {
        const std::size_t service = steps_.back().service;
        steps_.pop_back();
        if (!steps_.empty()) {
            auto& above = low_[steps_.back().service];
            above = std::min(above, low_[service]);
        }
        if (low_[service] != index_[service]) {
            return;
        }
        std::size_t member = unset;
        do {
            member = open_.back();
            open_.pop_back();
            knot_[member] = knots_;
        } while (member != service);
        ++knots_;
    }

    const ServiceGraph& graph_;
    std::vector<std::size_t> index_, low_, knot_, open_;
    std::vector<Step> steps_;
    std::size_t count_{0};
    std::size_t knots_{0};
};

/// The shortest way from `start` back to itself within its knot; empty if there is none.
std::vector<ServiceEdge> shortest_round(const ServiceGraph& graph, const Knots& knots, std::size_t start,
                                        std::vector<const ServiceEdge*>& reached_by) {
    std::vector<std::size_t> queue{start};
    for (std::size_t head = 0; head < queue.size(); ++head) {
        for (const auto& edge : graph.edges[queue[head]]) {
            if (edge.to == start) {
                std::vector<ServiceEdge> round{edge};
                while (round.back().from != start) {
                    round.push_back(*reached_by[round.back().from]);
                }
                std::reverse(round.begin(), round.end());
                return round;
            }
            if (knots.of(edge.to) == knots.of(start) && reached_by[edge.to] == nullptr) {
                reached_by[edge.to] = &edge;
                queue.push_back(edge.to);
            }
        }
    }
    return {};
}

std::string tell_round(const ServiceGraph& graph, const std::vector<ServiceEdge>& round) {
    constexpr std::size_t most = 24;
    std::string text = shown(graph.names[round.front().from]);
    for (std::size_t i = 0; i < round.size(); ++i) {
        if (i == most && round.size() > most + 1) {
            text += fmt::format(" -> … {} more …", round.size() - most - 1);
            i = round.size() - 1;
        }
        text += " -> " + shown(graph.names[round[i].to]);
    }
    return text;
}

}  // namespace

std::vector<std::vector<std::size_t>> ServiceGraph::levels() const {
    std::vector<std::size_t> waits_for(names.size());
    std::vector<std::vector<std::size_t>> needed_by(names.size());
    for (const auto& from : edges) {
        for (const auto& edge : from) {
            ++waits_for[edge.from];
            needed_by[edge.to].push_back(edge.from);
        }
    }
    std::vector<std::vector<std::size_t>> levels;
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (waits_for[i] == 0) {
            ready.push_back(i);
        }
    }
    while (!ready.empty()) {
        std::vector<std::size_t> next;
        for (const std::size_t done : ready) {
            for (const std::size_t waiting : needed_by[done]) {
                if (--waits_for[waiting] == 0) {
                    next.push_back(waiting);
                }
            }
        }
        std::sort(next.begin(), next.end());
        levels.push_back(std::exchange(ready, std::move(next)));
    }
    return levels;
}

std::vector<std::vector<ServiceEdge>> ServiceGraph::cycles() const {
    const Knots knots{*this};
    std::vector<bool> told(names.size());  // by knot
    std::vector<const ServiceEdge*> reached_by(names.size());
    std::vector<std::vector<ServiceEdge>> cycles;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (told[knots.of(i)]) {
            continue;
        }
        told[knots.of(i)] = true;
        if (auto round = shortest_round(*this, knots, i, reached_by); !round.empty()) {
            cycles.push_back(std::move(round));
        }
    }
    return cycles;
}

std::vector<ServiceReference> service_references(const Node& service) {
    std::vector<ServiceReference> out;
    const Node* depends = service.find("depends_on");
    add_listed(depends, "depends_on", out);
    if (depends != nullptr) {
        for (const auto& member : depends->members()) {
            out.push_back({member.key, "depends_on", member.key_mark, &member.value});
        }
    }
    add_listed(service.find("links"), "links", out);
    add_listed(service.find("volumes_from"), "volumes_from", out);
    add_namespaces(service, out);
    return out;
}

ServiceGraph make_graph(const Node& document, const ServiceFilter& active) {
    Builder builder;
    const Node* services = document.find("services");
    if (services == nullptr) {
        return std::move(builder).take();
    }
    for (const auto& member : services->members()) {
        if (active(member.key)) {
            builder.add_service(member.key);
        }
    }
    std::size_t from = 0;
    for (const auto& member : services->members()) {
        if (!active(member.key)) {
            continue;
        }
        for (const auto& reference : service_references(member.value)) {
            ServiceEdge edge;
            edge.cause = reference.cause;
            edge.mark = reference.mark;
            if (reference.details != nullptr) {
                const Node* required = reference.details->find("required");
                const Node* restart = reference.details->find("restart");
                edge.condition = condition_of(*reference.details);
                edge.required = required == nullptr || required->as_bool().value_or(true);
                edge.restart = restart != nullptr && restart->as_bool().value_or(false);
            }
            builder.add_edge(from, reference.name, std::move(edge));
        }
        ++from;
    }
    return std::move(builder).take();
}

ServiceGraph make_graph(const Project& project) {
    Builder builder;
    for (const auto& [name, service] : project.services) {
        builder.add_service(name);
    }
    std::size_t from = 0;
    for (const auto& [name, service] : project.services) {
        for (const auto& [to, dependency] : service.depends_on) {
            builder.add_edge(from, to,
                             {.cause = dependency.cause,
                              .condition = dependency.condition,
                              .required = dependency.required,
                              .restart = dependency.restart,
                              .mark = dependency.mark});
        }
        ++from;
    }
    return std::move(builder).take();
}

void check_cycles(const ServiceGraph& graph, Findings& findings) {
    const Path root;
    const Path services = root / "services";
    for (const auto& round : graph.cycles()) {
        const auto& first = round.front();
        const Path service = services / graph.names[first.from];
        const Path place = service / first.cause;
        if (round.size() == 1) {
            findings.error(first.mark, place,
                           fmt::format("service '{0}' depends on itself: {0} -> {0} ({1})",
                                       shown(graph.names[first.from]), first.cause),
                           fmt::format("remove '{}' from its '{}'", shown(graph.names[first.from]), first.cause));
            continue;
        }
        const auto& last = round.back();
        findings.error(
            first.mark, place, fmt::format("dependency cycle: {}", tell_round(graph, round)),
            fmt::format("none of them can start first; remove one step, such as '{}' from '{}' of '{}' in line {}",
                        shown(graph.names[last.to]), last.cause, shown(graph.names[last.from]), last.mark.line));
    }
}

}  // namespace stack::compose
