#include "compose/graph_text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/text.hpp"

namespace stack::compose {
namespace {

std::string_view condition_name(DependencyCondition condition) {
    switch (condition) {
        case DependencyCondition::started:
            return "service_started";
        case DependencyCondition::healthy:
            return "service_healthy";
        case DependencyCondition::completed_successfully:
            return "service_completed_successfully";
    }
    return "";
}

/// What is worth saying about an edge: "healthy, links"; empty for a plain depends_on.
std::string note_of(const ServiceEdge& edge) {
    std::vector<std::string> words;
    if (edge.condition == DependencyCondition::healthy) {
        words.emplace_back("healthy");
    } else if (edge.condition == DependencyCondition::completed_successfully) {
        words.emplace_back("completed");
    }
    if (!edge.required) {
        words.emplace_back("optional");
    }
    if (edge.cause != "depends_on") {
        words.push_back(edge.cause);
    }
    return join(words, ", ");
}

/// `text` with every character of `special` behind a backslash.
std::string escape(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string escape_xml(std::string text) {
    text = replace_all(std::move(text), "&", "&amp;");
    text = replace_all(std::move(text), "<", "&lt;");
    text = replace_all(std::move(text), ">", "&gt;");
    return replace_all(std::move(text), "\"", "&quot;");
}

struct Point {
    int x{0};
    int y{0};
};

constexpr int box_width = 160;
constexpr int box_height = 36;
constexpr int column_gap = 110;
constexpr int row_gap = 24;
constexpr int margin = 20;
constexpr std::size_t shown_characters = 20;

/// The upper left corner of each service's box: a column for each level, the first at the right, so that arrows run
/// from a service to what it needs.
std::vector<Point> place_boxes(const ServiceGraph& graph, const std::vector<std::vector<std::size_t>>& levels) {
    std::vector<Point> places(graph.names.size());
    const int columns = static_cast<int>(levels.size());
    for (int column = 0; column < columns; ++column) {
        int row = 0;
        for (const auto service : levels[static_cast<std::size_t>(column)]) {
            places[service] = {margin + (columns - 1 - column) * (box_width + column_gap),
                               margin + row++ * (box_height + row_gap)};
        }
    }
    return places;
}

std::string arrow(Point from, Point to, const ServiceEdge& edge) {
    const int x1 = from.x + box_width;
    const int y1 = from.y + box_height / 2;
    const int x2 = to.x - 8;
    const int y2 = to.y + box_height / 2;
    const int middle = (x1 + x2) / 2;
    auto out = fmt::format(R"svg(<path d="M{} {} C{} {} {} {} {} {}"{} marker-end="url(#a)"/>)svg", x1, y1, middle, y1,
                           middle, y2, x2, y2, edge.required ? "" : R"( stroke-dasharray="5 4")");
    if (const auto note = note_of(edge); !note.empty()) {
        out += fmt::format(R"(<text class="n" x="{}" y="{}">{}</text>)", middle, (y1 + y2) / 2 - 4, escape_xml(note));
    }
    return out + "\n";
}

std::string box(Point at, const std::string& name) {
    return fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" rx="6"/><text x="{}" y="{}">{}</text>)"
                       "\n",
                       at.x, at.y, box_width, box_height, at.x + box_width / 2, at.y + box_height / 2 + 5,
                       escape_xml(abbreviate(name, shown_characters)));
}

}  // namespace

std::string graph_as_ascii(const ServiceGraph& graph) {
    std::string out;
    const auto levels = graph.levels();
    for (std::size_t level = 0; level < levels.size(); ++level) {
        for (std::size_t i = 0; i < levels[level].size(); ++i) {
            const auto service = levels[level][i];
            out += fmt::format("{:>3}  {}\n", i == 0 ? std::to_string(level + 1) : "", graph.names[service]);
            const auto& edges = graph.edges[service];
            for (std::size_t n = 0; n < edges.size(); ++n) {
                const auto note = note_of(edges[n]);
                out += fmt::format("     {} {}{}\n", n + 1 == edges.size() ? "`-" : "|-", graph.names[edges[n].to],
                                   note.empty() ? "" : fmt::format(" ({})", note));
            }
        }
    }
    return out.empty() ? "no services\n" : out;
}

std::string graph_as_dot(const ServiceGraph& graph, std::string_view project) {
    std::string out =
        fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", escape(project, "\"\\"));
    for (const auto& name : graph.names) {
        out += fmt::format("  \"{}\";\n", escape(name, "\"\\"));
    }
    for (const auto& edges : graph.edges) {
        for (const auto& edge : edges) {
            const auto note = note_of(edge);
            out += fmt::format("  \"{}\" -> \"{}\"", escape(graph.names[edge.from], "\"\\"),
                               escape(graph.names[edge.to], "\"\\"));
            out += note.empty() && edge.required
                       ? ""
                       : fmt::format(" [label=\"{}\"{}]", note, edge.required ? "" : ", style=dashed");
            out += ";\n";
        }
    }
    return out + "}\n";
}

