#include "engine/runtime/cgroup_limits.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

namespace {

std::string value_of(const std::vector<CgroupSetting>& settings, const std::string& file) {
    for (const CgroupSetting& setting : settings) {
        if (setting.file == file) {
            return setting.value;
        }
    }
    return "-";
}

}  // namespace

TEST_CASE("nothing set means nothing written", "[runtime][cgroup]") {
    std::vector<std::string> warnings;
    CHECK(v1_settings({}).empty());
    CHECK(v2_settings({}, warnings).empty());
}

TEST_CASE("memory and swap are counted together in compose and v1, apart in v2", "[runtime][cgroup]") {
    desired::Resources resources;
    resources.memory = 100;
    std::vector<std::string> warnings;
    CHECK(value_of(v1_settings(resources), "memory.memsw.limit_in_bytes") == "200");
    CHECK(value_of(v2_settings(resources, warnings), "memory.swap.max") == "100");
    resources.memory_swap = 100;
    CHECK(value_of(v2_settings(resources, warnings), "memory.swap.max") == "0");
    resources.memory_swap = -1;
    CHECK(value_of(v2_settings(resources, warnings), "memory.swap.max") == "max");
    CHECK(value_of(v1_settings(resources), "memory.memsw.limit_in_bytes") == "-1");
}

TEST_CASE("cpus become a quota of a period of 100 ms, shares a weight", "[runtime][cgroup]") {
    desired::Resources resources;
    resources.nano_cpus = 1'500'000'000;
    resources.cpu_shares = 1024;
    std::vector<std::string> warnings;
    const auto v2 = v2_settings(resources, warnings);
    CHECK(value_of(v2, "cpu.max") == "150000 100000");
    CHECK(value_of(v2, "cpu.weight") == "39");
    const auto v1 = v1_settings(resources);
    CHECK(value_of(v1, "cpu.cfs_quota_us") == "150000");
    CHECK(value_of(v1, "cpu.shares") == "1024");
}

TEST_CASE("what v2 does not have gives a warning that names the key", "[runtime][cgroup]") {
    desired::Resources resources;
    resources.swappiness = 10;
    resources.oom_kill_disable = true;
    std::vector<std::string> warnings;
    v2_settings(resources, warnings);
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].find("mem_swappiness") == 0);
}
