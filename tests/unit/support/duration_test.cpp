#include "support/duration.hpp"

#include <catch2/catch.hpp>

using namespace stack;
using namespace std::chrono_literals;

TEST_CASE("durations are number-unit pairs", "[support][duration]") {
    struct Case {
        const char* text;
        std::optional<std::chrono::nanoseconds> expected;
    };
    for (const auto& [text, expected] : std::initializer_list<Case>{{"1h30m", 90min},
                                                                    {"1.5s", 1500ms},
                                                                    {"300ms", 300ms},
                                                                    {"10us", 10us},
                                                                    {"10µs", 10us},
                                                                    {"0", 0ns},
                                                                    {"2h5m3s7ms", 2h + 5min + 3s + 7ms},
                                                                    {"", std::nullopt},
                                                                    {"10", std::nullopt},
                                                                    {"s", std::nullopt},
                                                                    {"1.2.3s", std::nullopt},
                                                                    {"-1s", std::nullopt},
                                                                    {"1 s", std::nullopt},
                                                                    {"99999999999h", std::nullopt}}) {
        INFO(text);
        CHECK(parse_duration(text) == expected);
    }
}

TEST_CASE("durations print in their shortest exact form", "[support][duration]") {
    CHECK(format_duration(0ns) == "0s");
    CHECK(format_duration(90s) == "1m30s");
    CHECK(format_duration(90min) == "1h30m0s");
    CHECK(format_duration(1500ms) == "1.5s");
    CHECK(format_duration(300ms) == "300ms");
}

TEST_CASE("ages are said as docker ps says them", "[support][duration]") {
    CHECK(describe_age(0s) == "Less than a second");
    CHECK(describe_age(3s) == "3 seconds");
    CHECK(describe_age(70s) == "About a minute");
    CHECK(describe_age(5min) == "5 minutes");
    CHECK(describe_age(1h) == "About an hour");
    CHECK(describe_age(47h) == "47 hours");
    CHECK(describe_age(72h) == "3 days");
}
