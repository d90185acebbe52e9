#include "support/text.hpp"

#include <catch2/catch.hpp>

using namespace stack;

TEST_CASE("the nearest word is found only when it is near", "[support][text]") {
    const std::vector<std::string> keys{"restart", "image", "ports", "environment"};
    CHECK(nearest("restrat", keys) == "restart");
    CHECK(nearest("enviroment", keys) == "environment");
    CHECK(nearest("Image", keys) == "image");
    CHECK(nearest("volumes", keys) == std::nullopt);
}

TEST_CASE("numbers are whole or nothing", "[support][text]") {
    CHECK(parse_int("-12") == -12);
    CHECK(parse_int("12x") == std::nullopt);
    CHECK(parse_uint("ff", 16) == 255);
    CHECK(parse_uint("99999999999999999999") == std::nullopt);
}

TEST_CASE("text is split, joined and trimmed", "[support][text]") {
    CHECK(split("a:b::c", ':') == std::vector<std::string_view>{"a", "b", "", "c"});
    CHECK(join(std::vector<std::string>{"a", "b"}, ", ") == "a, b");
    CHECK(trim(" \t x y \n") == "x y");
    CHECK(replace_all("a$b$", "$", "$$") == "a$$b$$");
}

TEST_CASE("abbreviating keeps UTF-8 whole and hides control characters", "[support][text]") {
    CHECK(abbreviate("short", 10) == "short");
    CHECK(abbreviate("äää", 3) == "ä…");
    CHECK(abbreviate("a\x1b[31m", 10) == "a?[31m");
}
