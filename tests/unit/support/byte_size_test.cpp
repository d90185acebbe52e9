#include "support/byte_size.hpp"

#include <catch2/catch.hpp>

using namespace stack;

TEST_CASE("sizes take binary units in any case", "[support][byte_size]") {
    struct Case {
        const char* text;
        std::optional<std::int64_t> expected;
    };
    for (const auto& [text, expected] : std::initializer_list<Case>{{"512", 512},
                                                                    {"64m", 64 << 20},
                                                                    {"64MB", 64 << 20},
                                                                    {"64MiB", 64 << 20},
                                                                    {"1.5 k", 1536},
                                                                    {"2gb", std::int64_t{2} << 30},
                                                                    {"0", 0},
                                                                    {"", std::nullopt},
                                                                    {"m", std::nullopt},
                                                                    {"12x", std::nullopt},
                                                                    {"-1", std::nullopt},
                                                                    {"9999999999t", std::nullopt}}) {
        INFO(text);
        const auto size = parse_byte_size(text);
        CHECK((size ? std::optional{size->count} : std::nullopt) == expected);
    }
}

TEST_CASE("sizes print as docker prints them", "[support][byte_size]") {
    CHECK(format_decimal_size({0}) == "0B");
    CHECK(format_decimal_size({13'256}) == "13.3kB");
    CHECK(format_decimal_size({77'800'000}) == "77.8MB");
    CHECK(format_binary_size({std::int64_t{1} << 30}) == "1GiB");
}
