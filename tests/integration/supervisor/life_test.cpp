#include <catch2/catch.hpp>

#include "harness/eventually.hpp"
#include "harness/leftovers.hpp"
#include "stage.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;

TEST_CASE("a service comes up, writes its log and goes down without a trace", "[supervisor]") {
    Stage stage;
    const auto state = stage.state({stage.service("a", "echo hello; exec sleep 1000")});
    stage.up(state);
    const ContainerRow row = stage.row("p-a-1");
    CHECK(row.status == ContainerStatus::running);
    CHECK_FALSE(row.vanished);
    CHECK(row.endpoints.size() == 1);
    CHECK(row.labels.at("com.docker.compose.service") == "a");
    CHECK(stage.log_has("p-a-1", "hello"));
    // A second up finds everything as it should be.
    stage.events.clear();
    stage.up(state);
    CHECK(stage.events == std::vector<std::string>{"container p-a-1 Running"});
    CHECK(stage.row("p-a-1").pid == row.pid);
    stage.down();
    CHECK(settled_leftovers(stage.paths()).empty());
}

TEST_CASE("containers are stopped, started and restarted, with exit codes as the field has them", "[supervisor]") {
    Stage stage;
    auto polite = stage.service("polite", "trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done");
    polite.container.stop_grace_period = std::chrono::seconds{100};
    const auto stubborn = stage.service("stubborn", "trap '' TERM; echo ready; while :; do sleep 1000; done");
    stage.up(stage.state({polite, stubborn}));
    REQUIRE(stage.log_has("p-polite-1", "ready"));
    REQUIRE(stage.log_has("p-stubborn-1", "ready"));
    Targets all;
    all.all = true;
    auto client = stage.client();
    client.stop(all, {}, stage.sink());
    CHECK(stage.row("p-polite-1").exit_code == 7);
    CHECK(stage.row("p-stubborn-1").exit_code == 137);
    CHECK(stage.row("p-polite-1").status == ContainerStatus::exited);
    CHECK(client.wait("p-polite-1", SupervisorClient::WaitFor::not_running).exit_code == 7);
    client.start(all, stage.sink());
    const auto first = stage.row("p-polite-1");
    CHECK(first.status == ContainerStatus::running);
    client.restart(all, {}, stage.sink());
    CHECK(stage.row("p-polite-1").pid != first.pid);
    client.kill({{"p-polite-1"}, {}, false, false}, "KILL", stage.sink());
    CHECK(client.wait("p-polite-1", SupervisorClient::WaitFor::not_running).exit_code == 137);
    client.pause({{"p-stubborn-1"}, {}, false, false}, stage.sink());
    CHECK(stage.row("p-stubborn-1").status == ContainerStatus::paused);
    client.unpause({{"p-stubborn-1"}, {}, false, false}, stage.sink());
    CHECK(stage.row("p-stubborn-1").status == ContainerStatus::running);
    CHECK_THROWS_WITH(client.remove({{"p-stubborn-1"}, {}, false, false}, {}, {}),
                      "cannot remove container 'p-stubborn-1': it is running");
}

TEST_CASE("a command that is not there fails with a sentence and code 127, and nothing else suffers", "[supervisor]") {
    Stage stage;
    auto missing = stage.service("missing", "");
    missing.container.command = {{"no-such-program"}};
    std::string what;
    try {
        stage.up(stage.state({missing, stage.service("good", "exec sleep 1000")}));
    } catch (const Error& error) {
        what = error.what();
    }
    CHECK(what.find("no-such-program") != std::string::npos);
    CHECK(stage.row("p-missing-1").exit_code == 127);
    CHECK(stage.row("p-missing-1").status == ContainerStatus::created);
    CHECK(stage.row("p-good-1").status == ContainerStatus::running);
}

TEST_CASE("a changed service is recreated and keeps its anonymous volumes", "[supervisor]") {
    Stage stage;
    auto service = stage.service("a", "cat /data/mark; echo kept > /data/mark; exec sleep 1000");
    desired::Mount mount;
    mount.target = "/data";
    service.container.mounts.push_back(mount);
    stage.up(stage.state({service}));
    const ContainerRow before = stage.row("p-a-1");
    REQUIRE(eventually([&] { return stage.inside("p-a-1", "cat /data/mark") == "kept\n"; }));
    service.container.environment.push_back("NEW=1");
    stage.up(stage.state({service}));
    const ContainerRow after = stage.row("p-a-1");
    CHECK(after.id != before.id);
    CHECK(after.mounts.at(0).name == before.mounts.at(0).name);
    CHECK(stage.log_has("p-a-1", "kept"));
    CHECK(stage.inside("p-a-1", "echo $NEW; cat /proc/1/environ | tr '\\0' '\\n' | grep NEW") == "\nNEW=1\n");
}

TEST_CASE("two ups of one project take turns, and the second is told so", "[supervisor]") {
    Stage stage;
    auto slow = stage.service("slow", "exec sleep 1000");
    desired::Healthcheck check;
    check.has_test = check.has_interval = true;
    check.test = {"CMD", "test", "-e", "/tmp/go"};
    check.interval = std::chrono::milliseconds{50};
    check.has_retries = true;
    check.retries = 100000;
    slow.container.healthcheck = check;
    const auto state = stage.state({slow});
    stage.up(state);
    // A first one that waits for something only we can bring about.
    UpOptions wait;
    wait.wait = true;
    bool second_waits = false, first_done = false;
    std::vector<std::string> told;
    auto first = stage.client();
    const EventSink first_sink = [&](const Event& event) {
        if (event.progress != Progress::waiting || second_waits) {
            return;
        }
        // It holds the project now: here comes the second.
        second_waits = true;
        auto second = stage.client();
        const EventSink second_sink = [&](const Event& waiting) {
            if (waiting.subject == Subject::project && waiting.progress == Progress::waiting) {
                told.push_back(waiting.detail);
                second.cancel();
            }
        };
        CHECK_THROWS_WITH(second.up(state, {}, second_sink), "cancelled");
        stage.inside("p-slow-1", "touch /tmp/go");
    };
    first.up(state, wait, first_sink);
    first_done = true;
    CHECK(first_done);
    REQUIRE(told.size() == 1);
    CHECK(told.front().find("'up' (pid ") == 0);
}
