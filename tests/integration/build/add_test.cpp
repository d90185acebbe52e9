// What ADD brings besides what COPY does: tars, files from the web, git repositories.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "build/git_source.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/tar_builder.hpp"
#include "image/compression.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"
#include "workshop.hpp"

using namespace stack;
using namespace stack::build;
using stack::testing::http_answer;
using stack::testing::ScriptedServer;
using stack::testing::TarBuilder;
using stack::testing::Workshop;

namespace {

std::string compressed(const std::string& bytes, image::Compression format) {
    std::string out;
    const auto compressor = image::Compressor::make(format);
    compressor->feed(bytes, [&](std::string_view piece) { out += piece; });
    compressor->finish([&](std::string_view piece) { out += piece; });
    return out;
}

std::string some_tar() {
    image::tar::Entry owned;
    owned.path = "bin/tool";
    owned.size = 4;
    owned.mode = 04755;
    owned.uid = 7;
    owned.gid = 8;
    owned.mtime = 1'600'000'000;
    return TarBuilder{}.folder("bin").entry(owned, "tool").file(".wh.kept", "x").symlink("link", "bin/tool").end();
}

void git(const std::filesystem::path& folder, std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", folder.string()});
    const auto result = testing::run({.argv = words});
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
}

/// A repository of two commits and a branch, served by git's own daemon.
class GitServer {
public:
    explicit GitServer(const std::filesystem::path& folder) : port_{testing::free_port()} {
        const auto work = folder / "repo.git";
        std::filesystem::create_directories(work / "sub");
        git(work, {"init", "-q", "-b", "main"});
        write_file(work / "a", "one\n");
        write_file(work / "sub/b", "b\n");
        git(work, {"add", "."});
        git(work, {"commit", "-q", "-m", "one"});
        git(work, {"tag", "v1"});
        write_file(work / "a", "two\n");
        git(work, {"commit", "-q", "-a", "-m", "two"});
        // Not as "git daemon": that is a parent of the daemon, which its end would leave behind.
        const std::string programs{trim(testing::run({.argv = {"git", "--exec-path"}}).out)};
        daemon_.emplace(testing::Command{.argv = {programs + "/git-daemon", "--verbose", "--export-all", "--reuseaddr",
                                                  "--listen=127.0.0.1", fmt::format("--port={}", port_),
                                                  "--base-path=" + folder.string()}});
        REQUIRE(daemon_->wait_for("Ready to rumble"));
    }
    std::string url() const { return fmt::format("git://127.0.0.1:{}/repo.git", port_); }

private:
    int port_;
    std::optional<testing::Process> daemon_;
};

}  // namespace

TEST_CASE("ADD unpacks tars, compressed or not, with their owners", "[build][add]") {
    Workshop shop;
    shop.write("plain.tar", some_tar());
    shop.write("packed.tgz", compressed(some_tar(), image::Compression::gzip));
    shop.write("packed.zst", compressed(some_tar(), image::Compression::zstd));
    for (const std::string name : {"plain.tar", "packed.tgz", "packed.zst"}) {
        const auto id = shop.build("FROM busybox\nADD " + name + " /opt/\n");
        CHECK(shop.file(id, "/opt/bin/tool") == "tool");
        CHECK(shop.describe(id, "/opt/bin/tool") == "4755 7:8 file");
        CHECK(shop.describe(id, "/opt/link") == "0777 0:0 link");
        CHECK(shop.file(id, "/opt/.wh.kept") == "x");  // no layer: nothing is taken away
    }
    const auto kept = shop.build("FROM busybox\nADD --unpack=false packed.tgz /\nCOPY plain.tar /c.tar\n");
    CHECK(shop.file(kept, "/c.tar") == some_tar());
    CHECK(shop.describe(kept, "/packed.tgz") == "0644 0:0 file");
    const auto owned = shop.build("FROM busybox\nADD --chown=5:6 plain.tar /opt/\n");
    CHECK(shop.describe(owned, "/opt/bin/tool") == "4755 7:8 file");  // --chown is for what is not a tar
}

TEST_CASE("ADD copies what only looks like an archive, and refuses hostile ones", "[build][add]") {
    Workshop shop;
    shop.write("text.gz", compressed("just text", image::Compression::gzip));
    shop.write("broken.tgz", std::string_view{"\x1f\x8b\x08\x00", 4});
    shop.write("out.tar", TarBuilder{}.file("../../escaped", "x").end());
    const auto id = shop.build("FROM busybox\nADD text.gz broken.tgz /a/\n");
    CHECK(shop.file(id, "/a/broken.tgz").size() == 4);
    CHECK(shop.describe(id, "/a/text.gz").ends_with("file"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD out.tar /\n"), Catch::Contains("'..' leads out"));
}

TEST_CASE("ADD gets files from the web and checks them", "[build][add][web]") {
    const std::string body = "content of the web";
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        return request.path == "/missing" ? http_answer(404, "no")
                                          : http_answer(200, body, {"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"});
    }};
    const std::string url = "http://" + server.address();
    Workshop shop;
    const auto id = shop.build("FROM busybox\nADD " + url + "/tool.bin?x=1 /opt/\nADD " + url + "/ /opt/named\n");
    CHECK(shop.file(id, "/opt/tool.bin") == body);
    CHECK(shop.file(id, "/opt/named") == body);
    CHECK(shop.describe(id, "/opt/tool.bin") == "0600 0:0 file");

    const auto right = "sha256:" + sha256_hex(body);
    const auto wrong = "sha256:" + sha256_hex("other");
    CHECK(shop.file(shop.build("FROM busybox\nADD --checksum=" + right + " " + url + "/t /t\n"), "/t") == body);
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD --checksum=" + wrong + " " + url + "/t /t\n"),
                      Catch::Contains("has digest " + right + ", not " + wrong));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD --checksum=md5:1 " + url + "/t /t\n"),
                      Catch::Contains("is no checksum"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD " + url + "/missing /t\n"), Catch::Contains("answered 404"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD " + url + "/ /opt/\n"), Catch::Contains("says no name"));
}

