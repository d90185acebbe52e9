#include <catch2/catch.hpp>

#include "cli/terminal_session.hpp"

using namespace stack::cli;

TEST_CASE("detach keys are found across reads, a lone beginning is passed on", "[cli][terminal]") {
    DetachFilter filter{parse_detach_keys(default_detach_keys)};
    bool detached = false;
    CHECK(filter.pass("ls\x10", detached) == "ls");
    CHECK(filter.pass("x", detached) == "\x10x");
    CHECK(filter.pass("\x10\x10", detached) == "\x10");
    CHECK_FALSE(detached);
    CHECK(filter.pass("\x11more", detached).empty());
    CHECK(detached);
}

TEST_CASE("detach keys of one's own", "[cli][terminal]") {
    CHECK(parse_detach_keys("ctrl-a,x") == "\x01x");
    CHECK(parse_detach_keys("").empty());
    CHECK_THROWS(parse_detach_keys("ctrl-"));
}
