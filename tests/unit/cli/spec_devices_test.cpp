#include <catch2/catch.hpp>

#include "cli/container/spec_flags.hpp"

using namespace stack;
using namespace stack::cli;

namespace {

const HelpText limits_help = parse_help_text(
    "Usage: {command} [OPTIONS]\n"
    "\n"
    "Options:\n"
    "      --bps DEV:SIZE...   Bytes\n");

std::vector<desired::ThrottleDevice> limits(const std::string& text, Rate rate) {
    return throttle_flag(Flags::parse(limits_help, {"--bps", text}), "bps", rate);
}

}  // namespace

TEST_CASE("run --gpus says how many, which and whose", "[cli][flags]") {
    using Words = std::vector<std::string>;
    CHECK(parse_gpus("all").count == -1);
    CHECK(parse_gpus("2").count == 2);
    CHECK(parse_gpus("all").capabilities == Words{"gpu"});
    CHECK(parse_gpus("device=1").ids == Words{"1"});
    CHECK(parse_gpus("\"device=0,2\",driver=nvidia").ids == Words{"0", "2"});
    CHECK(parse_gpus("\"device=0,2\",driver=nvidia").driver == "nvidia");
    CHECK(parse_gpus("\"capabilities=utility,compute\"").capabilities == Words{"utility", "compute", "gpu"});
    CHECK(parse_gpus("driver=nvidia").count == 1);
    for (const char* wrong : {"some", "1,device=2", "colour=red", "\"device=0", "-7", ""}) {
        INFO(wrong);
        CHECK_THROWS_AS(parse_gpus(wrong), UsageError);
    }
}

TEST_CASE("limits of block devices are a path and a rate", "[cli][flags]") {
    CHECK(limits("/dev/sda:1mb", Rate::bytes).at(0).rate == 1U << 20U);
    CHECK(limits("/dev/disk/by-path/pci-0:0:1:500", Rate::operations).at(0).path == "/dev/disk/by-path/pci-0:0:1");
    CHECK(limits("/dev/sda:200", Rate::weight).at(0).rate == 200);
    CHECK_THROWS_AS(limits("sda:1mb", Rate::bytes), UsageError);
    CHECK_THROWS_AS(limits("/dev/sda", Rate::bytes), UsageError);
    CHECK_THROWS_AS(limits("/dev/sda:1mb", Rate::operations), UsageError);
    CHECK_THROWS_AS(limits("/dev/sda:5", Rate::weight), UsageError);
}
