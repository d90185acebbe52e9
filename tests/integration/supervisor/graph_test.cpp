#include <csignal>

#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "stage.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;
using Condition = desired::Dependency::Condition;
using Restart = desired::RestartPolicy::Condition;

namespace {

desired::Healthcheck check_file(const std::string& file) {
    desired::Healthcheck check;
    check.has_test = check.has_interval = check.has_retries = true;
    check.test = {"CMD", "test", "-e", file};
    check.interval = std::chrono::milliseconds{50};
    check.retries = 2;
    return check;
}

desired::Dependency on(const std::string& service, Condition condition, bool restart) {
    desired::Dependency dependency;
    dependency.service = service;
    dependency.condition = condition;
    dependency.restart = restart;
    return dependency;
}

void crash(const Stage& stage, const std::string& name) {
    REQUIRE(::kill(static_cast<pid_t>(stage.row(name).pid), SIGKILL) == 0);
}

bool runs_anew(const Stage& stage, const std::string& name, std::int64_t before) {
    return eventually([&] {
        const ContainerRow now = stage.row(name);
        return now.status == ContainerStatus::running && now.pid != before;
    });
}

}  // namespace

TEST_CASE("who says restart: true about a service follows when that comes back after a crash", "[supervisor][graph]") {
    Stage stage;
    auto db = stage.service("db", "exec sleep 1000");
    db.container.restart.condition = Restart::always;
    auto web = stage.service("web", "exec sleep 1000");
    web.depends_on = {on("db", Condition::started, true)};
    auto proxy = stage.service("proxy", "exec sleep 1000");
    proxy.depends_on = {on("web", Condition::started, true)};
    auto other = stage.service("other", "exec sleep 1000");
    other.depends_on = {on("db", Condition::started, false)};
    stage.up(stage.state({db, web, proxy, other}));
    const auto web_pid = stage.row("p-web-1").pid, proxy_pid = stage.row("p-proxy-1").pid;
    const auto other_pid = stage.row("p-other-1").pid;
    crash(stage, "p-db-1");
    CHECK(runs_anew(stage, "p-web-1", web_pid));
    CHECK(runs_anew(stage, "p-proxy-1", proxy_pid));
    CHECK(stage.row("p-db-1").status == ContainerStatus::running);
    CHECK(stage.row("p-other-1").pid == other_pid);
}

TEST_CASE("a dependency that is healthy again after it was not takes its dependents along", "[supervisor][graph]") {
    Stage stage;
    auto db = stage.service("db", "touch /tmp/up; exec sleep 1000");
    db.container.healthcheck = check_file("/tmp/up");
    auto web = stage.service("web", "exec sleep 1000");
    web.depends_on = {on("db", Condition::healthy, true)};
    stage.up(stage.state({db, web}));
    const auto web_pid = stage.row("p-web-1").pid, db_pid = stage.row("p-db-1").pid;
    stage.inside("p-db-1", "rm /tmp/up");
    REQUIRE(eventually([&] { return stage.row("p-db-1").health.status == HealthStatus::unhealthy; }));
    CHECK(stage.row("p-web-1").pid == web_pid);
    stage.inside("p-db-1", "touch /tmp/up");
    CHECK(runs_anew(stage, "p-web-1", web_pid));
    CHECK(stage.row("p-db-1").pid == db_pid);
}

TEST_CASE("after a common crash a service waits until its dependency is healthy", "[supervisor][graph]") {
    Stage stage;
    auto db = stage.service("db",
                            "if [ -e /again ]; then echo second; until [ -e /go ]; do usleep 20000; done; fi; "
                            "touch /again /data/up; exec sleep 1000");
    db.container.healthcheck = check_file("/data/up");
    db.container.restart.condition = Restart::always;
    auto web = stage.service("web", "test -e /data/up || echo early; echo run; exec sleep 1000");
    web.container.restart.condition = Restart::always;
    web.depends_on = {on("db", Condition::healthy, false)};
    desired::Mount data;
    data.source = "p_data";
    data.target = "/data";
    db.container.mounts = {data};
    web.container.mounts = {data};
    auto state = stage.state({db, web});
    desired::VolumeSpec volume;
    volume.key = "data";
    volume.name = "p_data";
    state.volumes.push_back(volume);
    stage.up(state);
    const auto web_pid = stage.row("p-web-1").pid;
    stage.inside("p-db-1", "rm /data/up");
    crash(stage, "p-db-1");
    crash(stage, "p-web-1");
    REQUIRE(stage.log_has("p-db-1", "second"));
    REQUIRE(eventually([&] { return stage.row("p-web-1").status == ContainerStatus::restarting; }));
    stage.inside("p-db-1", "touch /go");
    CHECK(runs_anew(stage, "p-web-1", web_pid));
    REQUIRE(eventually([&] { return stage.log("p-web-1").size() >= 2; }));
    CHECK(stage.log("p-web-1") == std::vector<std::string>{"run", "run"});  // and never "early"
    stage.down(true);
}

TEST_CASE("what should run comes back in order when everything was killed, as by a reboot", "[supervisor][graph]") {
    Stage stage;
    auto db = stage.service("db", "exec sleep 1000");
    db.container.restart.condition = Restart::always;
    auto web = stage.service("web", "exec sleep 1000");
    web.container.restart.condition = Restart::unless_stopped;
    web.depends_on = {on("db", Condition::started, false)};
    auto kept_down = stage.service("kept_down", "exec sleep 1000");
    kept_down.container.restart.condition = Restart::unless_stopped;
    auto stubborn = stage.service("stubborn", "exec sleep 1000");
    stubborn.container.restart.condition = Restart::always;
    const auto once = stage.service("once", "exec sleep 1000");
    stage.up(stage.state({db, web, kept_down, stubborn, once}));
    stage.client().stop({{"p-kept_down-1", "p-stubborn-1"}, {}, false, false}, {}, {});
    const auto keeper = stage.processes("stack-keeper"), worker = stage.processes("stack-worker");
    REQUIRE(::kill(worker.front(), SIGSTOP) == 0);
    REQUIRE(::kill(keeper.front(), SIGKILL) == 0);
    for (const char* name : {"p-db-1", "p-web-1", "p-once-1"}) {
        crash(stage, name);
    }
    REQUIRE(::kill(worker.front(), SIGKILL) == 0);
    REQUIRE(
        eventually([&] { return stage.processes("stack-worker").empty() && stage.processes("stack-keeper").empty(); }));
    // Reaped by whom they fell to: after a reboot no process is just ending.
    for (const char* name : {"p-db-1", "p-web-1", "p-once-1"}) {
        REQUIRE(eventually([&] { return !is_alive(stage.row(name)); }));
    }
    const auto failed = [](const std::string&, const Error& error) { FAIL(error.what()); };
    CHECK(restore_projects(stage.paths(), true, failed, SUPERVISOR_PROGRAM) == std::vector<std::string>{"p"});
    for (const char* name : {"p-db-1", "p-web-1", "p-stubborn-1"}) {
        INFO(name);
        CHECK(eventually(
            [&] { return stage.row(name).status == ContainerStatus::running && !stage.row(name).vanished; }));
    }
    CHECK(stage.row("p-kept_down-1").status == ContainerStatus::exited);
    CHECK(eventually([&] { return stage.row("p-once-1").status == ContainerStatus::exited; }));
    CHECK(stage.row("p-db-1").started_ns < stage.row("p-web-1").started_ns);
}
