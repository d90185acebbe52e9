#include "build/dockerfile/parse.hpp"

#include <catch2/catch.hpp>

using namespace stack;
using namespace stack::build;

namespace {

Instruction only(const std::string& text) {
    const auto file = parse_dockerfile(text, "Dockerfile");
    REQUIRE(file.instructions.size() == 1);
    return file.instructions.front();
}

void expect_error(const std::string& text, const std::string& what, int line) {
    CAPTURE(text);
    try {
        parse_dockerfile(text, "Dockerfile");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == what);
        REQUIRE(error.pos());
        CHECK(error.pos()->line == line);
    }
}

}  // namespace

TEST_CASE("an instruction has keyword, flags, text and place", "[build][parse]") {
    const auto file = parse_dockerfile("# comment\nFROM a\n\n  copy --from=b --chown=1:2 x y\n", "Dockerfile");
    REQUIRE(file.instructions.size() == 2);
    const auto& copy = file.instructions[1];
    CHECK(copy.keyword == "COPY");
    CHECK(copy.text == "x y");
    REQUIRE(copy.flags.size() == 2);
    CHECK(copy.flags[0].name == "from");
    CHECK(copy.flags[1].value == "1:2");
    CHECK(copy.pos == SourcePos{"Dockerfile", 4, 3});
}

TEST_CASE("continued lines are joined, comments and empty lines between them vanish", "[build][parse]") {
    const auto file = parse_dockerfile("RUN a \\\n  # why\n  && b \\  \n\n  && c\nCMD d\n", "Dockerfile");
    REQUIRE(file.instructions.size() == 2);
    CHECK(file.instructions[0].text == "a   && b   && c");
    CHECK(file.instructions[0].last_line == 5);
    REQUIRE(file.warnings.size() == 1);
    CHECK(file.warnings[0].pos.line == 4);
}

TEST_CASE("a doubled escape at the end continues nothing", "[build][parse]") {
    CHECK(parse_dockerfile("RUN echo a\\\\\nRUN b\n", "D").instructions.size() == 2);
}

TEST_CASE("the escape directive changes what continues a line", "[build][parse]") {
    const auto file = parse_dockerfile("# syntax=docker/dockerfile:1\n# escape=`\nRUN dir c:\\ `\n  more\n", "D");
    CHECK(file.directives.escape == '`');
    CHECK(file.directives.syntax == "docker/dockerfile:1");
    CHECK(file.instructions[0].text == "dir c:\\   more");
}

TEST_CASE("directives are looked for only at the top", "[build][parse]") {
    CHECK(parse_dockerfile("# a comment\n# escape=`\nRUN a\n", "D").directives.escape == '\\');
    expect_error("# escape=x\nRUN a\n", "escape must be '\\' or '`', not 'x'", 1);
    expect_error("# escape=`\n# escape=`\nRUN a\n", "parser directive 'escape' is given twice", 2);
}

TEST_CASE("JSON arrays of strings are exec form, everything else is shell form", "[build][parse]") {
    CHECK(only("RUN [\"a\", \"b c\"]\n").json == std::vector<std::string>{"a", "b c"});
    CHECK_FALSE(only("RUN ['a']\n").json);
    CHECK_FALSE(only("RUN [ -f x ] && y\n").json);
    CHECK_FALSE(only("CMD [\"a\", 1]\n").json);
    CHECK(only("CMD []\n").json == std::vector<std::string>{});
}

TEST_CASE("here-documents are read with their names, quotes and tabs", "[build][parse][heredoc]") {
    const auto run = only("RUN <<EOF cat <<-\"raw\" 3<<x\none\nEOF\n\ttwo $A\n\traw\nthree\nx\n");
    REQUIRE(run.heredocs.size() == 3);
    CHECK(run.heredocs[0].content == "one\n");
    CHECK(run.heredocs[0].expand);
    CHECK(run.heredocs[1].content == "two $A\n");
    CHECK_FALSE(run.heredocs[1].expand);
    CHECK(run.heredocs[2].fd == 3);
    CHECK(run.last_line == 7);
    CHECK(only("RUN a <<< b\n").heredocs.empty());
    CHECK(only("RUN echo \"<<EOF\"\n").heredocs.empty());
    expect_error("COPY <<EOF /x\nnever closed\n", "here-document 'EOF' is not closed", 1);
}

TEST_CASE("an unknown instruction is an error with a near one", "[build][parse]") {
    try {
        parse_dockerfile("FROM a\nRNU b\n", "Dockerfile");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == "unknown instruction 'RNU'");
        CHECK(error.hint() == "did you mean 'RUN'?");
        CHECK(error.pos()->line == 2);
    }
}

TEST_CASE("a byte order mark and carriage returns do no harm", "[build][parse]") {
    CHECK(only("\xef\xbb\xbfRUN a\r\n").text == "a");
}

TEST_CASE("a file without instructions is an error", "[build][parse]") {
    CHECK_THROWS_AS(parse_dockerfile("# only a comment\n", "D"), Error);
    CHECK_THROWS_AS(parse_dockerfile("", "D"), Error);
}
