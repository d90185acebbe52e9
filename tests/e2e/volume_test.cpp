#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <random>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/eventually.hpp"
#include "harness/sandbox.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack::testing;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

fs::path data_of(const Sandbox& box, const std::string& volume) {
    return box.paths().volumes() / volume / "_data";
}

/// A volume with a little of everything.
void fill(const Sandbox& box, const std::string& volume) {
    REQUIRE(box.stack({"volume", "create", volume}).exit_code == 0);
    const fs::path data = data_of(box, volume);
    REQUIRE(::chown(data.c_str(), 999, 998) == 0);
    REQUIRE(::chmod(data.c_str(), 0700) == 0);
    fs::create_directories(data / "sub");
    stack::write_file(data / "sub/file", "one");
    REQUIRE(::chown((data / "sub/file").c_str(), 33, 44) == 0);
    REQUIRE(::chmod((data / "sub/file").c_str(), 04640) == 0);
    fs::create_hard_link(data / "sub/file", data / "again");
    fs::create_symlink("sub/file", data / "link");
    stack::write_file(data / ".wh.odd", "a name that means something in layers");
    REQUIRE(::mkfifo((data / "pipe").c_str(), 0600) == 0);
}

void check_filled(const fs::path& data) {
    struct stat status {};
    REQUIRE(::lstat(data.c_str(), &status) == 0);
    CHECK(status.st_uid == 999);
    CHECK(status.st_gid == 998);
    CHECK((status.st_mode & 07777) == 0700);
    CHECK(stack::read_file(data / "sub/file") == "one");
    REQUIRE(::lstat((data / "again").c_str(), &status) == 0);
    CHECK(status.st_nlink == 2);
    CHECK(status.st_uid == 33);
    CHECK((status.st_mode & 07777) == 04640);
    CHECK(fs::read_symlink(data / "link") == "sub/file");
    CHECK(fs::is_fifo(data / "pipe"));
    CHECK(stack::read_file(data / ".wh.odd").size() > 3);
}

bool nothing_staged(const Sandbox& box) {
    return !fs::exists(box.paths().temporary()) || fs::is_empty(box.paths().temporary());
}

}  // namespace

