#include "compose/desired/desired.hpp"

#include <catch2/catch.hpp>

#include "unit/compose/load/load_case.hpp"

using namespace stack;
using compose::test::load;
using compose::test::LoadCase;

namespace {

compose::DesiredProject desired_of(const std::string& yaml) {
    return compose::make_desired(load(LoadCase{{{"compose.yaml", yaml}}, {{"TOKEN", "secret"}}, {}}));
}

desired::ContainerSpec container_of(const std::string& service) {
    return desired_of("services:\n  app:\n    image: a\n" + service).state.services.at(0).container;
}

}  // namespace

TEST_CASE("a service becomes a container with full names", "[compose][desired]") {
    const auto state = desired_of(R"(
services:
  web:
    image: nginx
    scale: 2
    networks: {front: {aliases: [www], priority: 5}, back: }
    volumes: ["data:/data:ro", "/src:/src"]
    ports: ["8080:80", "53:53/udp"]
    depends_on: {db: {condition: service_healthy, restart: true}}
  db: {image: postgres, networks: [back]}
networks: {front: , back: {internal: true}}
volumes: {data: }
)")
                           .state;
    CHECK(state.project == "p");
    REQUIRE(state.services.size() == 2);
    const auto& web = state.services[1];
    CHECK(web.scale == 2);
    REQUIRE(web.depends_on.size() == 1);
    CHECK(web.depends_on[0].condition == desired::Dependency::Condition::healthy);
    CHECK(web.depends_on[0].restart);
    REQUIRE(web.container.endpoints.size() == 2);
    CHECK(web.container.endpoints[0].network == "p_front");
    CHECK(web.container.endpoints[0].aliases == desired::Strings{"web", "www"});
    REQUIRE(web.container.mounts.size() == 2);
    CHECK(web.container.mounts[0].source == "p_data");
    CHECK(web.container.mounts[0].read_only);
    CHECK(web.container.mounts[1].create_host_path);
    REQUIRE(web.container.ports.size() == 2);
    CHECK(web.container.ports[0].host_port == 8080);
    CHECK(web.container.ports[1].protocol == "udp");
    CHECK(web.container.ports[0].pos.line == 8);
}

TEST_CASE("limits come from the service or from deploy", "[compose][desired]") {
    CHECK(container_of("    mem_limit: 1g\n    cpus: 1.5\n").resources.nano_cpus == 1'500'000'000);
    const auto deployed =
        container_of("    deploy: {resources: {limits: {cpus: '0.5', memory: 64m, pids: 9}}}\n").resources;
    CHECK(deployed.nano_cpus == 500'000'000);
    CHECK(deployed.memory == 64 * 1024 * 1024);
    CHECK(deployed.pids_limit == 9);
}

TEST_CASE("restart policies of both kinds", "[compose][desired]") {
    using Condition = desired::RestartPolicy::Condition;
    CHECK(container_of("    restart: unless-stopped\n").restart.condition == Condition::unless_stopped);
    CHECK(container_of("    restart: on-failure:3\n").restart.max_attempts == 3);
    CHECK(container_of("    deploy: {restart_policy: {max_attempts: 2}}\n").restart.condition == Condition::always);
    CHECK(container_of("    deploy: {restart_policy: {condition: none}}\n").restart.condition == Condition::no);
}

TEST_CASE("secrets and configs bring their bytes, which count in the hash", "[compose][desired]") {
    const std::string yaml = R"(
services: {app: {image: a, secrets: [token], configs: [{source: c, target: /etc/c, mode: 0400}]}}
secrets: {token: {environment: TOKEN}}
configs: {c: {content: hello}}
)";
    const auto files = desired_of(yaml).state.services.at(0).container.files;
    REQUIRE(files.size() == 2);
    CHECK(files[0].target == "/run/secrets/token");
    CHECK(files[0].content == "secret");
    CHECK(files[0].secret);
    CHECK(files[1].content == "hello");
    CHECK(files[1].mode == 0400);
    const std::string other = yaml.substr(0, yaml.find("hello")) + "bye}}\n";
    CHECK(desired_of(yaml).state.services.at(0).config_hash != desired_of(other).state.services.at(0).config_hash);
    CHECK(desired_of(yaml).state.services.at(0).config_hash ==
          desired_of("\n" + yaml).state.services.at(0).config_hash);
}

TEST_CASE("what one host cannot do is told, never dropped", "[compose][desired]") {
    const auto told = desired_of(R"(
services:
  app:
    image: a
    cpu_percent: 10
    deploy: {placement: {constraints: [a==b]}}
)")
                          .warnings;
    REQUIRE(told.size() == 2);
    CHECK(told[0].message == "'cpu_percent' of service 'app' is for Windows containers and has no effect on Linux");
    CHECK(told[0].mark.line == 5);
    CHECK(told[1].message == "'deploy.placement' of service 'app' has no effect: there is one host");
    CHECK_THROWS_AS(desired_of("services: {app: {image: a, isolation: hyperv}}"), compose::LoadFailure);
    CHECK_THROWS_AS(
        desired_of("services: {app: {image: a, volumes: [{type: cluster, source: v, target: /v}]}}\nvolumes: {v: }\n"),
        compose::LoadFailure);
}
