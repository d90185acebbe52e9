// A supervisor that has started ten thousand containers holds no more than after a hundred.
#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "harness/eventually.hpp"
#include "stage.hpp"
#include "support/files.hpp"
#include "support/kernel/process_stat.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::engine;
using namespace stack::testing;

namespace {

namespace fs = std::filesystem;

struct Holdings {
    long keeper_fds{0}, worker_fds{0};
    std::int64_t keeper_kib{0}, worker_kib{0};
    long zombies{0};
};

long descriptors_of(int pid) {
    return std::distance(fs::directory_iterator{fmt::format("/proc/{}/fd", pid)}, fs::directory_iterator{});
}

/// Memory that is its own.
std::int64_t private_kib(int pid) {
    std::int64_t sum = 0;
    const std::string text = read_file(fmt::format("/proc/{}/smaps_rollup", pid));
    for (const auto line : split(text, '\n')) {
        if (line.starts_with("Private_")) {
            const auto number = line.substr(line.find(':') + 1);
            sum += parse_int(trim(number.substr(0, number.find("kB")))).value_or(0);
        }
    }
    return sum;
}

long zombies_of(int pid) {
    long count = 0;
    const std::string children = read_file(fmt::format("/proc/{}/task/{}/children", pid, pid));
    for (const auto word : split(trim(children), ' ')) {
        const auto child = parse_int(word);
        const auto stat = child ? kernel::process_stat(static_cast<pid_t>(*child)) : std::nullopt;
        count += stat && stat->has_ended() ? 1 : 0;
    }
    return count;
}

Holdings holdings(const Stage& stage) {
    const int keeper = stage.processes("stack-keeper").at(0), worker = stage.processes("stack-worker").at(0);
    return {descriptors_of(keeper), descriptors_of(worker), private_kib(keeper), private_kib(worker),
            zombies_of(keeper)};
}

std::string to_text(const Holdings& it) {
    return fmt::format("keeper: {} descriptors, {} KiB, {} zombies; worker: {} descriptors, {} KiB", it.keeper_fds,
                       it.keeper_kib, it.zombies, it.worker_fds, it.worker_kib);
}

/// The whole life of a container: made, started, ended, removed.
void live_and_die(Stage& stage, SupervisorClient& client, long number) {
    CreateRequest request;
    request.spec = stage.service("brief", "exit 7").container;
    request.spec.auto_remove = true;
    request.name = fmt::format("brief-{}", number);
    request.service = "brief";
    request.one_off = true;
    const std::string id = client.create(request, stage.state({}), {});
    Targets it;
    it.containers = {id};
    client.start(it, {});
    // It may be gone already; then how it ended is still remembered.
    if (client.wait(id, SupervisorClient::WaitFor::removed).exit_code != 7) {
        FAIL("container " << number << " did not end with 7");
    }
}

}  // namespace

TEST_CASE("descriptors, memory and zombies do not grow with the number of containers started", "[supervisor][long]") {
    const char* wanted = std::getenv("STACK_STARTS");
    const long starts = wanted == nullptr ? 300 : static_cast<long>(parse_int(wanted).value_or(300));
    Stage stage;
    stage.up(stage.state({stage.service("a", "exec sleep 1000000")}));
    Holdings early;
    {
        auto client = stage.client();
        for (long number = 1; number <= starts; ++number) {
            live_and_die(stage, client, number);
            if (number == 100) {
                early = holdings(stage);
            }
        }
        const Holdings late = holdings(stage);
        INFO("after 100 starts: " << to_text(early));
        INFO("after " << starts << " starts: " << to_text(late));
        if (starts > 300) {
            fmt::print(stderr, "after 100 starts: {}\nafter {} starts: {}\n", to_text(early), starts, to_text(late));
        }
        CHECK(late.keeper_fds == early.keeper_fds);
        CHECK(late.worker_fds == early.worker_fds);
        CHECK(late.zombies == 0);
#ifndef __SANITIZE_ADDRESS__  // the sanitizer keeps what was freed for a while
        // What the allocator keeps for itself varies a little.
        CHECK(late.keeper_kib <= early.keeper_kib + 256);
        CHECK(late.worker_kib <= early.worker_kib + 1024);
#endif
    }
}
