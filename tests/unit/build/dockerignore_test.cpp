#include "build/dockerignore.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::build;

TEST_CASE("patterns are those of the reference", "[build][ignore]") {
    const IgnoreRules rules{"# comment\n*/temp*\n*/*/temp*\ntemp?\n/abs\n**/*.o\nfolder\n"};
    for (const auto* path : {"somedir/temporary.txt", "a/b/temporary", "tempa", "abs", "x.o", "deep/er/x.o", "folder",
                             "folder/below/it"}) {
        CAPTURE(path);
        CHECK(rules.ignores(path));
    }
    for (const auto* path : {"temporary", "temp", "a/abs", "x.oo", "a/folder", "comment"}) {
        CAPTURE(path);
        CHECK_FALSE(rules.ignores(path));
    }
}

TEST_CASE("the last rule that fits wins", "[build][ignore]") {
    const IgnoreRules rules{"*.md\n!README*.md\nREADME-secret.md\n"};
    CHECK(rules.ignores("a.md"));
    CHECK_FALSE(rules.ignores("README.md"));
    CHECK(rules.ignores("README-secret.md"));
}

TEST_CASE("a folder is left out only if nothing below can be taken back", "[build][ignore]") {
    const IgnoreRules rules{"logs\nnode_modules\n!logs/keep\n"};
    CHECK(rules.ignores("logs"));
    CHECK_FALSE(rules.can_skip("logs"));
    CHECK(rules.can_skip("node_modules"));
    CHECK_FALSE(rules.ignores("logs/keep"));
    CHECK(IgnoreRules{"a\n"}.can_skip("a"));
}

TEST_CASE("classes, escapes and malformed patterns", "[build][ignore]") {
    CHECK(match_path("[a-c]x", "bx", false));
    CHECK_FALSE(match_path("[^a-c]x", "bx", false));
    CHECK(match_path("\\*", "*", false));
    CHECK_FALSE(match_path("*", "a/b", false));
    CHECK(match_path("a/**/b", "a/b", true));
    CHECK(match_path("a/**", "a/x/y", true));
    CHECK_THROWS_AS(IgnoreRules{"[a\n"}, Error);
}

TEST_CASE("a pattern of many stars is answered at once", "[build]") {
    std::string pattern;
    for (int i = 0; i < 40; ++i) {
        pattern += "*a";
    }
    const std::string path(200, 'a');
    CHECK_FALSE(match_path(pattern + "b", path, true));
    CHECK(match_path(pattern + "*", path, true));
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep += "**/a/";
    }
    std::string folders;
    for (int i = 0; i < 100; ++i) {
        folders += "a/";
    }
    CHECK_FALSE(match_path(deep + "b", folders + "a", true));
    CHECK(match_path(deep + "a", folders + "a", true));
}
