#include <algorithm>
#include <csignal>
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "engine/state/container_store.hpp"
#include "harness/eventually.hpp"
#include "stage.hpp"
#include "support/database.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;

namespace {

constexpr const char* counting =
    "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done; echo finished; exec sleep 1000";

/// Every number once and in order.
void check_counted(const std::vector<std::string>& lines) {
    REQUIRE(lines.size() == 20001);
    for (size_t i = 0; i < 20000; ++i) {
        if (lines[i] != fmt::format("line {}", i + 1)) {
            FAIL("line " << i + 1 << " is '" << lines[i] << "'");
        }
    }
}

void kill_one(Stage& stage, const std::string& name) {
    const auto pids = stage.processes(name);
    REQUIRE(pids.size() == 1);
    REQUIRE(::kill(pids.front(), SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const auto now = stage.processes(name);
        return now.size() == 1 && now != pids;
    }));
}

/// The worker first stands still, so that it does not start another keeper.
void kill_both(Stage& stage) {
    const auto worker = stage.processes("stack-worker");
    const auto keeper = stage.processes("stack-keeper");
    REQUIRE(::kill(worker.front(), SIGSTOP) == 0);
    REQUIRE(::kill(keeper.front(), SIGKILL) == 0);
    REQUIRE(::kill(worker.front(), SIGKILL) == 0);
    REQUIRE(
        eventually([&] { return stage.processes("stack-worker").empty() && stage.processes("stack-keeper").empty(); }));
}

void rewrite_row(const Stage& stage, ContainerRow row, const std::function<void(ContainerRow&)>& change) {
    change(row);
    const Database database{stage.paths().database()};
    REQUIRE(ContainerStore{database}.update(row));
}

}  // namespace

TEST_CASE("a container that cannot start because of its cgroup_parent can be removed", "[supervisor]") {
    Stage stage;
    auto service = stage.service("a", "exec sleep 1000");
    service.container.cgroup_parent = "../elsewhere";
    CHECK_THROWS_WITH(stage.up(stage.state({service})), Catch::Contains("'../elsewhere' is no name for a cgroup"));
    REQUIRE(eventually([&] { return stage.processes("stack-worker").empty(); }));
    stage.up(stage.state({stage.service("a", "exec sleep 1000")}));
    CHECK(stage.row("p-a-1").status == ContainerStatus::running);
}

TEST_CASE("killing the worker hurts no container and loses no line", "[supervisor]") {
    Stage stage;
    stage.up(stage.state({stage.service("a", counting), stage.service("b", "exec sleep 1000")}));
    const ContainerRow before = stage.row("p-a-1");
    for (int i = 0; i < 5; ++i) {
        kill_one(stage, "stack-worker");
    }
    REQUIRE(stage.log_has("p-a-1", "finished"));
    check_counted(stage.log("p-a-1"));
    CHECK(stage.row("p-a-1").pid == before.pid);
    CHECK(stage.row("p-a-1").status == ContainerStatus::running);
    // The new worker serves names, and knows how things end.
    const std::string answer = stage.inside("p-b-1", "nslookup a 127.0.0.11");
    INFO(answer);
    CHECK(answer.find(before.endpoints.at(0).ipv4) != std::string::npos);
    stage.client().kill({{"p-b-1"}, {}, false, false}, "9", {});
    CHECK(stage.client().wait("p-b-1", SupervisorClient::WaitFor::not_running).exit_code == 137);
}

TEST_CASE("an end while the worker is dead is known to the next one", "[supervisor]") {
    Stage stage;
    stage.up(stage.state({stage.service("a", "read x < /tmp/gate; exit 42"), stage.service("b", "exec sleep 1000")}));
    const auto keeper = stage.processes("stack-keeper");
    const auto worker = stage.processes("stack-worker");
    REQUIRE(keeper.size() == 1);
    // The worker is stopped while the container ends, so that it cannot have seen it.
    const ContainerRow row = stage.row("p-a-1");
    if (row.status == ContainerStatus::running) {
        REQUIRE(::kill(worker.front(), SIGSTOP) == 0);
        ::kill(static_cast<pid_t>(row.pid), SIGKILL);
        REQUIRE(::kill(worker.front(), SIGKILL) == 0);
    }
    REQUIRE(eventually([&] { return stage.row("p-a-1").status == ContainerStatus::exited; }));
    CHECK(stage.row("p-a-1").exit_code.has_value());
}

TEST_CASE("killing the keeper hurts no container, loses no line and no exit code", "[supervisor]") {
    Stage stage;
    stage.up(stage.state({stage.service("a", counting), stage.service("b", "exec sleep 1000")}));
    const ContainerRow before = stage.row("p-a-1");
    kill_one(stage, "stack-keeper");
    // And the worker after it: the new keeper has everything.
    kill_one(stage, "stack-worker");
    REQUIRE(stage.log_has("p-a-1", "finished"));
    check_counted(stage.log("p-a-1"));
    CHECK(stage.row("p-a-1").pid == before.pid);
    ::kill(static_cast<pid_t>(stage.row("p-b-1").pid), SIGKILL);
    REQUIRE(eventually([&] { return stage.row("p-b-1").status == ContainerStatus::exited; }));
    const ContainerRow ended = stage.row("p-b-1");
    // Linux 6.15 tells the status of a process that is not our child; before that it is said to be unknown.
    CHECK((ended.exit_code == 137 || (!ended.exit_code && !ended.error.empty())));
}

