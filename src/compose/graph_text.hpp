#pragma once

#include <string>
#include <string_view>

#include "compose/graph.hpp"

namespace stack::compose {

// Pictures of a project's services and what they need of each other. All are whole texts with a line end.

/// For people at a terminal: services in the order in which they start, what each needs below it.
std::string graph_as_ascii(const ServiceGraph& graph);
/// For graphviz.
std::string graph_as_dot(const ServiceGraph& graph, std::string_view project);
/// For Markdown: https://mermaid.js.org/syntax/flowchart.html
std::string graph_as_mermaid(const ServiceGraph& graph);
/// A picture of its own: a column for each step of the start.
std::string graph_as_svg(const ServiceGraph& graph);
/// {"services": [{"name", "level", "depends_on": [{"service", "condition", "required", "restart", "cause"}]}]}
std::string graph_as_json(const ServiceGraph& graph);

}  // namespace stack::compose
