#include <csignal>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/container_files.hpp"
#include "harness/eventually.hpp"
#include "stage.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;

namespace {

std::vector<std::string> json_lines(const Stage& stage, const std::string& name) {
    const std::string id = stage.row(name).id;
    const std::string all = find_file(stage.paths().container(id) / (id + "-json.log")).value_or("");
    std::vector<std::string> texts;
    for (const std::string_view line : split(all, '\n')) {
        if (!line.empty()) {
            texts.push_back(nlohmann::json::parse(line).at("log"));
        }
    }
    return texts;
}

}  // namespace

TEST_CASE("json-file has each line once, though the worker is killed again and again", "[supervisor][logs]") {
    Stage stage;
    auto writer = stage.service(
        "a", "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i; done; printf finished; exec sleep 1000");
    writer.container.logging = {"json-file", {{"tag", "{{.Name}}"}}};
    stage.up(stage.state({writer}));
    for (int i = 0; i < 3; ++i) {
        const auto pids = stage.processes("stack-worker");
        REQUIRE(pids.size() == 1);
        REQUIRE(::kill(pids.front(), SIGKILL) == 0);
        REQUIRE(eventually([&] {
            const auto now = stage.processes("stack-worker");
            return now.size() == 1 && now != pids;
        }));
    }
    REQUIRE(stage.log_has("p-a-1", "finished"));
    Targets all;
    all.all = true;
    stage.client().stop(all, {}, {});
    // The rest without newline became a line by the end of the run.
    const auto lines = json_lines(stage, "p-a-1");
    REQUIRE(lines.size() == 5001);
    for (size_t i = 0; i < 5000; ++i) {
        if (lines[i] != fmt::format("line {}\n", i + 1)) {
            FAIL("line " << i + 1 << " is '" << lines[i] << "'");
        }
    }
    CHECK(lines.back() == "finished\n");
    CHECK(stage.row("p-a-1").log_driver == "json-file");
}

TEST_CASE("driver none keeps nothing", "[supervisor][logs]") {
    Stage stage;
    auto silent = stage.service("a", "echo unheard; touch /tmp/said; exec sleep 1000");
    silent.container.logging.driver = "none";
    stage.up(stage.state({silent}));
    REQUIRE(eventually([&] { return stage.inside("p-a-1", "ls /tmp/said") == "/tmp/said\n"; }));
    Targets all;
    all.all = true;
    stage.client().stop(all, {}, {});
    CHECK(stage.log("p-a-1").empty());
}

TEST_CASE("a log driver that is not there stops the project before anything is made", "[supervisor][logs]") {
    Stage stage;
    auto service = stage.service("a", "exec sleep 1000");
    service.container.logging.driver = "gelf";
    CHECK_THROWS_WITH(stage.up(stage.state({service})), "log driver 'gelf' is not supported");
    CHECK(stage.events.empty());
    service.container.logging = {"syslog", {{"syslog-address", "unixgram:///no/such/socket"}}};
    CHECK_THROWS_WITH(stage.up(stage.state({service})), Catch::Contains("connect to '/no/such/socket'"));
    CHECK(stage.row("p-a-1").status == ContainerStatus::created);
}
