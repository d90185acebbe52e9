#include <catch2/catch.hpp>

#include "unit/compose/load/load_case.hpp"

using stack::compose::LoadOptions;
using stack::compose::test::load;
using stack::compose::test::LoadCase;
using stack::compose::test::loaded;
using stack::compose::test::warnings;

namespace {

LoadOptions with_files(std::vector<std::string> files) {
    LoadOptions options;
    options.files = std::move(files);
    return options;
}

// What two files merge to; `path` below services.app.
std::string merged(const std::string& base, const std::string& over, const std::string& path) {
    const LoadCase pair{
        {{"a.yaml", "services: {app: {image: i, " + base + "}}"}, {"b.yaml", "services: {app: {" + over + "}}"}},
        {},
        with_files({"a.yaml", "b.yaml"})};
    return loaded(pair, "services.app." + path);
}

}  // namespace

TEST_CASE("several files merge by the rules of their keys", "[compose][merge]") {
    CHECK(merged("command: [a, b]", "command: [c]", "command") == R"(["c"])");
    CHECK(merged("cap_add: [A]", "cap_add: [B, A]", "cap_add") == R"(["A","B"])");
    CHECK(merged("environment: {A: 1, B: 1}", "environment: [A=2]", "environment") == R"({"A":"2","B":"1"})");
    CHECK(merged("ports: ['1:1']", "ports: !override ['2:2']", "ports") ==
          R"([{"mode":"ingress","protocol":"tcp","published":"2","target":2}])");
    CHECK(merged("ports: ['1:1']", "ports: !reset []", "ports") == "absent");
    CHECK(merged("ports: ['1:1']", "ports: ", "ports") ==
          R"([{"mode":"ingress","protocol":"tcp","published":"1","target":1}])");
    CHECK(merged("build: x", "build: {target: t}", "build") ==
          R"({"context":"/dir/x","dockerfile":"Dockerfile","target":"t"})");
    CHECK(merged("logging: {driver: a, options: {x: 1}}", "logging: {driver: b}", "logging") == R"({"driver":"b"})");
    CHECK(merged("volumes: ['/a:/x', '/b:/y']", "volumes: ['/c:/x']", "volumes") ==
          R"([{"bind":{"create_host_path":true},"source":"/c","target":"/x","type":"bind"},)"
          R"({"bind":{"create_host_path":true},"source":"/b","target":"/y","type":"bind"}])");
    CHECK(merged("networks: [default]", "networks: {default: {aliases: [z]}}", "networks") ==
          R"({"default":{"aliases":["z"]}})");
}

TEST_CASE("services extend others, over files and steps, with the base's own paths", "[compose][extends]") {
    const LoadCase chain{
        {{"compose.yaml", "services: {app: {extends: {file: one/b.yaml, service: b}, tty: true}}"},
         {"one/b.yaml", "services: {b: {extends: {file: two/c.yaml, service: c}, volumes: ['./v:/v']}}"},
         {"one/two/c.yaml", "services: {c: {build: ., labels: {l: c}}}"}},
        {},
        {}};
    CHECK(loaded(chain, "services.app.build.context") == R"("/dir/one/two")");
    CHECK(loaded(chain, "services.app.labels") == R"({"l":"c"})");
    CHECK(loaded(chain, "services.app.volumes") ==
          R"([{"bind":{"create_host_path":true},"source":"/dir/one/v","target":"/v","type":"bind"}])");
    CHECK(loaded("services:\n  a: {extends: b}\n  b: {extends: a}\n", "services") ==
          "compose.yaml:2:7 services extend each other in a circle: 'a' -> 'b' -> 'a'");
    CHECK(loaded("services:\n  web: {extends: bse}\n  base: {image: a}\n", "services") ==
          "compose.yaml:2:18 service 'web' extends 'bse', which is not a service of 'compose.yaml'");
}

TEST_CASE("extends of a service that says nothing changes nothing", "[compose][extends]") {
    const LoadCase empty{{{"compose.yaml", "services: {app: {image: a, extends: {file: b.yaml, service: b}}}"},
                          {"b.yaml", "services:\n  b:\n"}},
                         {},
                         {}};
    CHECK(loaded(empty, "services.app.image") == R"("a")");
    CHECK(loaded(empty, "services.app.extends") == R"({"file":"/dir/b.yaml","service":"b"})");
}

