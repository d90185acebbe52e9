#include <catch2/catch.hpp>

#include "engine/reconcile/plan.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::engine::reconcile;
using desired::Dependency;

namespace {

desired::ServiceSpec service(const std::string& name, std::vector<Dependency> needs = {}) {
    desired::ServiceSpec spec;
    spec.name = name;
    spec.container.image_id = "sha256:1";
    spec.config_hash = "hash";
    spec.container.endpoints.push_back({.network = "p_default"});
    spec.depends_on = std::move(needs);
    return spec;
}

desired::DesiredState state(std::vector<desired::ServiceSpec> services) {
    desired::DesiredState desired;
    desired.project = "p";
    desired.services = std::move(services);
    desired.networks.push_back({.key = "default", .name = "p_default"});
    return desired;
}

Observed there(const desired::DesiredState& desired, std::vector<ObservedContainer> containers) {
    Observed observed;
    observed.project = "p";
    observed.containers = std::move(containers);
    observed.networks.push_back({"p_default", network_hash(desired.networks.front()), true});
    return observed;
}

ObservedContainer running(const std::string& name, int replica = 1) {
    ObservedContainer container;
    container.id = "id-" + name + std::to_string(replica);
    container.name = "p-" + name + "-" + std::to_string(replica);
    container.service = name;
    container.replica = replica;
    container.status = ContainerStatus::running;
    container.alive = true;
    container.config_hash = "hash";
    container.image_id = "sha256:1";
    return container;
}

constexpr auto healthy = Dependency::Condition::healthy;

}  // namespace

TEST_CASE("an empty host gets networks, volumes and containers in dependency order", "[reconcile]") {
    auto desired = state({service("web", {{"db", healthy}}), service("db")});
    desired.services[1].container.mounts.push_back({.source = "p_data", .target = "/data"});
    desired.volumes.push_back({.key = "data", .name = "p_data"});
    CHECK(to_text(plan_up(desired, {}, {})) ==
          "[] -> #1 network:default, CreateNetwork, not found\n"
          "[] -> #2 volume:data, CreateVolume, not found\n"
          "[1,2] -> #3 service:db:1, CreateContainer, not found\n"
          "[3] -> #4 service:db:1, StartContainer, created\n"
          "[4] -> #5 service:db, WaitHealthy, 'web' depends on it\n"
          "[1] -> #6 service:web:1, CreateContainer, not found\n"
          "[5,6] -> #7 service:web:1, StartContainer, created\n");
}

TEST_CASE("nothing is done when everything is as it should be", "[reconcile]") {
    const auto desired = state({service("web"), service("db")});
    const auto plan = plan_up(desired, there(desired, {running("web"), running("db")}), {});
    CHECK(plan.empty());
    CHECK(to_text(plan) ==
          "[] -> #1 service:db:1, Keep, up to date\n"
          "[] -> #2 service:web:1, Keep, up to date\n");
}

TEST_CASE("what has changed is recreated, with the reason", "[reconcile]") {
    auto desired = state({service("a"), service("b"), service("c", {{"a", {}, true, true}})});
    desired.services[0].config_hash = "other";
    desired.services[1].container.image_id = "sha256:2";
    const auto observed = there(desired, {running("a"), running("b"), running("c")});
    CHECK(to_text(plan_up(desired, observed, {})) ==
          "[] -> #1 service:a:1, RecreateContainer, configuration has changed\n"
          "[1] -> #2 service:a:1, StartContainer, recreated\n"
          "[] -> #3 service:b:1, RecreateContainer, image has changed\n"
          "[3] -> #4 service:b:1, StartContainer, recreated\n"
          "[2] -> #5 service:c:1, RestartContainer, a dependency was replaced\n");
    UpOptions never;
    never.recreate = Recreate::never;
    CHECK(plan_up(desired, observed, never).empty());
}

TEST_CASE("scaling makes missing numbers and removes the highest", "[reconcile]") {
    auto desired = state({service("web")});
    UpOptions options;
    options.scale["web"] = 2;
    CHECK(to_text(plan_up(desired, there(desired, {running("web", 2)}), options)) ==
          "[] -> #1 service:web:2, Keep, up to date\n"
          "[] -> #2 service:web:1, CreateContainer, not found\n"
          "[2] -> #3 service:web:1, StartContainer, created\n");
    options.scale["web"] = 0;
    CHECK(to_text(plan_up(desired, there(desired, {running("web")}), options)) ==
          "[] -> #1 service:web:1, StopContainer, scaled down\n"
          "[1] -> #2 service:web:1, RemoveContainer, scaled down\n");
    desired.services[0].container_name = "fixed";
    options.scale["web"] = 2;
    CHECK_THROWS_WITH(plan_up(desired, {}, options),
                      "service 'web' cannot run 2 times: its container_name 'fixed' is fixed");
}

TEST_CASE("a changed network takes its containers along", "[reconcile]") {
    auto desired = state({service("web")});
    const auto observed = there(desired, {running("web")});
    desired.networks[0].internal = true;
    CHECK(to_text(plan_up(desired, observed, {})) ==
          "[] -> #1 service:web:1, StopContainer, its network is replaced\n"
          "[1] -> #2 network:default, RemoveNetwork, configuration has changed\n"
          "[2] -> #3 network:default, CreateNetwork, configuration has changed\n"
          "[1,3] -> #4 service:web:1, RecreateContainer, network 'p_default' has changed\n"
          "[4] -> #5 service:web:1, StartContainer, recreated\n");
}

TEST_CASE("orphans are named, or removed when asked for", "[reconcile]") {
    const auto desired = state({service("web")});
    const auto observed = there(desired, {running("web"), running("old")});
    CHECK(plan_up(desired, observed, {}).warnings.size() == 1);
    UpOptions options;
    options.remove_orphans = true;
    CHECK(to_text(plan_up(desired, observed, options)) ==
          "[] -> #1 service:old:1, StopContainer, orphan\n"
          "[1] -> #2 service:old:1, RemoveContainer, orphan\n"
          "[] -> #3 service:web:1, Keep, up to date\n");
}

TEST_CASE("chosen services bring what they depend on, unless told not to", "[reconcile]") {
    const auto desired = state({service("a"), service("b", {{"a"}}), service("c")});
    UpOptions options;
    options.services = {"b"};
    CHECK(plan_up(desired, {}, options).nodes.size() == 5);
    options.no_deps = true;
    CHECK(plan_up(desired, {}, options).nodes.size() == 3);
    options.services = {"d"};
    CHECK_THROWS_WITH(plan_up(desired, {}, options), "no such service: d");
}

TEST_CASE("external networks and volumes must be there", "[reconcile]") {
    auto desired = state({service("web")});
    desired.networks[0].external = true;
    CHECK_THROWS_WITH(plan_up(desired, {}, {}), "network 'p_default' declared as external, but could not be found");
}

TEST_CASE("a cycle is told with its path", "[reconcile]") {
    const auto desired = state({service("a", {{"b"}}), service("b", {{"a"}})});
    CHECK_THROWS_WITH(plan_up(desired, {}, {}), "dependency cycle: a -> b -> a");
}