TEST_CASE("volumes are made, listed, inspected and removed", "[volume]") {
    const Sandbox box{"vol"};
    box.need_busybox();
    CHECK(box.docker({"volume", "create", "--label", "a=b", "data"}).out == "data\n");
    CHECK(box.docker({"volume", "create", "data"}).exit_code == 0);
    const Result anonymous = box.docker({"volume", "create"});
    CHECK(anonymous.out.size() == 65);
    CHECK(has(box.docker({"volume", "create", "-d", "cloud", "x"}).err, "volume driver 'cloud' is not known"));
    CHECK(box.docker({"volume", "ls", "-q", "-f", "label=a"}).out == "data\n");
    CHECK(box.docker({"volume", "ls", "--format", "{{.Driver}} {{.Name}}", "-f", "name=dat"}).out == "local data\n");
    const auto shown = nlohmann::json::parse(box.docker({"volume", "inspect", "data"}).out).at(0);
    CHECK(shown["Mountpoint"] == data_of(box, "data").string());
    CHECK(shown["Labels"]["a"] == "b");
    CHECK(shown["Options"].is_null());

    REQUIRE(box.docker({"create", "--name", "user", "-v", "data:/data", "busybox", "true"}).exit_code == 0);
    const Result used = box.docker({"volume", "rm", "data"});
    CHECK(used.exit_code == 1);
    CHECK(has(used.err, "volume 'data' is in use by user"));
    CHECK(box.docker({"volume", "ls", "-q", "-f", "dangling=false"}).out == "data\n");
    const std::string sized = box.docker({"volume", "ls", "--size"}).out;
    CHECK(has(sized, "USED BY"));
    CHECK(has(sized, "user"));

    CHECK(has(box.docker({"volume", "prune", "-f"}).out, "Deleted Volumes:\n" + anonymous.out));
    CHECK(box.docker({"volume", "prune", "-a", "-f"}).out == "Total reclaimed space: 0B\n");
    box.docker({"rm", "user"});
    stack::write_file(data_of(box, "data") / "file", std::string(100'000, 'x'));
    const Result pruned = box.docker({"volume", "prune", "-a", "-f"});
    CHECK(has(pruned.out, "Deleted Volumes:\ndata\n"));
    CHECK_FALSE(has(pruned.out, "space: 0B"));
    CHECK(box.docker({"volume", "rm", "data"}).exit_code == 1);
    CHECK(box.docker({"volume", "rm", "-f", "data"}).exit_code == 0);
}

TEST_CASE("a backup holds everything of a volume, and a restore gives it back", "[volume]") {
    const Sandbox box{"vol"};
    fill(box, "data");
    for (const char* file : {"plain.tar", "zipped.tar.gz", "small.tar.zst"}) {
        const Result written = box.stack({"volume", "backup", "data", file});
        INFO(written.all());
        REQUIRE(written.exit_code == 0);
        const Result restored = box.stack({"volume", "restore", file, "copy"});
        INFO(restored.all());
        REQUIRE(restored.exit_code == 0);
        check_filled(data_of(box, "copy"));
        REQUIRE(box.stack({"volume", "rm", "copy"}).exit_code == 0);
    }
    const Result full = box.stack({"volume", "restore", "plain.tar", "data"});
    CHECK(full.exit_code == 1);
    CHECK(has(full.err, "volume 'data' has content"));
    stack::write_file(data_of(box, "data") / "later", "x");
    CHECK(box.stack({"volume", "restore", "--replace", "plain.tar", "data"}).exit_code == 0);
    check_filled(data_of(box, "data"));
    CHECK_FALSE(fs::exists(data_of(box, "data") / "later"));

    box.write("noise.tar", "this is no archive");
    CHECK(box.stack({"volume", "restore", "noise.tar", "other"}).exit_code == 1);
    CHECK(box.stack({"volume", "ls", "-q"}).out == "data\n");
    CHECK(nothing_staged(box));
}

TEST_CASE("a snapshot is what the volume was, a rollback brings it back, a clone goes its own way", "[volume]") {
    const Sandbox box{"vol"};
    box.need_busybox();
    fill(box, "data");
    CHECK(box.stack({"volume", "snapshot", "data", "before"}).out == "before\n");
    const Result taken = box.stack({"volume", "snapshot", "data", "before"});
    CHECK(taken.exit_code == 1);
    CHECK(has(taken.err, "exists already"));
    CHECK(has(box.stack({"volume", "snapshot", "--list", "data"}).out, "before"));

    stack::write_file(data_of(box, "data") / "sub/file", "two");
    fs::remove(data_of(box, "data") / "link");
    CHECK(box.stack({"volume", "clone", "data", "twin"}).out == "twin\n");
    CHECK(stack::read_file(data_of(box, "twin") / "sub/file") == "two");
    CHECK(has(box.stack({"volume", "clone", "data", "twin"}).err, "exists already"));

    REQUIRE(box.docker({"run", "-d", "--name", "user", "-v", "data:/data", "busybox", "sleep", "3600"}).exit_code == 0);
    const Result busy = box.stack({"volume", "rollback", "data", "before"});
    CHECK(busy.exit_code == 1);
    CHECK(has(busy.err, "it is in use by user"));
    REQUIRE(box.docker({"stop", "-t", "0", "user"}).exit_code == 0);
    CHECK(has(box.stack({"volume", "rollback", "data", "after"}).err, "has no snapshot 'after'"));
    CHECK(box.stack({"volume", "rollback", "data", "before"}).exit_code == 0);
    check_filled(data_of(box, "data"));
    CHECK(stack::read_file(data_of(box, "twin") / "sub/file") == "two");

    CHECK(box.stack({"volume", "snapshot", "--delete", "data", "before"}).exit_code == 0);
    CHECK_FALSE(has(box.stack({"volume", "snapshot", "--list", "data"}).out, "before"));
    box.docker({"rm", "user"});
    CHECK(nothing_staged(box));
}

TEST_CASE("a restore that is killed leaves no volume, or the one that was there, and the next command cleans up",
          "[volume]") {
    const Sandbox box{"vol"};
    fill(box, "data");
    stack::write_file(data_of(box, "data") / "big", std::string(4 << 20, 'x'));
    REQUIRE(box.stack({"volume", "backup", "data", "all.tar"}).exit_code == 0);
    const std::string archive = stack::read_file(box.project_dir() / "all.tar");
    for (const bool existing : {false, true}) {
        const std::string name = existing ? "data" : "fresh";
        Command wish = box.command("stack", {"volume", "restore", "--replace", "-", name});
        wish.keep_stdin = true;
        Process restoring{wish};
        restoring.write(std::string_view{archive}.substr(0, archive.size() / 2));
        REQUIRE(eventually([&] { return !nothing_staged(box); }));
        ::kill(restoring.pid(), SIGKILL);
        CHECK(restoring.wait().exit_code == 128 + SIGKILL);
        CHECK_FALSE(nothing_staged(box));
        CHECK(box.stack({"volume", "ls", "-q"}).out == "data\n");
        check_filled(data_of(box, "data"));
        CHECK(box.stack({"volume", "prune", "-f"}).exit_code == 0);
        CHECK(nothing_staged(box));
    }
}

TEST_CASE("a backup that is killed leaves the older file and lets the containers go on", "[volume]") {
    const Sandbox box{"vol"};
    box.need_busybox();
    REQUIRE(box.docker({"run", "-d", "--name", "writer", "-v", "data:/data", "busybox", "sh", "-c",
                        "while echo line >>/data/log; do sleep 0.01; done"})
                .exit_code == 0);
    REQUIRE(eventually([&] { return fs::exists(data_of(box, "data") / "log"); }));
    std::mt19937 random{1};
    std::string noise(8 << 20, '\0');
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(random()); });
    stack::write_file(data_of(box, "data") / "big", noise);
    // Nobody reads what it says: the backup stands in the middle of its archive.
    Process backing{box.command("stack", {"volume", "backup", "data", "-"})};
    const auto grows = [&] {
        const auto before = fs::file_size(data_of(box, "data") / "log");
        return eventually([&] { return fs::file_size(data_of(box, "data") / "log") > before; });
    };
    REQUIRE(eventually([&] { return !nothing_staged(box); }));
    CHECK(grows());
    ::kill(backing.pid(), SIGKILL);
    CHECK(backing.wait().exit_code == 128 + SIGKILL);
    CHECK(grows());
    CHECK(box.docker({"inspect", "-f", "{{.State.Status}}", "writer"}).out == "running\n");
    CHECK(box.stack({"volume", "prune", "-f"}).exit_code == 0);
    CHECK(nothing_staged(box));
}

