#include "engine/runtime/report.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

TEST_CASE("warnings and a failure pass through the launch pipe", "[runtime][report]") {
    Pipe pipe = make_pipe();
    const LaunchReport report{pipe.write.get()};
    report.warn("ulimit stays");
    report.fail({"mount '/data'", 13, "mount '/data': permission denied", 128});
    pipe.write.reset();
    const ExecOutcome outcome = read_launch_error(pipe.read.get());
    CHECK(outcome.warnings == std::vector<std::string>{"ulimit stays"});
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->step == "mount '/data'");
    CHECK(outcome.failure->err == 13);
    CHECK(outcome.failure->exit_code == 128);
    CHECK(outcome.failure->text == "mount '/data': permission denied");
}

TEST_CASE("a closed pipe without a word means that the program runs", "[runtime][report]") {
    CHECK_FALSE(parse_launch_report("").failure);
    CHECK_THROWS_AS(parse_launch_report("E\x01"), Error);
}

TEST_CASE("exit codes are 128 + signal for killed processes", "[runtime][report]") {
    CHECK(exit_code_of(7 << 8) == 7);
    CHECK(exit_code_of(9) == 137);
}
