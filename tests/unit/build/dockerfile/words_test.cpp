#include "build/dockerfile/words.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::build;

namespace {

WordExpander expander() {
    return WordExpander{'\\', [](const std::string& name) -> std::optional<std::string> {
                            static const std::map<std::string, std::string> known{
                                {"A", "one"}, {"EMPTY", ""}, {"TWO", "x  y"}, {"P", "/a/b.tar.gz"}};
                            const auto found = known.find(name);
                            return found == known.end() ? std::nullopt : std::optional{found->second};
                        }};
}

}  // namespace

TEST_CASE("variables, quotes and escapes give what the reference says", "[build][words]") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"$A", "one"},
        {"${A}x", "onex"},
        {"a$A/b", "aone/b"},
        {"\\$A", "$A"},
        {"'$A'", "$A"},
        {"\"$A b\"", "one b"},
        {"\"\\\"\"", "\""},
        {"\"a\\b\"", "a\\b"},
        {"$NONE", ""},
        {"${NONE:-d}", "d"},
        {"${EMPTY:-d}", "d"},
        {"${EMPTY-d}", ""},
        {"${A:+set}", "set"},
        {"${EMPTY:+set}", ""},
        {"${EMPTY+set}", "set"},
        {"${NONE:-$A}", "one"},
        {"${NONE:-${NONE:-deep}}", "deep"},
        {"${P##*/}", "b.tar.gz"},
        {"${P%.*}", "/a/b.tar"},
        {"${P%%.*}", "/a/b"},
        {"${P#/a}", "/b.tar.gz"},
        {"${P/a/Z}", "/Z/b.tar.gz"},
        {"${P//a/Z}", "/Z/b.tZr.gz"},
        {"$", "$"},
        {"a$ b", "a$ b"},
        {"", ""},
    };
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(expander().word(text) == expected);
    }
}

TEST_CASE("what cannot be expanded is an error", "[build][words]") {
    for (const auto* text : {"${A", "${}", "'open", "\"open", "${NONE:?must be set}", "${A:}", "${A!x}"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(expander().word(text), Error);
    }
}

TEST_CASE("only variables outside quotes give several words", "[build][words]") {
    CHECK(expander().words("a $TWO \"$TWO\" ''") == std::vector<std::string>{"a", "x", "y", "x  y", ""});
}

TEST_CASE("ENV and LABEL take pairs, and the old form with the rest of the line", "[build][words]") {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(split_pairs("a=1 b='x y' c=\"z\"", '\\', "ENV") == Pairs{{"a", "1"}, {"b", "'x y'"}, {"c", "\"z\""}});
    CHECK(split_pairs("a some words", '\\', "ENV") == Pairs{{"a", "some words"}});
    CHECK(split_pairs("a=b\\ c", '\\', "ENV") == Pairs{{"a", "b\\ c"}});
    CHECK_THROWS_AS(split_pairs("a", '\\', "ENV"), Error);
    CHECK_THROWS_AS(split_pairs("a=1 b", '\\', "ENV"), Error);
}

TEST_CASE("a here-document expands variables and keeps quotes", "[build][words]") {
    CHECK(expander().heredoc("'$A' \"x\" \\$A\n") == "'one' \"x\" $A\n");
    // BuildKit's way, other than a shell's: a backslash goes, whatever follows it.
    CHECK(expander().heredoc("a\\n \\\\ \\\n.") == "an \\ \n.");
    CHECK(expander().heredoc("end\\") == "end");
    const WordExpander windows{'`', [](const std::string&) { return std::optional<std::string>{"one"}; }};
    CHECK(windows.heredoc("`$A \\$A") == "`one $A");  // '# escape=' is not for them
}
