#include <catch2/catch.hpp>

#include "harness/sandbox.hpp"

using stack::testing::Sandbox;

TEST_CASE("three names are three front doors to one program", "[front_door]") {
    const Sandbox box{"doors"};
    CHECK(box.stack({"version", "--short"}).exit_code == 0);
    CHECK(box.docker({"--version"}).out.starts_with("Docker version "));
    CHECK(box.docker({"compose", "version"}).out.starts_with("Docker Compose version v"));
    CHECK(run(box.command("docker-compose", {"--version"})).out.starts_with("Docker Compose version v"));
}

TEST_CASE("a wrong flag is answered with the nearest right one", "[front_door]") {
    const Sandbox box{"doors"};
    const auto answer = box.stack({"version", "--shrt"});
    CHECK(answer.exit_code == 16);
    CHECK(answer.out.empty());
    CHECK(answer.err ==
          "error: unknown flag: --shrt\n"
          "  did you mean '--short'?\n"
          "  see 'stack version --help'\n");
    CHECK(box.docker({"version", "--shrt"}).exit_code == 125);
}

TEST_CASE("an engine on another machine is refused in words", "[front_door]") {
    const Sandbox box{"doors"};
    const auto answer = box.docker({"-H", "tcp://192.0.2.1:2375", "version"});
    CHECK(answer.exit_code == 1);
    CHECK(answer.err.find("cannot talk to the engine at 'tcp://192.0.2.1:2375'") != std::string::npos);
}

TEST_CASE("config ends with 14 without its file, with 15 if the file is wrong", "[front_door][config]") {
    const Sandbox box{"doors"};
    CHECK(box.stack({"-f", "/nonexistent/compose.yaml", "config", "-q"}).exit_code == 14);
    box.write("wrong.yaml", "services: {a: {imge: x}}\n");
    CHECK(box.stack({"-f", "wrong.yaml", "config", "-q"}).exit_code == 15);
    box.write("v.yaml", "services: {a: {image: \"x:${TAG:-1}${MUST:?}\"}}\n");
    CHECK(box.stack({"-f", "v.yaml", "config", "--variables"}).out ==
          "NAME                REQUIRED            DEFAULT VALUE       ALTERNATE VALUE\n"
          "MUST                true                                    \n"
          "TAG                 false               1                   \n");
}
