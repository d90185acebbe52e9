#include "compose/graph_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace stack::compose;

namespace {

/// web needs api (links) and db (healthy); api needs db, which is optional.
ServiceGraph shop() {
    ServiceGraph graph;
    graph.names = {"api", "db", "web"};
    graph.edges.resize(3);
    graph.edges[0] = {{.from = 0, .to = 1, .cause = "depends_on", .required = false}};
    graph.edges[2] = {{.from = 2, .to = 0, .cause = "links"},
                      {.from = 2, .to = 1, .cause = "depends_on", .condition = DependencyCondition::healthy}};
    return graph;
}

}  // namespace

TEST_CASE("a graph for a terminal is in the order of the start", "[compose][graph]") {
    CHECK(graph_as_ascii(shop()) ==
          "  1  db\n"
          "  2  api\n"
          "     `- db (optional)\n"
          "  3  web\n"
          "     |- api (links)\n"
          "     `- db (healthy)\n");
    CHECK(graph_as_ascii({}) == "no services\n");
}

TEST_CASE("a graph for graphviz", "[compose][graph]") {
    CHECK(graph_as_dot(shop(), "a\"b") ==
          "digraph \"a\\\"b\" {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
          "  \"api\";\n  \"db\";\n  \"web\";\n"
          "  \"api\" -> \"db\" [label=\"optional\", style=dashed];\n"
          "  \"web\" -> \"api\" [label=\"links\"];\n"
          "  \"web\" -> \"db\" [label=\"healthy\"];\n}\n");
}

TEST_CASE("a graph for Markdown", "[compose][graph]") {
    CHECK(graph_as_mermaid(shop()) ==
          "flowchart LR\n  s0[\"api\"]\n  s1[\"db\"]\n  s2[\"web\"]\n"
          "  s0 -.->|optional| s1\n  s2 -->|links| s0\n  s2 -->|healthy| s1\n");
}

TEST_CASE("a graph as a picture has a box for each service and an arrow for each need", "[compose][graph]") {
    auto graph = shop();
    graph.names[1] = "a<b>&\"c";
    const auto svg = graph_as_svg(graph);
    CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(svg.find("a&lt;b&gt;&amp;&quot;c") != std::string::npos);
    std::size_t boxes = 0;
    for (auto at = svg.find("<rect "); at != std::string::npos; at = svg.find("<rect ", at + 1)) {
        ++boxes;
    }
    std::size_t arrows = 0;
    for (auto at = svg.find("marker-end"); at != std::string::npos; at = svg.find("marker-end", at + 1)) {
        ++arrows;
    }
    CHECK(boxes == 3);
    CHECK(arrows == 3);
}

TEST_CASE("a graph for programs", "[compose][graph]") {
    const auto json = nlohmann::json::parse(graph_as_json(shop()));
    REQUIRE(json.at("services").size() == 3);
    CHECK(json.at("services").at(0) == nlohmann::json::parse(R"({"name":"db","level":0,"depends_on":[]})"));
    CHECK(
        json.at("services").at(2).at("depends_on").at(1) ==
        nlohmann::json::parse(
            R"({"service":"db","condition":"service_healthy","required":true,"restart":false,"cause":"depends_on"})"));
}
