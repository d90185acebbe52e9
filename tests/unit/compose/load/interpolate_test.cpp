#include "compose/interpolate.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "unit/compose/load/load_case.hpp"

using namespace stack::compose;

namespace {

std::string substituted(const std::string& text) {
    const std::map<std::string, std::string, std::less<>> variables{{"A", "1"}, {"EMPTY", ""}};
    const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    std::vector<SubstituteProblem> problems;
    std::string out = substitute(text, lookup, problems);
    for (const SubstituteProblem& problem : problems) {
        if (problem.severity == Severity::error) {
            return "error at " + std::to_string(problem.offset) + ": " + problem.message;
        }
    }
    return out;
}

}  // namespace

TEST_CASE("variables are substituted in all forms", "[compose][interpolate]") {
    const std::pair<const char*, const char*> rows[] = {
        {"$A${A}x", "11x"},
        {"$$A $${A}", "$A ${A}"},
        {"[$U][${U}]", "[][]"},
        {"${U-d}${EMPTY-d}", "d"},
        {"${U:-d}${EMPTY:-d}", "dd"},
        {"${A:-d}", "1"},
        {"${A:+y}${U:+y}", "y"},
        {"${EMPTY+y}${EMPTY:+n}", "y"},
        {"${U:-${V:-${A}}}", "1"},
        {"${U:-a$$b}", "a$b"},
        {"$1 cost$ $-", "$1 cost$ $-"},
        {"${A?}", "1"},
        {"${U:-}", ""},
        {"${U:-a:b-c?d}", "a:b-c?d"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        CHECK(substituted(text) == expected);
    }
    CHECK(substituted("x${U:?need ${A}}") == "error at 1: required variable 'U' is not set: need 1");
    CHECK(substituted("${EMPTY:?}") == "error at 0: required variable 'EMPTY' is empty");
    CHECK(substituted("ab${A").starts_with("error at 2: '${' without a closing '}'"));
    CHECK(substituted("${A!b}").starts_with("error at 0: '${A!b}' is not a variable"));
    CHECK(substituted("${}").starts_with("error at 0:"));
}

TEST_CASE("an unset variable is told once, where it stands", "[compose][interpolate]") {
    const test::LoadCase project{
        {{"compose.yaml", "services:\n  app:\n    image: \"a:${TAG}\"\n    environment:\n      T: ${TAG}\n"}}, {}, {}};
    CHECK(test::warnings(project) == "compose.yaml:3:15 variable 'TAG' is not set; it is blank here");
}

TEST_CASE("what a place asks for decides about the type after substitution", "[compose][cast]") {
    const std::string yaml =
        "services: {app: {image: a, privileged: '${P:-true}', scale: '${N:-2}', cpus: '${C:-1.5}'}}";
    CHECK(test::loaded(yaml, "services.app.scale") == "2");
    CHECK(test::loaded(yaml, "services.app.cpus") == "1.5");
    CHECK(test::loaded(yaml, "services.app.privileged") == "true");
    CHECK(test::loaded("services:\n  app:\n    image: a\n    scale: ${N:-many}\n", "services") ==
          "compose.yaml:4:12 value 'many' of 'scale' for service 'app' is not a whole number");
}

TEST_CASE("every variable of the files is listed, needed or not", "[compose][interpolate]") {
    LoadOptions options;
    options.interpolate = false;
    const auto project =
        stack::compose::test::load({{{"compose.yaml",
                                      "services: {app: {image: \"x:${TAG:-${BASE:-1}}\", labels: {a: \"${U:+${V-w}}\", "
                                      "b: \"${N:?why}\", c: $TAG}}}"}},
                                    {},
                                    options});
    std::string listed;
    for (const auto& [name, use] : project.variables) {
        listed += name + (use.required ? "! " : " ") + use.default_value + " " + use.alternate_value + "|";
    }
    CHECK(listed == "BASE 1 |N!  |TAG ${BASE:-1} |U  ${V-w}|V w |");
}

TEST_CASE("what still holds a variable is taken for anything", "[compose][interpolate]") {
    test::LoadCase project{{{"compose.yaml",
                             "services:\n  a:\n    image: x\n    tty: yes\n    scale: ${N}\n    cpus: \"0.5\"\n"
                             "    volumes: [\"${V}:/v\"]\n    ports: [\"80:${P}\"]\n    networks: [\"${NET}\"]\n    "
                             "environment: [P, \"Q=$Q\"]\n"
                             "    env_file: e.env\n"},
                            {"e.env", "E=1\n"}},
                           {{"P", "p"}},
                           {}};
    project.options.interpolate = false;
    project.options.typed = false;
    CHECK(test::loaded(project, "services.a.tty") == "true");
    CHECK(test::loaded(project, "services.a.scale") == R"("${N}")");
    CHECK(test::loaded(project, "services.a.ports") == R"(["80:${P}"])");
    CHECK(test::loaded(project, "services.a.cpus") == "0.5");
    CHECK(test::loaded(project, "services.a.environment") == R"({"P":null,"Q":"$Q"})");
    CHECK(test::loaded(project, "services.a.env_file") == R"([{"path":"/dir/e.env","required":true}])");
}

TEST_CASE("the environment of services is filled in whether or not names are", "[compose][environment]") {
    test::LoadCase project{{{"compose.yaml", "services: {a: {image: x, environment: [P, N], env_file: e.env}}\n"},
                            {"e.env", "E=1\nP=file\n"}},
                           {{"P", "shell"}},
                           {}};
    const std::string filled = R"({"E":"1","N":null,"P":"shell"})";
    CHECK(test::loaded(project, "services.a.environment") == filled);
    project.options.normalize = false;
    CHECK(test::loaded(project, "services.a.environment") == filled);
    CHECK(test::loaded(project, "services.a.env_file") == "absent");
    project.options.resolve_env_files = false;
    CHECK(test::loaded(project, "services.a.environment") == R"({"N":null,"P":null})");
}
