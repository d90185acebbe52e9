#include <catch2/catch.hpp>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "workshop.hpp"

using namespace stack;
using testing::Workshop;

TEST_CASE("COPY puts files where the reference says", "[build][copy]") {
    Workshop shop;
    shop.write("a.txt", "a");
    shop.write("b.txt", "b", 0600);
    shop.write("dir/deep/c", "c");
    const auto id = shop.build(
        "FROM busybox\nWORKDIR /w\n"
        "COPY a.txt renamed\nCOPY a.txt sub/\nCOPY *.txt /globbed/\nCOPY dir /dir\nCOPY dir/deep/c /etc\n"
        "COPY --chown=7:8 --chmod=741 b.txt /owned/\nCOPY [\"a.txt\", \"/with space/\"]\n");
    CHECK(shop.file(id, "/w/renamed") == "a");
    CHECK(shop.file(id, "/w/sub/a.txt") == "a");
    CHECK(shop.file(id, "/globbed/b.txt") == "b");
    CHECK(shop.describe(id, "/globbed/b.txt") == "0600 0:0 file");
    CHECK(shop.file(id, "/dir/deep/c") == "c");
    CHECK(shop.file(id, "/etc/c") == "c");
    CHECK(shop.describe(id, "/owned/b.txt") == "0741 7:8 file");
    CHECK(shop.describe(id, "/owned") == "0755 7:8 folder");
    CHECK(shop.file(id, "/with space/a.txt") == "a");
}

TEST_CASE("COPY is cached by content and mode, not by time", "[build][copy][cache]") {
    Workshop shop;
    shop.write("file", "one");
    const std::string dockerfile = "FROM busybox\nCOPY file /f\nRUN cat /f > /g\n";
    const auto first = shop.build(dockerfile);
    shop.write("file", "one");
    CHECK(shop.build(dockerfile) == first);
    CHECK(shop.was_cached("COPY"));
    shop.write("file", "two");
    CHECK(shop.file(shop.build(dockerfile), "/g") == "two");
    CHECK(shop.was_run("COPY"));
    CHECK(shop.was_run("RUN"));
    shop.write("file", "one");
    shop.build(dockerfile);
    CHECK(shop.was_cached("RUN"));
    shop.write("file", "one", 0755);
    shop.build(dockerfile);
    CHECK(shop.was_run("COPY"));
}

TEST_CASE("COPY into folders of the image keeps their attributes", "[build][copy]") {
    Workshop shop;
    shop.write("file", "x");
    const auto id = shop.build(
        "FROM busybox\nRUN mkdir -p /p/q && chmod 2750 /p && chown 3:4 /p/q\nCOPY file /p/q/\nCOPY file /p/r/\n");
    CHECK(shop.describe(id, "/p") == "2750 0:0 folder");
    CHECK(shop.describe(id, "/p/q") == "0755 3:4 folder");
    CHECK(shop.file(id, "/p/q/file") == "x");
    CHECK(shop.describe(id, "/p/r") == "0755 0:0 folder");
}

TEST_CASE("links in the target's path are followed inside the image", "[build][copy]") {
    Workshop shop;
    shop.write("file", "x");
    const auto id = shop.build("FROM busybox\nRUN mkdir /real && ln -s /real /link\nCOPY file /link/\n");
    CHECK(shop.file(id, "/real/file") == "x");
    CHECK(shop.describe(id, "/link").ends_with("link"));
}

TEST_CASE("what .dockerignore names is not there", "[build][copy][ignore]") {
    Workshop shop;
    shop.write("keep", "k");
    shop.write("secret", "s");
    shop.write("logs/a.log", "l");
    shop.write("logs/keep.log", "l");
    shop.request.ignore_text = "secret\n**/*.log\n!logs/keep.log\n";
    const auto id = shop.build("FROM busybox\nCOPY . /ctx\n");
    CHECK(shop.file(id, "/ctx/keep") == "k");
    CHECK(shop.describe(id, "/ctx/secret") == "(none)");
    CHECK(shop.describe(id, "/ctx/logs/a.log") == "(none)");
    CHECK(shop.file(id, "/ctx/logs/keep.log") == "l");
    try {
        shop.build("FROM busybox\nCOPY secret /\n");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.hint() == "the .dockerignore leaves it out");
        CHECK(error.pos()->line == 2);
    }
}

TEST_CASE("a source never leaves the context", "[build][copy]") {
    Workshop shop;
    write_file(shop.root.dir() / "outside", "x");
    std::filesystem::create_symlink("/etc/passwd", shop.context / "link");
    CHECK_THROWS_AS(shop.build("FROM busybox\nCOPY ../outside /\n"), Error);
    CHECK_THROWS_AS(shop.build("FROM busybox\nCOPY link /got\n"), Error);
}

TEST_CASE("COPY takes here-documents, --parents and --exclude", "[build][copy]") {
    Workshop shop;
    shop.write("x/y/file", "f");
    shop.write("x/y/skip.md", "m");
    const auto id = shop.build(
        "FROM busybox\nENV NAME=world\n"
        "COPY <<greeting <<'raw' /g/\nhello $NAME\ngreeting\nraw $NAME\nraw\n"
        "COPY --parents x/y/file /p/\nCOPY --exclude=*.md x/y /e/\n");
    CHECK(shop.file(id, "/g/greeting") == "hello world\n");
    CHECK(shop.file(id, "/g/raw") == "raw $NAME\n");
    CHECK(shop.file(id, "/p/x/y/file") == "f");
    CHECK(shop.file(id, "/e/file") == "f");
    CHECK(shop.describe(id, "/e/skip.md") == "(none)");
}

