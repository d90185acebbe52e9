#include <csignal>

#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "stage.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;
using Condition = desired::Dependency::Condition;

namespace {

desired::Healthcheck check_file(const std::string& file) {
    desired::Healthcheck check;
    check.has_test = check.has_interval = check.has_retries = true;
    check.test = {"CMD-SHELL", "test -e " + file + " && echo fine"};
    check.interval = std::chrono::milliseconds{50};
    check.retries = 3;
    return check;
}

}  // namespace

TEST_CASE("dependencies come first, with their conditions", "[supervisor]") {
    Stage stage;
    auto db = stage.service("db", "touch /tmp/up; exec sleep 1000");
    db.container.healthcheck = check_file("/tmp/up");
    const auto job = stage.service("job", "echo done; exit 0");
    auto web = stage.service("web", "exec sleep 1000");
    web.depends_on = {{"db", Condition::healthy}, {"job", Condition::completed_successfully}};
    stage.up(stage.state({web, job, db}));
    CHECK(stage.position("container p-db-1 Healthy") < stage.position("container p-web-1 Starting"));
    CHECK(stage.position("container p-job-1 Exited") < stage.position("container p-web-1 Starting"));
    CHECK(stage.position("container p-web-1 Started") < stage.events.size());
    const Health health = stage.row("p-db-1").health;
    CHECK(health.status == HealthStatus::healthy);
    CHECK(health.log.back().output == "fine\n");
    // Names lead to containers; the network's DNS answers them.
    const std::string answer = stage.inside("p-web-1", "nslookup db 127.0.0.11");
    INFO(answer);
    CHECK(answer.find(stage.row("p-db-1").endpoints.at(0).ipv4) != std::string::npos);
}

TEST_CASE("an unhealthy or failed dependency stops what needs it and nothing else", "[supervisor]") {
    Stage stage;
    auto db = stage.service("db", "exec sleep 1000");
    db.container.healthcheck = check_file("/never");
    auto web = stage.service("web", "exec sleep 1000");
    web.depends_on = {{"db", Condition::healthy}};
    const auto other = stage.service("other", "exec sleep 1000");
    CHECK_THROWS_WITH(stage.up(stage.state({web, db, other})),
                      "dependency failed to start: container 'p-db-1' is unhealthy");
    CHECK(stage.row("p-web-1").status == ContainerStatus::created);
    CHECK(stage.row("p-other-1").status == ContainerStatus::running);
}

TEST_CASE("a crashed container comes back by its policy with its address", "[supervisor]") {
    Stage stage;
    auto service = stage.service("a", "echo run; exec sleep 1000");
    service.container.restart.condition = desired::RestartPolicy::Condition::always;
    auto limited = stage.service("b", "echo run; exit 3");
    limited.container.restart.condition = desired::RestartPolicy::Condition::on_failure;
    limited.container.restart.max_attempts = 2;
    stage.up(stage.state({service, limited}));
    const ContainerRow before = stage.row("p-a-1");
    REQUIRE(::kill(static_cast<pid_t>(before.pid), SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const ContainerRow now = stage.row("p-a-1");
        return now.status == ContainerStatus::running && now.pid != before.pid;
    }));
    CHECK(stage.row("p-a-1").restart_count == 1);
    CHECK(stage.row("p-a-1").endpoints.at(0).ipv4 == before.endpoints.at(0).ipv4);
    REQUIRE(eventually([&] { return stage.row("p-b-1").status == ContainerStatus::exited; }));
    CHECK(stage.row("p-b-1").restart_count == 2);
    CHECK(stage.row("p-b-1").exit_code == 3);
    CHECK(stage.log("p-b-1") == std::vector<std::string>{"run", "run", "run"});
}
