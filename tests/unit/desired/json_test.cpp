#include "desired/json.hpp"

#include <catch2/catch.hpp>

#include "desired/hash.hpp"

using namespace stack;
using namespace stack::desired;

namespace {

ServiceSpec example_service() {
    ServiceSpec service;
    service.name = "web";
    service.container.image = "busybox";
    service.container.command = Strings{};
    service.container.environment = {"A=b"};
    service.container.ports = {
        {.host_ip = "127.0.0.1", .host_port = 8000, .container_port = 80, .pos = {"compose.yaml", 3, 7}}};
    service.container.stop_grace_period = std::chrono::seconds{2};
    service.container.restart.condition = RestartPolicy::Condition::always;
    service.depends_on = {{.service = "db", .condition = Dependency::Condition::healthy}};
    return service;
}

}  // namespace

TEST_CASE("a desired state survives its way through JSON", "[desired]") {
    DesiredState state;
    state.project = "blog";
    state.services = {example_service()};
    state.networks = {{.key = "default", .name = "blog_default"}};
    const std::string text = to_json(state);
    const DesiredState copy = desired_state_from_json(text);
    CHECK(to_json(copy) == text);
    const auto& container = copy.services.at(0).container;
    CHECK(container.command == Strings{});
    CHECK_FALSE(container.entrypoint.has_value());
    CHECK(container.ports.at(0).host_port == 8000);
    CHECK(container.stop_grace_period == std::chrono::seconds{2});
    CHECK(copy.services.at(0).depends_on.at(0).condition == Dependency::Condition::healthy);
    CHECK(copy.networks.at(0).driver == "bridge");
}

TEST_CASE("the config hash ignores positions and scale and sees content", "[desired]") {
    const ServiceSpec one = example_service();
    ServiceSpec moved = one;
    moved.container.ports.at(0).pos.line = 99;
    moved.scale = 7;
    CHECK(config_hash(moved) == config_hash(one));
    ServiceSpec changed = one;
    changed.container.files = {{.target = "/run/secrets/key", .content = "new"}};
    CHECK(config_hash(changed) != config_hash(one));
}

TEST_CASE("garbage in place of a desired state is refused in a sentence", "[desired]") {
    CHECK_THROWS_WITH(desired_state_from_json("{"), Catch::Contains("desired state is not valid"));
    CHECK_THROWS_WITH(desired_state_from_json(R"({"services": 7})"), Catch::Contains("not valid"));
}
