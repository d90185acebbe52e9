#include <catch2/catch.hpp>

#include "engine/reconcile/plan.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::engine::reconcile;
using desired::Dependency;

namespace {

ObservedContainer container(const std::string& name, const std::string& depends_on, bool alive = true) {
    ObservedContainer made;
    made.id = "id-" + name;
    made.name = "p-" + name + "-1";
    made.service = name;
    made.replica = 1;
    made.alive = alive;
    made.depends_on = parse_depends_on_label(depends_on);
    return made;
}

Observed blog() {
    Observed observed;
    observed.project = "p";
    observed.containers = {container("db", ""), container("web", "db:service_healthy:true"),
                           container("proxy", "web:service_started:true", false)};
    observed.networks = {{"p_default", "", true}, {"elsewhere", "", false}};
    observed.volumes = {{"p_data", true}};
    return observed;
}

}  // namespace

TEST_CASE("down stops dependents first and removes networks last", "[reconcile]") {
    desired::DesiredState named;
    named.project = "p";
    CHECK(to_text(plan_down(named, blog(), {})) ==
          "[] -> #1 service:proxy:1, RemoveContainer, down\n"
          "[] -> #2 service:web:1, StopContainer, down\n"
          "[2] -> #3 service:web:1, RemoveContainer, down\n"
          "[2] -> #4 service:db:1, StopContainer, down\n"
          "[4] -> #5 service:db:1, RemoveContainer, down\n"
          "[1,2,3,4,5] -> #6 network:p_default, RemoveNetwork, down\n");
    DownOptions options;
    options.volumes = true;
    CHECK(plan_down(named, blog(), options).nodes.back().subject == "volume:p_data");
    options.services = {"web"};
    CHECK(to_text(plan_down(named, blog(), options)) ==
          "[] -> #1 service:web:1, StopContainer, down\n"
          "[1] -> #2 service:web:1, RemoveContainer, down\n");
}

TEST_CASE("start and restart go in dependency order with their conditions", "[reconcile]") {
    const Observed observed = blog();
    CHECK(to_text(plan_start(observed, {"id-proxy", "id-db"})) ==
          "[] -> #1 service:db:1, Keep, running\n"
          "[] -> #2 service:proxy:1, StartContainer, asked for\n");
    CHECK(to_text(plan_restart(observed, {"id-db"}, true)) ==
          "[] -> #1 service:db:1, RestartContainer, asked for\n"
          "[1] -> #2 service:db, WaitHealthy, 'web' depends on it\n"
          "[2] -> #3 service:web:1, RestartContainer, 'db' was restarted\n");
}

TEST_CASE("dependencies survive the label", "[reconcile]") {
    const std::string text = "db:service_healthy:true,job:service_completed_successfully:false,x:service_started:false";
    CHECK(depends_on_label(parse_depends_on_label(text)) == text);
    CHECK(parse_depends_on_label("").empty());
}
