#include "cli/container_text.hpp"

#include <catch2/catch.hpp>

using namespace stack::cli;
using namespace stack::engine;

namespace {

ContainerRow running() {
    ContainerRow row;
    row.status = ContainerStatus::running;
    row.started_ns = now_ns() - 5'500'000'000;
    row.created_ns = row.started_ns;
    return row;
}

}  // namespace

TEST_CASE("status texts are those of docker ps", "[cli][ps]") {
    ContainerRow row = running();
    CHECK(status_text(row) == "Up 5 seconds");
    row.health.status = HealthStatus::healthy;
    CHECK(status_text(row) == "Up 5 seconds (healthy)");
    row.health.status = HealthStatus::starting;
    CHECK(status_text(row) == "Up 5 seconds (health: starting)");
    row.status = ContainerStatus::paused;
    CHECK(status_text(row) == "Up 5 seconds (Paused)");
    row.status = ContainerStatus::exited;
    row.exit_code = 137;
    row.finished_ns = now_ns() - 2'500'000'000;
    CHECK(status_text(row) == "Exited (137) 2 seconds ago");
    row.exit_code = std::nullopt;
    CHECK(status_text(row) == "Exited (unknown) 2 seconds ago");
    row.status = ContainerStatus::created;
    CHECK(status_text(row) == "Created");
}

TEST_CASE("ports are told for all addresses, neighbours together", "[cli][ps]") {
    ContainerRow row = running();
    row.ports = {{"", 8000, 80, "tcp"}};
    CHECK(ports_text(row) == "0.0.0.0:8000->80/tcp, [::]:8000->80/tcp");
    row.ports = {{"127.0.0.1", 7001, 7001, "tcp"}, {"127.0.0.1", 7000, 7000, "tcp"}, {"", 0, 53, "udp"}};
    CHECK(ports_text(row) == "53/udp, 127.0.0.1:7000-7001->7000-7001/tcp");
    row.ports = {{"", 0, 7000, "tcp"}, {"", 0, 7001, "tcp"}, {"", 0, 7003, "tcp"}};
    CHECK(ports_text(row) == "7000-7001/tcp, 7003/tcp");
    row.status = ContainerStatus::exited;
    CHECK(ports_text(row).empty());
}

TEST_CASE("log lines are prefixed without the project's name", "[cli][logs]") {
    ContainerRow row;
    row.project = "blog";
    row.service = "web";
    row.name = "blog-web-1";
    CHECK(log_name(row) == "web-1");
    row.name = "my-own-name";
    CHECK(log_name(row) == "my-own-name");
}

TEST_CASE("moments are written as Go writes them", "[cli]") {
    CHECK(rfc3339(0) == "0001-01-01T00:00:00Z");
    CHECK(rfc3339(1'136'214'245'500'000'000) == "2006-01-02T15:04:05.5Z");
    CHECK(rfc3339(1'136'214'245'000'000'000) == "2006-01-02T15:04:05Z");
}