std::string graph_as_mermaid(const ServiceGraph& graph) {
    std::string out = "flowchart LR\n";
    for (std::size_t i = 0; i < graph.names.size(); ++i) {
        out += fmt::format("  s{}[\"{}\"]\n", i, replace_all(graph.names[i], "\"", "#quot;"));
    }
    for (const auto& edges : graph.edges) {
        for (const auto& edge : edges) {
            const auto note = note_of(edge);
            out += fmt::format("  s{} {}{} s{}\n", edge.from, edge.required ? "-->" : "-.->",
                               note.empty() ? "" : fmt::format("|{}|", note), edge.to);
        }
    }
    return out;
}

std::string graph_as_svg(const ServiceGraph& graph) {
    const auto levels = graph.levels();
    std::size_t rows = 1;
    for (const auto& level : levels) {
        rows = std::max(rows, level.size());
    }
    const int columns = std::max(1, static_cast<int>(levels.size()));
    const int width = 2 * margin + columns * (box_width + column_gap) - column_gap;
    const int height = 2 * margin + static_cast<int>(rows) * (box_height + row_gap) - row_gap;
    std::string out = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">)"
        R"(<style>rect{{fill:#eef3fb;stroke:#3b5b8c}}path{{fill:none;stroke:#666}}text{{font:14px sans-serif;text-anchor:middle}}.n{{font-size:11px;fill:#666}}</style>)"
        R"(<defs><marker id="a" viewBox="0 0 8 8" refX="0" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#666"/></marker></defs>)"
        "\n",
        width, height);
    const auto places = place_boxes(graph, levels);
    for (const auto& edges : graph.edges) {
        for (const auto& edge : edges) {
            out += arrow(places[edge.from], places[edge.to], edge);
        }
    }
    for (std::size_t i = 0; i < graph.names.size(); ++i) {
        out += box(places[i], graph.names[i]);
    }
    return out + "</svg>\n";
}

std::string graph_as_json(const ServiceGraph& graph) {
    auto services = nlohmann::ordered_json::array();
    const auto levels = graph.levels();
    for (std::size_t level = 0; level < levels.size(); ++level) {
        for (const auto service : levels[level]) {
            auto needs = nlohmann::ordered_json::array();
            for (const auto& edge : graph.edges[service]) {
                needs.push_back({{"service", graph.names[edge.to]},
                                 {"condition", condition_name(edge.condition)},
                                 {"required", edge.required},
                                 {"restart", edge.restart},
                                 {"cause", edge.cause}});
            }
            services.push_back({{"name", graph.names[service]}, {"level", level}, {"depends_on", needs}});
        }
    }
    return nlohmann::ordered_json{{"services", services}}.dump(2) + "\n";
}

}  // namespace stack::compose
