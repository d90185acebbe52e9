#include "build/stages.hpp"

#include <catch2/catch.hpp>

#include "build/dockerfile/parse.hpp"

using namespace stack;
using namespace stack::build;

namespace {

struct Parsed {
    explicit Parsed(const std::string& text, BuildRequest request = {})
        : file{parse_dockerfile(text, "Dockerfile")}, staged{make_stages(file, request)} {}
    Dockerfile file;
    StagedFile staged;
};

void expect_error(const std::string& text, const std::string& what) {
    CAPTURE(text);
    try {
        const Parsed parsed{text};
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == what);
        CHECK(error.pos());
    }
}

}  // namespace

TEST_CASE("only the stages that the target needs are built, in order", "[build][stages]") {
    const Parsed parsed{
        "FROM a AS one\nFROM b AS two\nFROM one AS three\nCOPY --from=two x y\n"
        "FROM c AS four\nRUN --mount=from=three,target=/x y\nFROM d AS five\nCOPY --from=0 x y\n"};
    using Order = std::vector<size_t>;
    CHECK(needed_stages(parsed.staged, "") == Order{0, 4});
    CHECK(needed_stages(parsed.staged, "four") == Order{0, 1, 2, 3});
    CHECK(needed_stages(parsed.staged, "1") == Order{1});
    CHECK_THROWS_AS(needed_stages(parsed.staged, "sixth"), Error);
}

TEST_CASE("ARG before FROM fills in FROM, and --build-arg wins", "[build][stages]") {
    const std::string text = "ARG TAG=1\nARG NAME=base:$TAG\nFROM ${NAME}\n";
    CHECK(Parsed{text}.staged.stages[0].base == "base:1");
    BuildRequest request;
    request.args["TAG"] = "2";
    CHECK(Parsed(text, request).staged.stages[0].base == "base:2");
}

TEST_CASE("a stage cannot see a later one", "[build][stages]") {
    const Parsed parsed{"FROM later\nFROM x AS later\n"};
    CHECK_FALSE(parsed.staged.stages[0].base_stage);
}

TEST_CASE("what FROM cannot mean is an error at its line", "[build][stages]") {
    expect_error("RUN a\nFROM b\n", "RUN stands before the first FROM; only ARG may");
    expect_error("ARG A\n", "the Dockerfile has no FROM");
    expect_error("FROM a b\n", "FROM takes an image, or an image 'AS' a name");
    expect_error("FROM $NONE\n", "the image '$NONE' of FROM is empty");
    expect_error("FROM a AS 1x\n", "'1x' cannot be the name of a stage");
    expect_error("FROM a\nRUN --mount=type=tape,target=/x y\n", "unknown type 'tape' of --mount");
}
