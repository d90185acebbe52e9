#include "image/rfc3339.hpp"

#include <catch2/catch.hpp>

using namespace stack::image;

TEST_CASE("times of configs are read with fractions and zones", "[image][rfc3339]") {
    CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
    CHECK(parse_rfc3339("2024-05-01T12:34:56Z") == 1714566896);
    CHECK(parse_rfc3339("2024-05-01T12:34:56.123456789Z") == 1714566896);
    CHECK(parse_rfc3339("2024-05-01T14:34:56+02:00") == 1714566896);
    CHECK(parse_rfc3339("2024-05-01T05:04:56-07:30") == 1714566896);
    CHECK(parse_rfc3339("0001-01-01T00:00:00Z") == -62135596800);
}

TEST_CASE("what is no time is none", "[image][rfc3339]") {
    for (const char* text : {"", "2024", "2024-05-01", "2024-05-01T12:34:56", "2024-13-01T12:34:56Z",
                             "2024-05-01T25:34:56Z", "2024-05-01T12:34:56Zx", "2024-05-01T12:34:56+0200"}) {
        CHECK_FALSE(parse_rfc3339(text));
    }
}

TEST_CASE("times are written in UTC", "[image][rfc3339]") {
    CHECK(format_rfc3339(1714566896) == "2024-05-01T12:34:56Z");
    CHECK(format_rfc3339(1714566896, 5000000) == "2024-05-01T12:34:56.005000000Z");
}
