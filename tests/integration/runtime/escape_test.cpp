// What a hostile image or process may try; each must fail.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/runtime/root_paths.hpp"
#include "engine/runtime/rootfs.hpp"
#include "integration/runtime/box.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A layer on top of busybox with what the attack needs.
fs::path evil_layer(Box& box) {
    const fs::path layer = box.folder() / "evil";
    fs::create_directories(layer);
    box.input.layers.push_back(layer);
    return layer;
}

}  // namespace

TEST_CASE("the engine's program cannot be written through /proc/PID/exe", "[runtime][escape]") {
    const UniqueFd sealed = sealed_program("/proc/self/exe");
    const std::string self = kernel::fd_path(sealed.get());
    // access(2) and not open(2), which answers ETXTBSY first while the program runs.
    CHECK(::access(self.c_str(), W_OK) != 0);
    CHECK(errno == EROFS);
    // CVE-2019-5736: the image's command is a link to the program that starts it.
    Box box;
    fs::create_directories(evil_layer(box) / "bin");
    fs::create_symlink("/proc/self/exe", box.folder() / "evil/bin/start");
    box.input.spec.command = desired::Strings{"/bin/start", "--list-tests"};
    const Finished done = box.run();
    CHECK(done.exit_code != 0);
}

TEST_CASE("a leaked folder of the host is no working directory", "[runtime][escape]") {
    // CVE-2024-21626: descriptors that the engine has open while it enters the working directory.
    const UniqueFd host = kernel::open_at(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    for (int fd = 0; fd < 16; ++fd) {
        Box box;
        box.input.spec.working_dir = "/proc/self/fd/" + std::to_string(fd);
        const Finished done = box.run("ls -d work 2>/dev/null; cat etc/only-in-the-container");
        INFO(fd << " " << done.out);
        CHECK((done.outcome.failure || done.out == "yes\n" || done.out.empty()));
    }
    Box box;
    box.start("echo ready; exec sleep 1000");
    ExecRequest request;
    request.args = {"pwd"};
    request.working_dir = "/proc/self/fd/" + std::to_string(host.get());
    CHECK(box.exec(request).outcome.failure);
}

TEST_CASE("links in a volume's target stay inside the container", "[runtime][escape]") {
    Box box;
    const fs::path layer = evil_layer(box);
    const fs::path outside = box.folder() / "outside";
    fs::create_directories(outside);
    fs::create_directories(layer / "srv");
    fs::create_symlink(outside, layer / "srv/absolute");
    fs::create_symlink("../../../../../../../../../.." + outside.string(), layer / "srv/relative");
    volumes::ResolvedMount first, second;
    first.source = second.source = "/var/tmp";
    first.target = "/srv/absolute/made";
    second.target = "/srv/relative/made";
    box.input.mounts = {first, second};
    const Finished done = box.run("echo started");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    CHECK(done.out == "started\n");
    CHECK(fs::is_empty(outside));
}

TEST_CASE("a link cannot lead a volume's target into /proc, nor /proc elsewhere", "[runtime][escape]") {
    Box into;
    fs::create_symlink("/proc/self/task", evil_layer(into) / "data-link");
    volumes::ResolvedMount mount;
    mount.source = "/var/tmp";
    mount.target = "/data-link";
    into.input.mounts = {mount};
    const Finished done = into.run("echo ran");
    REQUIRE(done.outcome.failure);
    CHECK(contains(done.outcome.failure->text, "inside /proc"));
    Box moved;
    const fs::path layer = moved.folder() / "evil";
    fs::create_directories(layer / "elsewhere");
    fs::create_symlink("elsewhere", layer / "proc");
    moved.input.layers = {layer};
    moved.input.layers.insert(moved.input.layers.begin(), stack::runtime::test::busybox_layer());
    const Finished second = moved.run("echo ran");
    REQUIRE(second.outcome.failure);
    CHECK(contains(second.outcome.failure->text, "is not a folder"));
}

TEST_CASE("users and working directories are looked up in the container's files only", "[runtime][escape]") {
    Box box;
    const fs::path layer = evil_layer(box);
    const fs::path host_file = box.folder() / "host-passwd";
    write_file(host_file, "hostuser:x:0:0::/:/bin/sh\n");
    fs::create_directories(layer / "etc");
    fs::create_symlink("../../../../.." + host_file.string(), layer / "etc/passwd");
    box.input.spec.user = "hostuser";
    const Finished done = box.run("echo ran");
    REQUIRE(done.outcome.failure);
    CHECK(contains(done.outcome.failure->text, "no user 'hostuser'"));
}

TEST_CASE("an image's passwd that is a device or a pipe does not hang the start", "[runtime][escape]") {
    Box box;
    const fs::path layer = evil_layer(box);
    fs::create_directories(layer / "etc");
    REQUIRE(::mkfifo((layer / "etc/passwd").c_str(), 0644) == 0);
    CHECK(box.run("echo ran").out == "ran\n");
}

TEST_CASE("mounts made inside do not come out, and none can be made without the capability", "[runtime][escape]") {
    Box box;
    CHECK(box.run("mount -t tmpfs none /tmp || echo refused").out == "refused\n");
    CHECK(box.run("mount -t proc proc /tmp || echo refused").out == "refused\n");
    CHECK(box.run("mount -o remount,rw /proc/sys || echo refused").out == "refused\n");
    CHECK(box.run("umount /proc/timer_list || echo refused").out == "refused\n");
    Box privileged;
    privileged.input.spec.privileged = true;
    const fs::path shared = privileged.folder() / "shared";
    fs::create_directories(shared / "inner");
    volumes::ResolvedMount mount;
    mount.source = shared;
    mount.target = "/data";
    privileged.input.mounts = {mount};
    CHECK(privileged.run("mount -t tmpfs none /data/inner && touch /data/inner/x && echo mounted").out == "mounted\n");
    CHECK(fs::is_empty(shared / "inner"));
}

TEST_CASE("chroot and .. lead nowhere", "[runtime][escape]") {
    Box box;
    CHECK(contains(box.run("cd /; i=0; while [ $i -lt 20 ]; do cd ..; i=$((i+1)); done; ls etc").out,
                   "only-in-the-container"));
    CHECK(box.run("ls /proc/1/root/work /proc/1/cwd/work /proc/self/root/work 2>/dev/null; echo end").out == "end\n");
}

TEST_CASE("processes of the host cannot be seen, signalled or traced", "[runtime][escape]") {
    Box box;
    const std::string host = std::to_string(::getpid());
    const Finished done = box.run("kill -0 " + host + " 2>/dev/null && echo reached; ls /proc | grep -c '^[0-9]'");
    CHECK(done.out.size() <= 3);
    // With the host's PID namespace it can be seen, but neither signalled by a user nor looked into.
    Box shared;
    shared.input.spec.pid = "host";
    shared.input.spec.user = "ada";
    CHECK(shared.run("kill -0 " + host + " || echo refused; readlink /proc/" + host + "/root || echo hidden").out ==
          "refused\nhidden\n");
}

TEST_CASE("exec of a process in a container does not show the engine to it", "[runtime][escape]") {
    Box box;
    box.start("echo ready; exec sleep 1000");
    for (int i = 0; i < 20; ++i) {
        CHECK(box.exec("ls -l /proc/self/fd | grep -c -E '(/var|/proc/|/work)'; true").out.size() <= 2);
    }
}

TEST_CASE("a fifo or folder in place of the target is replaced by nothing of the host's", "[runtime][escape]") {
    Box box;
    const fs::path layer = evil_layer(box);
    fs::create_directories(layer / "target/file");
    const fs::path file = box.folder() / "file";
    write_file(file, "content");
    volumes::ResolvedMount mount;
    mount.source = file;
    mount.target = "/target/file";
    mount.source_is_directory = false;
    box.input.mounts = {mount};
    const Finished done = box.run("echo ran");
    REQUIRE(done.outcome.failure);
    CHECK(contains(done.outcome.failure->text, "/target/file"));
}

TEST_CASE("paths in a root never leave it", "[runtime][escape]") {
    Box box;
    const fs::path root = box.folder() / "root";
    fs::create_directories(root / "a");
    fs::create_symlink("/", root / "slash");
    fs::create_symlink("../../../../etc", root / "a/up");
    fs::create_symlink("loop", root / "loop");
    fs::create_symlink("/made/by/link", root / "dangling");
    const UniqueFd fd = kernel::open_at(AT_FDCWD, root.string(), O_PATH | O_DIRECTORY);
    static_cast<void>(ensure_in_root(fd.get(), "/slash/new", Missing::folder));
    CHECK(fs::is_directory(root / "new"));
    static_cast<void>(ensure_in_root(fd.get(), "/a/up/file", Missing::file));
    CHECK(fs::exists(root / "etc/file"));
    static_cast<void>(ensure_in_root(fd.get(), "/dangling/x", Missing::folder));
    CHECK(fs::is_directory(root / "made/by/link/x"));
    CHECK_THROWS_AS(ensure_in_root(fd.get(), "/loop/x", Missing::folder), Error);
    CHECK_THROWS_AS(ensure_in_root(fd.get(), "/nowhere/..", Missing::folder), Error);
}
