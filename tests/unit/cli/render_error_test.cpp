#include "cli/render_error.hpp"

#include <catch2/catch.hpp>

#include "support/files.hpp"

using namespace stack;

TEST_CASE("an error shows the line that it is about and how to mend it", "[cli][error]") {
    const TempDir dir{"/tmp", "render-"};
    const std::string file = dir.path() / "compose.yaml";
    write_file(file, "services:\n  web:\n    restrat: always\n");
    const Error error = Error{Errc::invalid_input, "unknown key 'restrat' in service 'web'"}
                            .at({file, 3, 5})
                            .hint("did you mean 'restart'?");
    CHECK(cli::render_error(error, {}) == "error: unknown key 'restrat' in service 'web'\n  --> " + file +
                                              ":3:5\n    3 |     restrat: always\n  did you mean 'restart'?\n");
}

TEST_CASE("the outermost step is told, all of them only when asked for", "[cli][error]") {
    Error error{Errc::system, "cannot mount '/data'"};
    error.add_step("mount volume 'db'");
    error.add_step("start 'blog-db-1'");
    CHECK(cli::render_error(error, {}) == "error: cannot mount '/data'\n  while: start 'blog-db-1'\n");
    CHECK(cli::render_error(error, {.colours = false, .trail = true}) ==
          "error: cannot mount '/data'\n  while: mount volume 'db'\n  while: start 'blog-db-1'\n");
}

TEST_CASE("only a terminal gets colours", "[cli][error]") {
    const Error error{Errc::system, "no"};
    CHECK(cli::render_error(error, {.colours = true, .trail = false}) == "\x1b[1;31merror:\x1b[0m no\n");
}