TEST_CASE("the project_directory of an include is a folder, or a file in it", "[compose][include]") {
    const auto include = [](const std::string& directory) {
        LoadCase project{
            {{"compose.yaml", "include:\n  - path: inc/a.yaml\n    project_directory: " + directory + "\n"},
             {"inc/a.yaml", "services: {a: {build: {target: t}, volumes: ['./d:/d']}}\n"},
             {"other/file", ""}},
            {},
            {}};
        return project;
    };
    CHECK(loaded(include("other"), "services.a.build.context") == R"("/dir/other")");
    CHECK(loaded(include("other/file"), "services.a.build.context") == R"("/dir/other")");
    CHECK(warnings(include("other/file")).empty());
    CHECK(loaded(include("other/none"), "services.a.volumes") ==
          R"([{"bind":{"create_host_path":true},"source":"/dir/other/d","target":"/d","type":"bind"}])");
    CHECK(warnings(include("other/none")) ==
          "compose.yaml:3:24 the 'project_directory' of an include is 'other/none', which is not there; "
          "paths are taken from the folder above it");
}

TEST_CASE("include brings in other projects with their own folder and variables", "[compose][include]") {
    const LoadCase project{
        {{"compose.yaml", "include: [inc/compose.yaml]\nservices: {app: {image: a, depends_on: [db]}}\n"},
         {"inc/compose.yaml", "services: {db: {image: 'x:${TAG}', volumes: ['./d:/d']}}\n"},
         {"inc/.env", "TAG=1\n"}},
        {},
        {}};
    CHECK(loaded(project, "services.db.image") == R"("x:1")");
    CHECK(loaded(project, "services.db.volumes") ==
          R"([{"bind":{"create_host_path":true},"source":"/dir/inc/d","target":"/d","type":"bind"}])");
    const LoadCase conflict{{{"compose.yaml", "include: [b.yaml]\nservices:\n  app: {image: a}\n"},
                             {"b.yaml", "services:\n  app: {image: b}\n"}},
                            {},
                            {}};
    CHECK(loaded(conflict, "services") ==
          "compose.yaml:3:3 service 'app' conflicts with the one that is included from b.yaml:2:3");
    const LoadCase circle{
        {{"compose.yaml", "include: [b.yaml]\n"}, {"b.yaml", "include:\n  - compose.yaml\n"}}, {}, {}};
    CHECK(loaded(circle, "services") ==
          "b.yaml:2:5 files include each other in a circle: 'compose.yaml' -> 'b.yaml' -> 'compose.yaml'");
}

TEST_CASE("files, names and variables are found where people put them", "[compose][find]") {
    const std::string app = "services: {app: {image: '${A:-none}'}}";
    CHECK(loaded(LoadCase{{{"docker-compose.yml", app}}, {}, {}}, "services.app.image") == R"("none")");
    CHECK(loaded(LoadCase{{{"compose.yaml", app}, {".env", "A=dot"}}, {}, {}}, "services.app.image") == R"("dot")");
    CHECK(loaded(LoadCase{{{"compose.yaml", app}, {".env", "A=dot"}}, {{"A", "shell"}}, {}}, "services.app.image") ==
          R"("shell")");
    CHECK(loaded(LoadCase{{{"compose.yaml", app}, {"compose.override.yaml", "services: {app: {tty: true}}"}}, {}, {}},
                 "services.app.tty") == "true");
    CHECK(loaded(LoadCase{{{"x.yaml", app}, {"y.yaml", "services: {app: {tty: true}}"}},
                          {{"COMPOSE_FILE", "x.yaml,y.yaml"}, {"COMPOSE_PATH_SEPARATOR", ","}},
                          {}},
                 "services.app.tty") == "true");
    CHECK(loaded(LoadCase{{{"compose.yaml", app}}, {{"COMPOSE_PROJECT_NAME", "Upper"}}, {}}, "name") ==
          "project name 'Upper' is not valid");
    CHECK(loaded(LoadCase{{}, {}, {}}, "name").starts_with("no Compose file in '/dir'"));
}

TEST_CASE("a file of the first format loads with a warning", "[compose][first_format]") {
    const LoadCase old{
        {{"docker-compose.yml", "web:\n  build: .\n  dockerfile: D\n  links: [db]\ndb:\n  image: a\n"}}, {}, {}};
    CHECK(loaded(old, "services.web.build.dockerfile") == R"("D")");
    CHECK(warnings(old) ==
          "docker-compose.yml:1:1 this file is written in the first Compose format, which is out of use");
}

