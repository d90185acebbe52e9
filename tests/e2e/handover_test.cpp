#include <optional>

#include <catch2/catch.hpp>
#include <signal.h>

#include "engine/rendezvous.hpp"
#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"
#include "support/kernel/file_lock.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;

TEST_CASE("a supervisor that is killed while it leaves does not keep the next one out", "[projects]") {
    const Sandbox box{"leaving"};
    box.need_busybox();
    // Without a network nobody but the one who leaves asks for the firewall's lock.
    box.write("compose.yaml", "services: {a: {image: busybox, network_mode: none, command: sleep 1000, init: true}}\n");
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    const auto socket = supervisor_folder(box.paths(), box.project()) / "supervisor.sock";
    {
        const auto held = kernel::FileLock::acquire(box.paths().locks() / "firewall");
        REQUIRE(box.stack({"down"}).exit_code == 0);
        REQUIRE(eventually([&] { return !exists(socket); }));
        for (const pid_t worker : box.processes("stack-worker")) {
            REQUIRE(::kill(worker, SIGKILL) == 0);
        }
    }
    const Result up = box.stack({"up", "-d"});
    INFO(up.all());
    CHECK(up.exit_code == 0);
}

TEST_CASE("a client that is killed while it starts a supervisor lets nobody start a second one", "[projects]") {
    const Sandbox box{"starting"};
    box.need_busybox();
    box.write("compose.yaml", "services: {a: {image: busybox, network_mode: none, command: sleep 1000, init: true}}\n");
    std::optional<UniqueFd> life{lock_supervisor(box.paths(), box.project(), SupervisorLock::life)};
    {
        Process first = box.start({"up", "-d"});
        REQUIRE(eventually([&] { return box.processes("stack-keeper").size() == 1; }));
        REQUIRE(::kill(first.pid(), SIGKILL) == 0);
        first.wait();
    }
    Process second = box.start({"up", "-d"});
    const auto spawn_is_free = [&] {
        return static_cast<bool>(try_lock_supervisor(box.paths(), box.project(), SupervisorLock::spawn));
    };
    CHECK_FALSE(spawn_is_free());
    life.reset();
    const Result up = second.wait();
    INFO(up.all());
    CHECK(up.exit_code == 0);
    CHECK(box.processes("stack-keeper").size() == 1);
}

TEST_CASE("a supervisor whose socket was removed is told of, not waited for", "[projects]") {
    const Sandbox box{"unreachable"};
    box.need_busybox();
    box.write("compose.yaml", "services: {a: {image: busybox, network_mode: none, command: sleep 1000, init: true}}\n");
    REQUIRE(box.stack({"up", "-d"}).exit_code == 0);
    std::filesystem::remove(supervisor_folder(box.paths(), box.project()) / "supervisor.sock");
    const Result up = box.stack({"up", "-d"});
    CHECK(up.exit_code != 0);
    CHECK_THAT(up.err, Catch::Contains("one lives already, but nobody can reach it: somebody removed ") &&
                           Catch::Contains("end it, by pkill -9 -f"));
    // At the same moment, as pkill does: each of them would start the other again.
    std::vector<pid_t> both = box.processes("stack-keeper");
    const auto workers = box.processes("stack-worker");
    both.insert(both.begin(), workers.begin(), workers.end());
    for (const pid_t process : both) {
        ::kill(process, SIGSTOP);
    }
    for (const pid_t process : both) {
        ::kill(process, SIGKILL);
    }
    const Result again = box.stack({"up", "-d"});
    INFO(again.all());
    CHECK(again.exit_code == 0);
    CHECK_THAT(again.all(), !Catch::Contains("Started"));
}
