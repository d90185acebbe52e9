#include "desired/possible.hpp"

#include <functional>

#include <catch2/catch.hpp>

using namespace stack::desired;

namespace {

std::string told(const std::function<void(ContainerSpec&)>& change) {
    ContainerSpec spec;
    change(spec);
    std::string all;
    for (const Impossible& it : impossible_values(spec)) {
        all += std::string{it.key} + "|";
    }
    return all;
}

}  // namespace

TEST_CASE("limits that the kernel would refuse are told by their key", "[desired][possible]") {
    struct Row {
        const char* expected;
        std::function<void(Resources&)> change;
    };
    const std::vector<Row> rows = {
        {"", [](auto& it) { it.memory = 6 << 20; }},
        {"mem_limit|", [](auto& it) { it.memory = (6 << 20) - 1; }},
        {"mem_reservation|", [](auto& it) { it.memory = 8 << 20, it.memory_reservation = 9 << 20; }},
        {"memswap_limit|", [](auto& it) { it.memory_swap = 64 << 20; }},
        {"", [](auto& it) { it.memory_swap = -1; }},
        {"memswap_limit|", [](auto& it) { it.memory = 64 << 20, it.memory_swap = 32 << 20; }},
        {"", [](auto& it) { it.memory = 64 << 20, it.memory_swap = 64 << 20; }},
        {"mem_swappiness|", [](auto& it) { it.swappiness = 200; }},
        {"", [](auto& it) { it.swappiness = 0; }},
        {"cpu_period|", [](auto& it) { it.cpu_period_us = 999; }},
        {"cpu_period|", [](auto& it) { it.cpu_period_us = 1'000'001; }},
        {"", [](auto& it) { it.cpu_period_us = 1'000, it.cpu_quota_us = 1'000; }},
        {"cpu_quota|", [](auto& it) { it.cpu_quota_us = 10; }},
        {"", [](auto& it) { it.cpu_quota_us = -1; }},
        {"cpus|", [](auto& it) { it.nano_cpus = 1'000'000'000, it.cpu_period_us = 100'000; }},
        {"cpu_rt_runtime|", [](auto& it) { it.cpu_rt_runtime_us = 200, it.cpu_rt_period_us = 100; }},
        {"cpuset|", [](auto& it) { it.cpuset_cpus = "x"; }},
        {"cpuset|", [](auto& it) { it.cpuset_cpus = "3-1"; }},
        {"cpuset|", [](auto& it) { it.cpuset_mems = "0,"; }},
        {"", [](auto& it) { it.cpuset_cpus = "0-2, 5", it.cpuset_mems = "0"; }},
        {"blkio_config|", [](auto& it) { it.blkio.weight = 5; }},
        {"blkio_config|",
         [](auto& it) {
             it.blkio.weight_device = {{"/dev/vda", 2000}};
         }},
        {"oom_score_adj|", [](auto& it) { it.oom_score_adj = 5000; }},
    };
    for (const Row& row : rows) {
        INFO(&row - rows.data());
        CHECK(told([&](ContainerSpec& spec) { row.change(spec.resources); }) == row.expected);
    }
}

TEST_CASE("ulimits and keys of other engines are told by their key", "[desired][possible]") {
    CHECK(told([](auto& it) { it.ulimits = {{"nofile", 5, 5}, {"core", -1, -1}, {"nproc", 1, -1}}; }).empty());
    CHECK(told([](auto& it) { it.ulimits = {{"nofile", 5, 3}}; }) == "ulimits|");
    CHECK(told([](auto& it) { it.ulimits = {{"nofile", -1, 3}}; }) == "ulimits|");
    CHECK(told([](auto& it) { it.ulimits = {{"nofiles", 5, 5}}; }) == "ulimits|");
    CHECK(told([](auto& it) { it.userns = "host"; }).empty());
    CHECK(told([](auto& it) { it.userns = "private"; }) == "userns_mode|");
    CHECK(told([](auto& it) { it.storage_opt = {{"size", "1G"}}; }).empty());
    CHECK(told([](auto& it) { it.storage_opt = {{"size", "1048576"}}; }).empty());
    for (const char* size : {"0", "-1G", "much", "", "-5"}) {
        INFO(size);
        CHECK(told([&](auto& it) { it.storage_opt = {{"size", size}}; }) == "storage_opt|");
    }
    CHECK(told([](auto& it) { it.storage_opt = {{"inodes", "5"}}; }) == "storage_opt|");
    CHECK(told([](auto& it) { it.runtime = "kata"; }) == "runtime|");
    CHECK(told([](auto& it) { it.runtime = "runc"; }).empty());
    CHECK(told([](auto& it) { it.isolation = "hyperv"; }) == "isolation|");
}
