#include "support/error.hpp"

#include <catch2/catch.hpp>

using namespace stack;

TEST_CASE("a failed call names the object, the reason and errno", "[support][error]") {
    errno = ENOENT;
    try {
        check(-1, [] { return "open '/nowhere'"; });
        FAIL("did not throw");
    } catch (const SysError& error) {
        CHECK(std::string{error.what()} == "open '/nowhere': No such file or directory (ENOENT)");
        CHECK(error.code() == Errc::not_found);
        CHECK(error.err() == ENOENT);
    }
}

TEST_CASE("steps are added innermost first", "[support][error]") {
    try {
        while_doing("start 'web'",
                    [] { while_doing("mount volume 'db'", [] { throw Error(Errc::conflict, "busy"); }); });
        FAIL("did not throw");
    } catch (const Error& error) {
        CHECK(error.trail() == std::vector<std::string>{"mount volume 'db'", "start 'web'"});
    }
}

TEST_CASE("teardown goes on after a failure and reports all", "[support][error]") {
    ErrorList errors;
    bool reached = false;
    errors.attempt("remove veth", [] { throw Error(Errc::system, "first"); });
    errors.attempt("remove cgroup", [] { throw Error(Errc::system, "second"); });
    errors.attempt("remove folder", [&] { reached = true; });
    CHECK(reached);
    REQUIRE(errors.errors().size() == 2);
    CHECK_THROWS_WITH(errors.throw_if_any(), "first");
}

TEST_CASE("a position prints as file:line:column", "[support][error]") {
    CHECK(to_string(SourcePos{"compose.yaml", 12, 5}) == "compose.yaml:12:5");
    CHECK(to_string(SourcePos{"compose.yaml", 0, 0}) == "compose.yaml");
}
