// What one does to a container besides running it: cp, diff, top.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "engine/runtime/changes.hpp"
#include "engine/runtime/copy.hpp"
#include "engine/runtime/processes.hpp"
#include "engine/runtime/rootfs.hpp"
#include "harness/eventually.hpp"
#include "integration/runtime/box.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;

namespace {

namespace fs = std::filesystem;

UniqueFd archive_of(int root, const std::string& path, bool follow = false) {
    UniqueFd file = kernel::memfd_with("archive", "");
    copy_out(root, path, file.get(), follow);
    REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
    return file;
}

bool has(const std::vector<Change>& changes, char kind, const std::string& path) {
    return std::find(changes.begin(), changes.end(), Change{static_cast<Change::Kind>(kind), path}) != changes.end();
}

}  // namespace

TEST_CASE("diff tells what was added, changed and deleted, and nothing that the start made", "[runtime][diff]") {
    Box box;
    box.run(
        "echo x >> /etc/group; rm /etc/only-in-the-container; mkdir -p /new/folder; touch /new/folder/file; rm -r "
        "/data; mkdir /data");
    const auto changes = container_changes(box.plan());
    CHECK(has(changes, 'C', "/etc"));
    CHECK(has(changes, 'C', "/etc/group"));
    CHECK(has(changes, 'D', "/etc/only-in-the-container"));
    CHECK(has(changes, 'A', "/new"));
    CHECK(has(changes, 'A', "/new/folder/file"));
    for (const Change& change : changes) {
        INFO(change.path);
        CHECK(change.path.rfind("/proc", 0) != 0);
        CHECK(change.path.rfind("/dev", 0) != 0);
        CHECK(change.path.rfind("/sys", 0) != 0);
    }
    Box untouched;
    untouched.run("true");
    CHECK(container_changes(untouched.plan()).empty());
}

TEST_CASE("a tree goes out of one container and into another as it was", "[runtime][cp]") {
    Box from;
    from.start(
        "mkdir -p /tree/sub; echo hello > /tree/sub/file; chmod 640 /tree/sub/file; ln -s file /tree/sub/link; "
        "ln /tree/sub/file /tree/sub/hard; echo ready; exec sleep 1000");
    const UniqueFd source = open_running_root(from.pid(), from.pidfd());
    const UniqueFd archive = archive_of(source.get(), "/tree");
    Box to;
    to.start("mkdir /here; echo ready; exec sleep 1000");
    const UniqueFd target = open_running_root(to.pid(), to.pidfd());
    copy_in(target.get(), "/here", archive.get(), {});
    CHECK(to.exec("cat /here/tree/sub/link; stat -c '%a %h' /here/tree/sub/file; readlink /here/tree/sub/link").out ==
          "hello\n640 2\nfile\n");
}

TEST_CASE("a container that does not run gives and takes files too", "[runtime][cp]") {
    Box box;
    box.run("echo kept > /note");
    const UniqueFd root = mount_rootfs_private(box.plan().rootfs);
    CHECK(stat_in_root(root.get(), "/note", false).size == 5);
    const UniqueFd archive = archive_of(root.get(), "/note");
    copy_in(root.get(), "/tmp", archive.get(), {});
    CHECK(stat_in_root(root.get(), "/tmp/note", false).size == 5);
    CHECK_THROWS_AS(stat_in_root(root.get(), "/missing", false), Error);
    CHECK_THROWS_AS(copy_in(root.get(), "/missing", archive.get(), {}), Error);
}

TEST_CASE("links of the container lead a copy nowhere else", "[runtime][cp][escape]") {
    Box box;
    const fs::path outside = box.folder() / "outside";
    fs::create_directories(outside);
    write_file(outside / "secret", "of the host");
    box.start("ln -s " + outside.string() + " /out; ln -s ../../../../.." + outside.string() +
              "/secret /file; echo ready; exec sleep 1000");
    const UniqueFd root = open_running_root(box.pid(), box.pidfd());
    CHECK_THROWS_AS(archive_of(root.get(), "/out/secret"), Error);
    CHECK_THROWS_AS(archive_of(root.get(), "/file", true), Error);
    Box from;
    from.start("mkdir -p /d; echo evil > /d/planted; echo ready; exec sleep 1000");
    const UniqueFd other = open_running_root(from.pid(), from.pidfd());
    const UniqueFd archive = archive_of(other.get(), "/d/.");
    CHECK_THROWS_AS(copy_in(root.get(), "/out", archive.get(), {}), Error);
    CHECK_FALSE(fs::exists(outside / "planted"));
}

TEST_CASE("top lists the processes of the container and no others", "[runtime][top]") {
    Box box;
    box.start("sleep 1000 & echo ready; wait");
    // In the middle of its execve a process has no words to show.
    auto rows = list_processes(box.cgroup());
    REQUIRE(testing::eventually([&] {
        rows = list_processes(box.cgroup());
        return rows.size() == 2 && rows[1].command == "sleep 1000";
    }));
    CHECK(rows[0].pid == box.pid());
    CHECK(rows[1].parent == box.pid());
    CHECK(rows[1].terminal == "?");
}