TEST_CASE("what ADD got from the web is not fetched again while it is the same", "[build][add][web]") {
    std::string body = "first";
    std::vector<int> answers;
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        const auto etag = "\"" + sha256_hex(body).substr(0, 8) + "\"";
        const auto asked = request.headers.find("if-none-match");
        const bool same = asked != request.headers.end() && asked->second == etag;
        answers.push_back(same ? 304 : 200);
        return same ? http_answer(304, "") : http_answer(200, body, {"ETag: " + etag});
    }};
    const std::string url = "http://" + server.address() + "/t";
    Workshop shop;
    const auto id = shop.build("FROM busybox\nADD " + url + " /t\n");
    CHECK(shop.build("FROM busybox\nADD " + url + " /t\n") == id);
    CHECK(shop.was_cached("ADD "));
    CHECK(shop.file(shop.build("FROM busybox\nADD " + url + " /u\n"), "/u") == "first");  // from what was kept
    CHECK(answers == std::vector{200, 304, 304});
    const auto sum = "--checksum=sha256:" + sha256_hex(body);
    CHECK(shop.file(shop.build("FROM busybox\nADD " + sum + " " + url + " /v\n"), "/v") == "first");
    CHECK(answers.size() == 3);  // known by its checksum: nobody was asked

    body = "second";
    CHECK(shop.file(shop.build("FROM busybox\nADD " + url + " /t\n"), "/t") == "second");
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD " + sum + " " + url + " /w\n"), Catch::Contains("has digest"));
    CHECK(answers == std::vector{200, 304, 304, 200, 304});

    prune_build_cache(shop.paths, 0);
    CHECK(shop.file(shop.build("FROM busybox\nADD " + url + " /t\n"), "/t") == "second");
    CHECK(answers.back() == 200);
    CHECK(std::distance(std::filesystem::directory_iterator{shop.paths.build_cache() / "web"}, {}) == 2);
}

TEST_CASE("ADD and contexts take git repositories", "[build][add][git]") {
    Workshop shop;
    const GitServer server{shop.root.dir()};
    const auto id = shop.build("FROM busybox\nADD " + server.url() + " /src\nADD " + server.url() + "#v1 /old\nADD " +
                               server.url() + "#main:sub /sub\n");
    CHECK(shop.file(id, "/src/a") == "two\n");
    CHECK(shop.file(id, "/old/a") == "one\n");
    CHECK(shop.file(id, "/sub/b") == "b\n");
    CHECK(shop.describe(id, "/src/.git") == "(none)");

    const auto checkout = check_out({server.url(), "v1", ""}, shop.root.dir() / "out", true);
    CHECK(checkout.commit.size() == 40);
    CHECK(std::filesystem::exists(shop.root.dir() / "out/.git"));
    const auto kept = shop.build("FROM busybox\nADD --keep-git-dir --checksum=" + checkout.commit + " " + server.url() +
                                 "#v1 /src\n");
    CHECK(shop.describe(kept, "/src/.git").ends_with("folder"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD --checksum=" + checkout.commit + " " + server.url() + " /s\n"),
                      Catch::Contains("not at " + checkout.commit));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD " + server.url() + "#nope /s\n"),
                      Catch::Contains("no branch, tag or commit 'nope'"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD " + server.url() + "#main:nope /s\n"),
                      Catch::Contains("has no folder 'nope'"));
    CHECK_THROWS_WITH(shop.build("FROM busybox\nADD git://127.0.0.1:1/x.git /s\n"), Catch::Contains("cannot clone"));
}

TEST_CASE("git sources are told from web addresses and folders", "[build][git]") {
    CHECK(parse_git_source("https://example.com/a/b.git") == GitSource{"https://example.com/a/b.git", "", ""});
    CHECK(parse_git_source("https://example.com/a.git#v1:docs") ==
          GitSource{"https://example.com/a.git", "v1", "docs"});
    CHECK(parse_git_source("git@example.com:a/b.git#:docs") == GitSource{"git@example.com:a/b.git", "", "docs"});
    CHECK(parse_git_source("github.com/a/b")->url == "https://github.com/a/b");
    CHECK_FALSE(parse_git_source("https://example.com/a.tar.gz"));
    CHECK_FALSE(parse_git_source("./folder.git"));
    CHECK_FALSE(parse_git_source("-"));
}
