#include "compose/graph.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compose/yaml_tree.hpp"

using namespace stack::compose;

namespace {

Node parse(std::string text) {
    SourceFiles files;
    Findings findings;
    const auto file = files.add("compose.yaml", std::move(text));
    auto documents = parse_yaml(files, file, findings);
    REQUIRE(documents.size() == 1);
    REQUIRE_FALSE(findings.has_errors());
    return std::move(documents[0]);
}

ServiceGraph graph_of(std::string services) {
    return make_graph(parse("services: {" + std::move(services) + "}"), [](std::string_view) { return true; });
}

/// "a b|c": services of a level are parted by spaces, levels by bars.
std::string levels_of(const ServiceGraph& graph) {
    std::string out;
    for (const auto& level : graph.levels()) {
        out += out.empty() ? "" : "|";
        for (const auto service : level) {
            out += (out.empty() || out.back() == '|' ? "" : " ") + graph.names[service];
        }
    }
    return out;
}

std::string cycles_of(const ServiceGraph& graph) {
    std::string out;
    for (const auto& cycle : graph.cycles()) {
        out += out.empty() ? "" : "; ";
        for (const auto& edge : cycle) {
            out += graph.names[edge.from] + ">";
        }
    }
    return out;
}

}  // namespace

TEST_CASE("services come in the order that they need each other", "[compose][graph]") {
    CHECK(levels_of(graph_of("")).empty());
    CHECK(levels_of(graph_of("a: {}, b: {}")) == "a b");
    CHECK(levels_of(graph_of("a: {depends_on: [b, c]}, b: {depends_on: [c]}, c: {}")) == "c|b|a");
    CHECK(levels_of(graph_of("a: {depends_on: {b: {condition: service_healthy}}}, b: {}, d: {}")) == "b d|a");
}

TEST_CASE("links, volumes_from and namespaces imply that a service is needed", "[compose][graph]") {
    for (const std::string_view cause : {"links: ['b:x']", "volumes_from: ['b:ro']", "network_mode: 'service:b'",
                                         "ipc: 'service:b'", "pid: 'service:b'", "uts: 'service:b'"}) {
        CAPTURE(cause);
        const auto graph = graph_of(fmt::format("a: {{{}}}, b: {{}}", cause));
        CHECK(levels_of(graph) == "b|a");
        CHECK(graph.edges[0].at(0).cause == cause.substr(0, cause.find(':')));
    }
    CHECK(levels_of(graph_of("a: {volumes_from: ['container:b'], network_mode: 'container:b'}, b: {}")) == "a b");
}

TEST_CASE("what depends_on says wins over what is implied", "[compose][graph]") {
    const auto graph = graph_of(
        "a: {links: [b], depends_on: {b: {condition: service_healthy, required: false, restart: true}}}, b: {}");
    REQUIRE(graph.edges[0].size() == 1);
    const auto& edge = graph.edges[0][0];
    CHECK(edge.cause == "depends_on");
    CHECK(edge.condition == DependencyCondition::healthy);
    CHECK_FALSE(edge.required);
    CHECK(edge.restart);
}

TEST_CASE("cycles are found, the shortest of each knot", "[compose][graph]") {
    CHECK(cycles_of(graph_of("a: {depends_on: [b]}, b: {}")).empty());
    CHECK(cycles_of(graph_of("a: {depends_on: [a]}")) == "a>");
    CHECK(cycles_of(graph_of("a: {depends_on: [b]}, b: {links: [a]}")) == "a>b>");
    CHECK(cycles_of(graph_of("a: {depends_on: [b]}, b: {depends_on: [c]}, c: {depends_on: [a, b]}")) == "a>b>c>");
    CHECK(cycles_of(graph_of(
              "x: {depends_on: [a]}, a: {depends_on: [b]}, b: {depends_on: [a]}, c: {depends_on: [c]}")) == "a>b>; c>");
    CHECK(levels_of(graph_of("a: {depends_on: [b]}, b: {depends_on: [a]}, c: {}, d: {depends_on: [a]}")) == "c");
}

TEST_CASE("services that are not active are not in the graph", "[compose][graph]") {
    const auto document = parse("services: {a: {depends_on: [b, c]}, b: {}, c: {}}");
    const auto graph = make_graph(document, [](std::string_view name) { return name != "b"; });
    CHECK(levels_of(graph) == "c|a");
}

TEST_CASE("a long chain of services needs no deep stack", "[compose][graph]") {
    constexpr int length = 50'000;
    ServiceGraph graph;
    for (std::size_t i = 0; i < length; ++i) {
        graph.names.push_back(std::to_string(i));
        graph.edges.push_back({{.from = i, .to = (i + 1) % length}});
    }
    CHECK(graph.cycles().at(0).size() == length);
    Findings findings;
    check_cycles(graph, findings);
    CHECK(findings.sorted().at(0).message.size() < 1000);
}
