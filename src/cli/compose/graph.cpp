#include <cstdio>

#include <fmt/format.h>

#include "cli/load_project.hpp"
#include "cli/verbs.hpp"
#include "compose/graph_text.hpp"

namespace stack::cli {

int show_graph(Context& context, const Flags& flags) {
    const auto format = flags.value_or("format", "ascii");
    if (format != "ascii" && format != "dot" && format != "mermaid" && format != "svg" && format != "json") {
        throw UsageError{
            fmt::format("invalid value '{}' for --format: expected ascii, dot, mermaid, svg or json", format)};
    }
    const auto loaded = load_project(context, flags.words());
    const auto graph = compose::make_graph(loaded.project);
    std::string text;
    if (format == "dot") {
        text = compose::graph_as_dot(graph, loaded.project.name);
    } else if (format == "mermaid") {
        text = compose::graph_as_mermaid(graph);
    } else if (format == "svg") {
        text = compose::graph_as_svg(graph);
    } else if (format == "json") {
        text = compose::graph_as_json(graph);
    } else {
        text = compose::graph_as_ascii(graph);
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

}  // namespace stack::cli