TEST_CASE("COPY --parents keeps the folders behind '/./' only", "[build][copy]") {
    Workshop shop;
    shop.write("x/y/a.txt", "a");
    shop.write("x/y/z/c.txt", "c");
    const auto id = shop.build(
        "FROM busybox AS stage\nCOPY . /src/\nFROM busybox\n"
        "COPY --parents ./x/y/a.txt /whole/\nCOPY --parents ./x/./y/*.txt /part/\nCOPY --parents x/./y /folder/\n"
        "COPY --parents --from=stage /src/x/./y/a.txt /stage/\n");
    CHECK(shop.file(id, "/whole/x/y/a.txt") == "a");
    CHECK(shop.file(id, "/part/y/a.txt") == "a");
    CHECK(shop.describe(id, "/part/x") == "(none)");
    CHECK(shop.file(id, "/folder/y/z/c.txt") == "c");
    CHECK(shop.file(id, "/stage/y/a.txt") == "a");
    CHECK_THROWS_WITH(shop.build("FROM busybox\nCOPY --parents **/./a.txt /p/\n"),
                      Catch::Contains("'**' before '/./'"));
}

TEST_CASE("scratch and a copied program make an image of one layer", "[build][copy]") {
    Workshop shop;
    const auto id = shop.build("FROM scratch\nCOPY --from=busybox /bin/busybox /bin/sh\nRUN echo works > /out\n");
    CHECK(shop.file(id, "/out") == "works\n");
    CHECK(shop.image(id).chain_ids.size() == 2);
}

TEST_CASE("the same inputs and SOURCE_DATE_EPOCH give the same image in another root", "[build][reproducible]") {
    const auto once = [] {
        Workshop shop;
        shop.write("file", "x");
        shop.request.source_date_epoch = 1'700'000'000;
        return shop.build(
            "FROM scratch\nCOPY --from=busybox /bin/busybox /bin/sh\nCOPY file /f\nRUN date > /dev/null; echo x > "
            "/y\n");
    };
    CHECK(once() == once());
}

// Each of these was compared with BuildKit 0.13 (dockerd 26.1).
TEST_CASE("a copied folder's target is a folder like any other", "[build][copy]") {
    Workshop shop;
    shop.write("private/file", "x", 0640);
    std::filesystem::permissions(shop.context / "private", std::filesystem::perms{0700});
    const auto id = shop.build(
        "FROM busybox AS from\nRUN mkdir /o && chown 5:6 /o && touch /o/f\n"
        "FROM busybox\nRUN mkdir -m 711 /old\nCOPY private /p\nCOPY private /old\nCOPY --chmod=0751 private /m\n"
        "COPY --from=from /o /o\nCOPY private* /w\n");
    CHECK(shop.describe(id, "/p") == "0755 0:0 folder");
    CHECK(shop.describe(id, "/p/file") == "0640 0:0 file");
    CHECK(shop.describe(id, "/old") == "0711 0:0 folder");
    CHECK(shop.describe(id, "/m") == "0755 0:0 folder");
    CHECK(shop.describe(id, "/o") == "0755 0:0 folder");
}

TEST_CASE("a wildcard with several matches makes its target a folder", "[build][copy]") {
    Workshop shop;
    shop.write("d/one", "1");
    shop.write("d/two", "2");
    CHECK(shop.file(shop.build("FROM busybox\nCOPY d/* /many\n"), "/many/two") == "2");
    CHECK_THROWS_WITH(shop.build("FROM busybox\nCOPY d/one d/two /many\n"), Catch::Contains("cannot be copied"));
}

TEST_CASE("a file copied onto a link goes where the link leads", "[build][copy]") {
    Workshop shop;
    shop.write("file", "new");
    const auto id = shop.build("FROM busybox\nRUN mkdir /r && echo old > /r/f && ln -s r/f /l\nCOPY file /l\n");
    CHECK(shop.describe(id, "/l").ends_with("link"));
    CHECK(shop.file(id, "/r/f") == "new");
}

TEST_CASE("ignored folders come only with what is taken back below them", "[build][copy][ignore]") {
    Workshop shop;
    shop.write("a/deep/keep", "x");
    shop.write("a/gone/file", "x");
    shop.write("b/file", "x");
    std::filesystem::create_directory(shop.context / "empty");
    shop.request.ignore_text = "**\n!a/deep/keep\n";
    const auto id = shop.build("FROM busybox\nCOPY . /c\n");
    CHECK(shop.file(id, "/c/a/deep/keep") == "x");
    for (const char* path : {"/c/a/gone", "/c/b", "/c/empty"}) {
        CHECK(shop.describe(id, path) == "(none)");
    }
    std::filesystem::create_directory(shop.context / "another");
    CHECK(shop.build("FROM busybox\nCOPY . /c\n") == id);  // nor do they count
}

TEST_CASE("a tree of several layers is bound, and one bound for writing is a copy", "[build][run][mounts]") {
    Workshop shop;
    shop.write("dir/file", "context\n");
    const auto id = shop.build(
        "FROM busybox AS from\nRUN echo made > /made\nFROM busybox\n"
        "RUN --mount=type=bind,from=from,target=/m cat /m/made > /one && if echo x > /m/made; then exit 1; fi\n"
        "RUN --mount=type=bind,from=from,source=/made,target=/f cat /f > /two\n"
        "RUN --mount=target=/w,rw cat /w/dir/file > /three && echo x > /w/dir/file && rm -r /w/dir\n"
        "RUN --mount=type=bind,from=from,target=/m,rw rm /m/made && ls /m/bin > /dev/null\n");
    CHECK(shop.file(id, "/one") == "made\n");
    CHECK(shop.file(id, "/two") == "made\n");
    CHECK(shop.file(id, "/three") == "context\n");
    CHECK(read_file(shop.context / "dir/file") == "context\n");
    CHECK(shop.describe(id, "/m") == "(none)");
}
