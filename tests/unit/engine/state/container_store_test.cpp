#include "engine/state/container_store.hpp"

#include <csignal>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "support/database.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

using namespace stack;
using namespace stack::engine;

namespace {

ContainerRow row(const std::string& id_start, const std::string& name) {
    ContainerRow made;
    made.id = id_start + std::string(64 - id_start.size(), '0');
    made.name = name;
    made.project = "blog";
    return made;
}

}  // namespace

TEST_CASE("a container row is read back as it was written", "[state]") {
    const TempDir dir{"/var/tmp", "stack-state-test"};
    const Database database{dir.path() / "stack.db"};
    ContainerStore store{database};
    ContainerRow made = row("ab", "blog-web-1");
    made.service = "web";
    made.replica = 1;
    made.labels = {{"a", "b"}};
    made.status = ContainerStatus::exited;
    made.exit_code = 137;
    made.health = {HealthStatus::unhealthy, 3, {{1, 2, -1, "no\xff"}}};
    made.endpoints.push_back({.network = "blog_default", .ipv4 = "172.18.0.2", .dns_names = {"web"}});
    made.ports.push_back({"127.0.0.1", 8080, 80, "tcp"});
    made.mounts.push_back({.type = "volume", .name = "data", .destination = "/d", .anonymous = true});
    store.insert(made);
    const auto found = store.find_id(made.id);
    REQUIRE(found);
    CHECK(found->exit_code == 137);
    CHECK(found->labels == made.labels);
    CHECK(found->health.status == HealthStatus::unhealthy);
    CHECK(found->health.log.size() == 1);
    CHECK(found->endpoints.front().dns_names.front() == "web");
    CHECK(found->ports.front().host_port == 8080);
    CHECK(found->mounts.front().anonymous);
    made.exit_code.reset();
    CHECK(store.update(made));
    CHECK_FALSE(store.find_id(made.id)->exit_code);
    store.remove(made.id);
    CHECK_FALSE(store.update(made));
}

TEST_CASE("containers are found by name, id and unique prefix", "[state]") {
    const TempDir dir{"/var/tmp", "stack-state-test"};
    const Database database{dir.path() / "stack.db"};
    ContainerStore store{database};
    store.insert(row("aa1", "one"));
    store.insert(row("aa2", "two"));
    CHECK(store.get("/one").name == "one");
    CHECK(store.get("aa2").name == "two");
    CHECK_THROWS_WITH(store.find("aa"), "multiple IDs found with provided prefix: aa");
    CHECK_FALSE(store.find("b"));
    CHECK_THROWS_WITH(store.get("nobody"), "no such container: nobody");
    CHECK_THROWS_AS(store.insert(row("bb", "one")), Error);
    CHECK_THROWS_AS(store.rename(row("aa1", "").id, "two"), Error);
    store.rename(row("aa1", "").id, "uno");
    CHECK(store.get("uno").id == row("aa1", "").id);
    CHECK(store.list({.project = "other"}).empty());
    CHECK(store.list({.project = "blog"}).size() == 2);
}

TEST_CASE("the services of a project are those with containers, one-off ones aside", "[state]") {
    const TempDir dir{"/var/tmp", "stack-state-test"};
    const Database database{dir.path() / "stack.db"};
    ContainerStore store{database};
    const auto insert = [&](const char* id, const char* service, bool one_off) {
        ContainerRow made = row(id, id);
        made.service = service;
        made.one_off = one_off;
        store.insert(made);
    };
    insert("a1", "web", false);
    insert("a2", "web", false);
    insert("a3", "db", false);
    insert("a4", "tool", true);
    CHECK(store.services("blog") == std::vector<std::string>{"db", "web"});
    CHECK(store.services("other").empty());
}

TEST_CASE("a running row whose process is another one has vanished", "[state]") {
    const TempDir dir{"/var/tmp", "stack-state-test"};
    const Database database{dir.path() / "stack.db"};
    ContainerStore store{database};
    ContainerRow made = row("cc", "self");
    made.status = ContainerStatus::running;
    made.pid = ::getpid();
    made.start_ticks = kernel::process_start_ticks(::getpid());
    store.insert(made);
    CHECK_FALSE(store.get("self").vanished);
    made.start_ticks += 1;
    store.update(made);
    CHECK(store.get("self").vanished);
}

TEST_CASE("a process that has ended and is not reaped yet does not live", "[state]") {
    ContainerRow row;
    row.pid = ::fork();
    if (row.pid == 0) {
        ::pause();
        ::_exit(0);
    }
    const auto pid = static_cast<pid_t>(row.pid);
    row.start_ticks = kernel::process_start_ticks(pid);
    CHECK(is_alive(row));
    REQUIRE(::kill(pid, SIGKILL) == 0);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(is_alive(row));
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
    CHECK_FALSE(is_alive(row));
    row.start_ticks = 0;  // it was gone before anybody looked
    CHECK_FALSE(is_alive(row));
}
