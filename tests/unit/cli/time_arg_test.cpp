#include "cli/time_arg.hpp"

#include <catch2/catch.hpp>

#include "cli/container_text.hpp"

using stack::cli::parse_moment;

TEST_CASE("moments as --since takes them", "[cli][time]") {
    constexpr std::int64_t moment = 1'136'214'245;
    CHECK(parse_moment("1136214245", "since") == moment * 1'000'000'000);
    CHECK(parse_moment("1136214245.5", "since") == moment * 1'000'000'000 + 500'000'000);
    CHECK(parse_moment("2006-01-02T15:04:05Z", "since") == moment * 1'000'000'000);
    CHECK(parse_moment("2006-01-02T15:04:05.25Z", "since") == moment * 1'000'000'000 + 250'000'000);
    CHECK(parse_moment("2006-01-02T16:04:05+01:00", "since") == moment * 1'000'000'000);
    const std::int64_t ago = parse_moment("10m", "since");
    CHECK(stack::cli::now_ns() - ago >= 600'000'000'000);
    CHECK_THROWS(parse_moment("soon", "since"));
    CHECK_THROWS(parse_moment("2006-01-02T15:04:05+1", "since"));
}