TEST_CASE("a snapshot, clone or rollback that is killed is whole or not there, and can be made again", "[volume]") {
    const Sandbox box{"vol"};
    fill(box, "data");
    constexpr int files = 2000;  // enough for the copy to be under way when it is killed
    fs::create_directories(data_of(box, "data") / "many");
    for (int i = 0; i < files; ++i) {
        stack::write_file(data_of(box, "data") / "many" / std::to_string(i), "content");
    }
    const fs::path snapshots = data_of(box, "data").parent_path() / "snapshots";
    REQUIRE(box.stack({"volume", "snapshot", "data", "base"}).exit_code == 0);
    REQUIRE(fs::exists(snapshots / "base"));
    stack::write_file(data_of(box, "data") / "sub/file", "two");

    const auto is_whole = [&](const fs::path& folder) {
        return std::distance(fs::directory_iterator{folder / "many"}, {}) == files && fs::is_fifo(folder / "pipe");
    };
    const auto kill_amid = [&](std::vector<std::string> words, const std::function<bool()>& is_done) {
        words.insert(words.begin(), "volume");
        Process working{box.command("stack", std::move(words))};
        REQUIRE(eventually([&] { return !nothing_staged(box) || is_done(); }));
        ::kill(working.pid(), SIGKILL);
        working.wait();
        CHECK(is_whole(data_of(box, "data")));
        const bool done = is_done();
        CHECK(box.stack({"volume", "prune", "-f"}).exit_code == 0);
        CHECK(nothing_staged(box));
        return done;
    };
    for (const std::string name : {"one", "two", "three"}) {
        if (!kill_amid({"snapshot", "data", name}, [&] { return fs::exists(snapshots / name); })) {
            CHECK(box.stack({"volume", "snapshot", "data", name}).exit_code == 0);
        }
        CHECK(is_whole(snapshots / name));
        const auto is_cloned = [&] { return has(box.stack({"volume", "ls", "-q"}).out, "clone-" + name + "\n"); };
        if (!kill_amid({"clone", "data", "clone-" + name}, is_cloned)) {
            CHECK(box.stack({"volume", "clone", "data", "clone-" + name}).exit_code == 0);
        }
        CHECK(is_whole(data_of(box, "clone-" + name)));
        const auto text = [&] { return stack::read_file(data_of(box, "data") / "sub/file"); };
        if (!kill_amid({"rollback", "data", "base"}, [&] { return text() == "one"; })) {
            CHECK(text() == "two");
            CHECK(box.stack({"volume", "rollback", "data", "base"}).exit_code == 0);
        }
        CHECK(text() == "one");
        CHECK(is_whole(data_of(box, "data")));
        stack::write_file(data_of(box, "data") / "sub/file", "two");
    }
}
