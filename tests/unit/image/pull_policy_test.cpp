#include "image/pull_policy.hpp"

#include <catch2/catch.hpp>

using namespace stack::image;
using When = PullPolicy::When;

TEST_CASE("pull policies are read as the compose files write them", "[image]") {
    CHECK(parse_pull_policy("") == PullPolicy{});
    CHECK(parse_pull_policy("if_not_present") == PullPolicy{});
    CHECK(parse_pull_policy("always")->when == When::always);
    CHECK(parse_pull_policy("never")->when == When::never);
    CHECK(parse_pull_policy("build")->when == When::build);
    CHECK(parse_pull_policy("daily")->age == std::chrono::hours{24});
    CHECK(parse_pull_policy("weekly")->age == std::chrono::hours{7 * 24});
    CHECK(parse_pull_policy("every_90m")->age == std::chrono::minutes{90});
    CHECK(parse_pull_policy("every_2w")->age == std::chrono::hours{14 * 24});
    CHECK(parse_pull_policy("every_1w2d")->age == std::chrono::hours{9 * 24});
    for (const char* wrong :
         {"sometimes", "every_", "every_w", "every_x", "every_99999999999w", "every_1w1", "Always"}) {
        CHECK_FALSE(parse_pull_policy(wrong));
    }
}

TEST_CASE("a registry is asked when the policy says so", "[image]") {
    constexpr std::int64_t now = 1'000'000;
    CHECK(wants_pull({When::missing, {}}, false, 0, now));
    CHECK_FALSE(wants_pull({When::missing, {}}, true, 0, now));
    CHECK(wants_pull({When::always, {}}, true, now, now));
    CHECK_FALSE(wants_pull({When::never, {}}, false, 0, now));
    CHECK_FALSE(wants_pull({When::build, {}}, false, 0, now));
    const PullPolicy hourly{When::aged, std::chrono::hours{1}};
    CHECK(wants_pull(hourly, false, now, now));
    CHECK(wants_pull(hourly, true, 0, now));
    CHECK(wants_pull(hourly, true, now - 3600, now));
    CHECK_FALSE(wants_pull(hourly, true, now - 3599, now));
}