TEST_CASE("services that are not named on the command line are known still", "[compose][profiles]") {
    LoadCase named{
        {{"compose.yaml", "services: {web: {image: a, depends_on: [db]}, db: {image: a}, dbg: {image: a}}"}}, {}, {}};
    named.options.services = {"web"};
    CHECK(load(named).project.services.size() == 2);
    CHECK(load(named).project.disabled_services.contains("dbg"));
}

TEST_CASE("profiles decide which services there are", "[compose][profiles]") {
    LoadCase profiled{{{"compose.yaml", "services: {web: {image: a}, dbg: {image: a, profiles: [d]}}"}}, {}, {}};
    CHECK(load(profiled).project.services.size() == 1);
    CHECK(load(profiled).project.disabled_services.size() == 1);
    profiled.environment["COMPOSE_PROFILES"] = "d";
    CHECK(load(profiled).project.services.size() == 2);
    profiled.options.profiles = {"other"};
    CHECK(load(profiled).project.services.size() == 1);
    profiled.options.services = {"dbg"};
    CHECK(load(profiled).project.services.contains("dbg"));
}

TEST_CASE("a service that is named on the command line is looked at, not all that share its profile",
          "[compose][profiles]") {
    LoadCase project{{{"compose.yaml",
                       "services:\n  a: {image: a, profiles: [p], depends_on: [base]}\n"
                       "  b: {image: b, profiles: [p], depends_on: [c]}\n  c: {image: c, profiles: [q]}\n"
                       "  base: {image: d, networks: [none_such], profiles: [p]}\n"}},
                     {},
                     {}};
    project.options.services = {"a"};
    CHECK(loaded(project, "services") ==
          "compose.yaml:5:31 service 'base' uses the network 'none_such', which is not declared");
    project.options.services = {"b"};
    CHECK(loaded(project, "services") ==
          "compose.yaml:3:45 service 'b' needs the service 'c' (depends_on), whose profiles are not active");
}

TEST_CASE("a Compose file that is missing is told apart from one that is wrong", "[compose][find]") {
    const auto code = [](const LoadCase& project) {
        try {
            load(project);
        } catch (const stack::Error& error) {
            return error.code();
        }
        return stack::Errc::internal;
    };
    CHECK(code({{{"compose.yaml", "services: {a: {image: x}}"}}, {}, with_files({"none.yaml"})}) ==
          stack::Errc::not_found);
    CHECK(code({{{"compose.yaml", "include: [none.yaml]\nservices: {a: {image: x}}"}}, {}, {}}) ==
          stack::Errc::not_found);
    CHECK(code({{{"compose.yaml", "services: {a: {image: x, env_file: none.env}}"}}, {}, {}}) ==
          stack::Errc::invalid_input);
    CHECK(code({{{"compose.yaml", "services: {a: {imge: x}}"}}, {}, {}}) == stack::Errc::invalid_input);
}

TEST_CASE("of several Compose files in one folder the one that counts is named", "[compose][find]") {
    const std::string app = "services: {app: {image: x}}";
    const LoadCase several{{{"compose.yaml", app},
                            {"docker-compose.yml", app},
                            {"compose.override.yml", app},
                            {"docker-compose.override.yml", app}},
                           {},
                           {}};
    CHECK(stack::compose::test::said(several) ==
          "warning: '/dir' has 2 Compose files: compose.yaml, docker-compose.yml; 'compose.yaml' is used\n"
          "  remove the others, or name the files that you mean with -f\n"
          "\n"
          "warning: '/dir' has 2 override files: compose.override.yml, docker-compose.override.yml; "
          "'compose.override.yml' is used\n"
          "  remove the others, or name the files that you mean with -f\n");
}

TEST_CASE("a project without services has none", "[compose][find]") {
    CHECK(loaded("volumes: {v: {}}", "services") == "{}");
}

TEST_CASE("the name of an external thing below external is taken with a warning", "[compose]") {
    const LoadCase old{{{"compose.yaml",
                         "services: {a: {image: x, networks: [n]}}\n"
                         "networks: {n: {external: {name: real}}}\n"}},
                       {},
                       {}};
    CHECK(loaded(old, "networks.n") == R"({"external":true,"name":"real"})");
    CHECK(warnings(old) == "compose.yaml:2:26 network 'n' has its name below 'external', which is out of use");
}