TEST_CASE("when keeper and worker both die the next command adopts the containers", "[supervisor]") {
    // Our init is a copy of the keeper: it must not hold the lock that a new keeper waits for.
    const bool init = GENERATE(false, true);
    CAPTURE(init);
    Stage stage;
    auto service = stage.service("a", "echo up; exec sleep 1000");
    service.container.init = init;
    stage.up(stage.state({service}));
    const ContainerRow before = stage.row("p-a-1");
    kill_both(stage);
    stage.events.clear();
    stage.up(stage.state({service}));
    CHECK(stage.events == std::vector<std::string>{"container p-a-1 Running"});
    CHECK(stage.row("p-a-1").pid == before.pid);
    Targets all;
    all.all = true;
    stage.client().stop(all, {}, {});
    CHECK(stage.row("p-a-1").status == ContainerStatus::exited);
}

TEST_CASE("a start of which nobody knows how far it got is undone before the next one", "[supervisor]") {
    const auto status = GENERATE(ContainerStatus::created, ContainerStatus::restarting);
    CAPTURE(to_string(status));
    Stage stage;
    auto service = stage.service("a",
                                 "read run < /proc/sys/kernel/random/uuid; while :; do for i in 1 2 3 4 5 6 7 8 9; do "
                                 "echo run $run; done; usleep 1000; done");
    service.container.restart.condition = desired::RestartPolicy::Condition::always;
    stage.up(stage.state({service}));
    REQUIRE(stage.log_has("p-a-1", "run "));
    const ContainerRow before = stage.row("p-a-1");
    kill_both(stage);
    // As the database is when they die between the clone and the news of it.
    rewrite_row(stage, before, [&](ContainerRow& row) {
        row.status = status;
        row.pid = 0;
        row.start_ticks = 0;
    });
    stage.up(stage.state({service}));
    REQUIRE(eventually([&] {
        const auto lines = stage.log("p-a-1");
        return std::count(lines.begin(), lines.end(), lines.back()) > 50 && lines.back() != lines.front();
    }));
    auto lines = stage.log("p-a-1");
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    CHECK(lines.size() == 2);  // one run, then the other
    CHECK(stage.row("p-a-1").pid != before.pid);
    CHECK(!is_alive(before));
}

TEST_CASE("a stop that a dead worker began is finished before the next operation", "[supervisor]") {
    struct Case {
        const char* script;
        StopUnderWay stop;
        int exit_code;
    };
    const Case cases[] = {
        {"trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done", {StopUnderWay::Stage::asked, 0}, 7},
        // Its signal is not sent again, and its patience is over.
        {"trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done",
         {StopUnderWay::Stage::signalled, 1000},
         137},
    };
    for (const Case& test : cases) {
        Stage stage;
        auto patient = stage.service("a", test.script);
        patient.container.stop_grace_period = std::chrono::minutes{10};  // what kills it is the case's deadline alone
        const auto state = stage.state({patient, stage.service("b", "exec sleep 1000")});
        stage.up(state);
        REQUIRE(stage.log_has("p-a-1", "ready"));
        const ContainerRow before = stage.row("p-a-1");
        const auto worker = stage.processes("stack-worker");
        REQUIRE(::kill(worker.front(), SIGSTOP) == 0);
        rewrite_row(stage, before, [&](ContainerRow& row) {
            row.stopped_by_user = true;
            row.stop = test.stop;
        });
        REQUIRE(::kill(worker.front(), SIGKILL) == 0);
        REQUIRE(eventually([&] { return stage.row("p-a-1").status == ContainerStatus::exited; }));
        const ContainerRow stopped = stage.row("p-a-1");
        CHECK(stopped.exit_code.value_or(-1) == test.exit_code);
        CHECK(stopped.stop.stage == StopUnderWay::Stage::none);
        CHECK(stage.row("p-b-1").status == ContainerStatus::running);
        stage.up(state);
        CHECK(stage.row("p-a-1").status == ContainerStatus::running);
        CHECK(stage.row("p-a-1").pid != before.pid);
    }
}

TEST_CASE("a removal that a dead worker began is finished before anything else is done", "[supervisor]") {
    Stage stage;
    stage.up(stage.state({stage.service("a", "exit 0")}));
    REQUIRE(eventually([&] { return stage.row("p-a-1").status == ContainerStatus::exited; }));
    REQUIRE(eventually([&] { return stage.processes("stack-worker").empty(); }));
    const ContainerRow before = stage.row("p-a-1");
    rewrite_row(stage, before, [](ContainerRow& row) { row.status = ContainerStatus::removing; });
    stage.up(stage.state({stage.service("a", "exec sleep 1000")}));
    CHECK(stage.row("p-a-1").id != before.id);
    CHECK(stage.row("p-a-1").status == ContainerStatus::running);
}

TEST_CASE("signals that a container sends to whomever it can reach reach nobody of ours", "[supervisor][escape]") {
    Stage stage;
    stage.up(stage.state({stage.service("other", "exec sleep 1000")}));
    const auto keeper = stage.processes("stack-keeper");
    const auto worker = stage.processes("stack-worker");
    const auto other = stage.row("p-other-1").pid;
    stage.up(stage.state({stage.service("other", "exec sleep 1000"),
                          stage.service("a",
                                        "sleep 1000 & kill -9 -1; kill -9 0; kill -9 $PPID; echo sent; kill -9 1; "
                                        "exec sleep 1000")}));
    REQUIRE(stage.log_has("p-a-1", "sent"));
    CHECK(stage.processes("stack-keeper") == keeper);
    CHECK(stage.processes("stack-worker") == worker);
    CHECK(stage.row("p-other-1").pid == other);
    CHECK(is_alive(stage.row("p-other-1")));
}
