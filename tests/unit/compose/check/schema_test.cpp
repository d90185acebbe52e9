#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "compose/check/format.hpp"
#include "compose/check/judge.hpp"
#include "compose/check/rule.hpp"
#include "compose/schema_check.hpp"
#include "compose/yaml_tree.hpp"

using namespace stack::compose;
using nlohmann::json;

namespace {

const json& schema() {
    static const json parsed = json::parse(compose_schema_text());
    return parsed;
}

/// Calls `visit(key, schema)` for every key that a mapping of a Compose file may have.
template <class Visit>
void each_key(const json& node, const Visit& visit) {
    if (node.is_object() && node.contains("properties")) {
        for (const auto& [key, value] : node.at("properties").items()) {
            visit(key, value);
        }
    }
    if (node.is_structured()) {
        for (const auto& child : node) {
            each_key(child, visit);
        }
    }
}

Node parse(std::string text) {
    SourceFiles files;
    Findings findings;
    const auto file = files.add("compose.yaml", std::move(text));
    auto documents = parse_yaml(files, file, findings);
    REQUIRE(documents.size() == 1);
    return std::move(documents[0]);
}

bool passes_walk(const Node& document) {
    Findings findings;
    check_schema(document, findings);
    return !findings.has_errors();
}

}  // namespace

TEST_CASE("the schema is compiled whole", "[compose][schema]") {
    const Rule& file = compose_file_rule();
    const Rule* services = file.find_member("services");
    REQUIRE(services != nullptr);
    REQUIRE(services->extra_rule != nullptr);
    CHECK(services->extra_rule->member_names.size() > 80);
    CHECK(services->extra_rule->find_member("ports")->items->takes(Kind::mapping));
}

TEST_CASE("every format that the schema names is there", "[compose][schema]") {
    CHECK(schema_formats().size() > 30);
    for (const auto name : schema_formats()) {
        CAPTURE(name);
        CHECK(find_format(name) != nullptr);
    }
}

TEST_CASE("every key has a description of its own", "[compose][schema]") {
    std::size_t keys = 0;
    each_key(schema(), [&](const std::string& key, const json& value) {
        CAPTURE(key);
        ++keys;
        CHECK(value.contains("description"));
        CHECK(value.value("description", "").ends_with('.'));
    });
    CHECK(keys > 200);
}

TEST_CASE("no key is listed that no value can reach, and none is named twice", "[compose][schema]") {
    std::set<std::string> used;
    const auto collect = [&](const json& node, const auto& again) -> void {
        if (node.is_object() && node.contains("$ref") && node.at("$ref").is_string()) {
            used.insert(node.at("$ref").get<std::string>());
        }
        if (node.is_structured()) {
            for (const auto& child : node) {
                again(child, again);
            }
        }
    };
    collect(schema(), collect);
    for (const auto& [name, value] : schema().at("definitions").items()) {
        CAPTURE(name);
        CHECK(used.contains("#/definitions/" + name));
    }
}

TEST_CASE("the walk and valijson give the same verdict", "[compose][schema]") {
    const std::vector<const char*> good{
        "{}",
        "services:",
        "services: {a: {image: x, scale: 2.0, ports: [80, '81:81', {target: 82}], environment: {A: 1, B: null, C: "
        "true}}}",
        "services: {a: {build: {context: ., x-b: 1}, deploy: null, networks: {n: null}, x-a: [1]}}\nnetworks: {n: "
        "null}\nx-z: 1",
        "services: {a: {image: x, ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}, command: null, entrypoint: [a, b]}}",
        "services: {a: {provider: {type: x, options: {a: [1, b], c: true}}, gpus: all, extra_hosts: {a: [1.1.1.1]}}}",
    };
    const std::vector<const char*> bad{
        "services: []",
        "services: {a: x}",
        "services: {a: {imag: x}}",
        "services: {a: {image: 1}}",
        "services: {a: {image: x, ports: 80}}",
        "services: {a: {image: x, ports: [{traget: 80}]}}",
        "services: {a: {image: x, depends_on: {b: {}}}}",
        "services: {a: {image: x, depends_on: {b: {condition: now}}}}",
        "services: {'a b': {image: x}}",
        "services: {a: {image: x, oom_score_adj: 1001}}",
        "services: {a: {image: x, environment: {A: [1]}}}",
        "services: {a: {image: x, ulimits: {nofile: {soft: 1}}}}",
        "secrets: {a: null}",
        "foo: 1",
        "[]",
    };
    for (const auto* text : good) {
        CAPTURE(text);
        CHECK(passes_walk(parse(text)));
        CHECK_FALSE(judge(parse(text)));
    }
    for (const auto* text : bad) {
        CAPTURE(text);
        CHECK_FALSE(passes_walk(parse(text)));
        CHECK(judge(parse(text)));
    }
}

TEST_CASE("valijson's verdict names the place", "[compose][schema]") {
    const auto verdict = judge(parse("services: {a: {image: x, ports: [80, [1]]}}"));
    REQUIRE(verdict);
    CHECK(verdict->path == std::vector<std::string>{"services", "a", "ports", "1"});
}
