#include <algorithm>
#include <csignal>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/runtime/box.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::runtime;
using stack::runtime::test::Box;
using stack::runtime::test::Finished;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("capabilities are Docker's fourteen, and those added or dropped", "[runtime][isolation]") {
    CHECK(Box{}.run("grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status").out ==
          "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n"
          "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
    Box box;
    box.input.spec.cap_drop = {"ALL"};
    box.input.spec.cap_add = {"NET_ADMIN"};
    CHECK(box.run("grep ^CapEff /proc/self/status").out == "CapEff:\t0000000000001000\n");
}

TEST_CASE("a user that is not root has no capability but keeps the bounding set", "[runtime][isolation]") {
    Box box;
    box.input.spec.user = "ada";
    box.input.spec.group_add = {"extra"};
    const Finished done = box.run("id; echo $HOME; grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status");
    CHECK(contains(done.out, "uid=1000(ada) gid=1001(ada) groups=1001(ada),2000(writers),3000(extra)"));
    CHECK(contains(done.out, "/home/ada\n"));
    CHECK(contains(done.out, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n"));
}

TEST_CASE("a privileged container has the host's serial lines and consoles", "[runtime][isolation]") {
    struct stat host {};
    if (::stat("/dev/ttyS0", &host) != 0 && ::stat("/dev/tty1", &host) != 0) {
        WARN("this host has neither /dev/ttyS0 nor /dev/tty1");
        return;
    }
    Box box;
    box.input.spec.privileged = true;
    CHECK(contains(box.run("ls /dev").out, "tty1\n") == (::stat("/dev/tty1", &host) == 0));
    CHECK(contains(box.run("ls /dev").out, "ttyS0\n") == (::stat("/dev/ttyS0", &host) == 0));
}

TEST_CASE("an unknown user is a sentence and nothing runs", "[runtime][isolation]") {
    Box box;
    box.input.spec.user = "eve";
    const Finished done = box.run("echo ran");
    REQUIRE(done.outcome.failure);
    CHECK(contains(done.outcome.failure->text, "no user 'eve' in the image's /etc/passwd"));
    CHECK(done.out.empty());
}

TEST_CASE("the secrets of /proc and /sys are masked, the switches read-only", "[runtime][isolation]") {
    const Finished done = Box{}.run(
        "wc -c < /proc/timer_list; wc -c < /proc/keys; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/panic; "
        "echo 1 > /proc/sysrq-trigger; echo x > /sys/kernel/uevent_helper; ls -d "
        "/proc/1/root/etc/only-in-the-container");
    CHECK(contains(done.out, "0\n0\n0\n"));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') >= 3);
    CHECK(contains(done.err, "Read-only file system"));
    CHECK(contains(done.out, "only-in-the-container"));
}

TEST_CASE("only descriptors 0, 1 and 2 are open", "[runtime][isolation]") {
    const Finished done = Box{}.run("exec ls -l /proc/self/fd");
    CHECK(contains(done.out, " 0 -> "));
    CHECK(contains(done.out, " 2 -> "));
    CHECK_FALSE(contains(done.out, " 4 -> "));  // 3 is ls's own folder
}

TEST_CASE("the mount table has nothing of the host's", "[runtime][isolation]") {
    const Finished done = Box{}.run("cat /proc/self/mountinfo");
    CHECK(contains(done.out, " / / rw"));
    for (const auto line : split(done.out, '\n')) {
        INFO(line);
        CHECK(line.find("shared:") == std::string_view::npos);
        CHECK(line.find("master:") == std::string_view::npos);
    }
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') < 32);
}

TEST_CASE("read_only closes the root but not its tmpfs mounts", "[runtime][isolation]") {
    Box box;
    box.input.spec.read_only = true;
    volumes::ResolvedMount tmpfs;
    tmpfs.type = volumes::ResolvedMount::Type::tmpfs;
    tmpfs.target = "/run/made/here";
    tmpfs.tmpfs_data = "size=1m,mode=1777";
    tmpfs.tmpfs_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    box.input.mounts = {tmpfs};
    const Finished done = box.run("touch /x; touch /run/made/here/y && echo fine; stat -c %a /run/made/here");
    CHECK(done.out == "fine\n1777\n");
    CHECK(contains(done.err, "Read-only file system"));
}

TEST_CASE("binds are seen with their flags, and the host sees what is written", "[runtime][mounts]") {
    Box box;
    const auto source = box.folder() / "source";
    std::filesystem::create_directories(source / "below");
    write_file(source / "file", "from the host");
    volumes::ResolvedMount writable, closed, part;
    writable.source = closed.source = source;
    writable.target = "/data";
    closed.target = "/closed";
    closed.read_only = true;
    part.source = source;
    part.subpath = "below";
    part.target = "/new/part";
    box.input.mounts = {writable, closed, part};
    const Finished done = box.run("cat /data/file; echo back > /data/answer; echo no > /closed/x; touch /new/part/p");
    CHECK(done.out == "from the host");
    CHECK(read_file(source / "answer") == "back\n");
    CHECK(contains(done.err, "Read-only file system"));
    CHECK(std::filesystem::exists(source / "below/p"));
}

TEST_CASE("an idmapped bind shows the owner as the container's user", "[runtime][mounts]") {
    Box box;
    const auto source = box.folder() / "source";
    std::filesystem::create_directories(source);
    write_file(source / "mine", "x");
    REQUIRE(::chown((source / "mine").c_str(), 4000, 4000) == 0);
    REQUIRE(::chown(source.c_str(), 4000, 4000) == 0);
    volumes::ResolvedMount mount;
    mount.source = source;
    mount.target = "/data";
    mount.idmap = volumes::OwnerMapping{1000, 1001, 4000, 4000};
    box.input.mounts = {mount};
    box.input.spec.user = "ada";
    const Finished done = box.run("stat -c '%u %g' /data/mine; touch /data/new");
    INFO((done.outcome.failure ? done.outcome.failure->text : done.err));
    CHECK(done.out == "1000 1001\n");
    struct stat info {};
    REQUIRE(::stat((source / "new").c_str(), &info) == 0);
    CHECK(info.st_uid == 4000);
}

TEST_CASE("secrets and configs lie where they belong, owned and closed", "[runtime][mounts]") {
    Box box;
    desired::FileMount secret;
    secret.target = "/run/secrets/key";
    secret.content = "s3cret";
    secret.uid = "ada";
    secret.gid = "writers";
    secret.mode = 0440;
    box.input.spec.files = {secret};
    const Finished done =
        box.run("cat /run/secrets/key; stat -c ' %u %g %a' /run/secrets/key; echo x > /run/secrets/key");
    CHECK(contains(done.out, "s3cret 1000 2000 440\n"));
    CHECK(contains(done.err, "Read-only file system"));
}

TEST_CASE("images mounted as files are read-only", "[runtime][mounts]") {
    Box box;
    volumes::ResolvedMount image;
    image.type = volumes::ResolvedMount::Type::overlay;
    image.layers = {stack::runtime::test::busybox_layer()};
    image.target = "/image";
    volumes::ResolvedMount part = image;
    part.subpath = "etc";
    part.target = "/image-etc";
    box.input.mounts = {image, part};
    const Finished done =
        box.run("cat /image/etc/only-in-the-container /image-etc/only-in-the-container; touch /image/x");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    CHECK(done.out == "yes\nyes\n");
    CHECK(contains(done.err, "Read-only file system"));
}

TEST_CASE("125 layers make one root", "[runtime][rootfs]") {
    Box box;
    box.input.layers.clear();
    for (int i = 0; i < 125; ++i) {
        const auto layer = box.folder() / ("layer-with-a-rather-long-name-as-a-digest-would-be-" + std::to_string(i));
        std::filesystem::create_directories(layer);
        write_file(layer / ("file" + std::to_string(i)), "x");
        write_file(layer / "top", std::to_string(i));
        box.input.layers.push_back(layer);
    }
    box.input.layers.insert(box.input.layers.begin(), stack::runtime::test::busybox_layer());
    CHECK(box.run("ls -d /file* | wc -l; cat /top").out == "125\n124");
}

TEST_CASE("pipes belong to the container's user, who opens /dev/stdout again", "[runtime][fifo]") {
    Box box;
    box.input.spec.user = "ada";
    const Finished done = box.run("echo again > /dev/stdout; echo err > /dev/stderr");
    CHECK(done.out == "again\n");
    CHECK(done.err == "err\n");
}

TEST_CASE("a command that is not there is 127, one that cannot run 126", "[runtime][exit]") {
    Box missing;
    missing.input.spec.command = desired::Strings{"no-such-command"};
    Finished done = missing.run();
    REQUIRE(done.outcome.failure);
    CHECK(done.exit_code == 127);
    CHECK(done.outcome.failure->text == "cannot execute 'no-such-command': not found in the container's PATH");
    Box folder;
    folder.input.spec.command = desired::Strings{"/etc"};
    CHECK(folder.run().exit_code == 126);
    Box killed;
    CHECK(killed.run("(sleep 1000 & kill -9 $!; wait $!; exit $?)").exit_code == 137);
}

TEST_CASE("a script whose interpreter is missing is told apart from a missing script", "[runtime][exit]") {
    Box box;
    box.start("printf '#!/no/such/shell\\n' > /script; chmod +x /script; echo ready; exec sleep 1000");
    ExecRequest request;
    request.args = {"/script"};
    const Finished done = box.exec(request);
    REQUIRE(done.outcome.failure);
    CHECK(contains(done.outcome.failure->text, "interpreter"));
    CHECK(done.exit_code == 127);
}

TEST_CASE("working directories are made and links in them followed inside the root", "[runtime][cwd]") {
    Box box;
    box.input.spec.working_dir = "/made/for/it";
    CHECK(box.run("pwd").out == "/made/for/it\n");
    Box closed;
    closed.input.spec.read_only = true;
    closed.input.spec.working_dir = "/made/too";
    CHECK(closed.run("pwd; touch here || echo closed").out == "/made/too\nclosed\n");
}

TEST_CASE("our init reaps orphans and passes signals and exit codes on", "[runtime][init]") {
    Box box;
    box.input.spec.init = true;
    CHECK(box.run("echo $$; exit 9").exit_code == 9);
    Box signalled;
    signalled.input.spec.init = true;
    signalled.start("trap 'exit 42' TERM; (sleep 0.01 &) ; echo ready; while :; do sleep 0.05; done");
    signalled.kill(SIGTERM);
    CHECK(signalled.wait() == 42);
    Box orphans;
    orphans.input.spec.init = true;
    // The orphan ends only once its pipe is opened, and then its entry in /proc goes when init has reaped it: an init
    // that does not reap leaves a zombie there, and the loop runs out.
    orphans.start(
        "mkfifo /go; (sh -c 'echo $$ > /orphan; read line < /go; exit 3' &); "
        "until test -s /orphan; do sleep 0.01; done; echo ready; exec sleep 1000");
    const Finished reaped = orphans.exec(
        "echo > /go; pid=$(cat /orphan); tries=0; while test -e /proc/$pid && test $tries -lt 3000; do "
        "sleep 0.02; tries=$((tries + 1)); done; test -e /proc/$pid && cat /proc/$pid/stat; echo checked");
    CHECK(reaped.out == "checked\n");
}

TEST_CASE("our init keeps no descriptor of the engine's", "[runtime][init][escape]") {
    const UniqueFd of_host = kernel::open_at(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    Box box;
    box.input.spec.init = true;
    box.start("echo ready; exec sleep 1000");
    CHECK(std::filesystem::is_empty(fmt::format("/proc/{}/fd", box.pid())));
}

TEST_CASE("a terminal is the container's own, and its console", "[runtime][tty]") {
    Box box;
    box.input.spec.tty = true;
    const Finished done = box.run("tty; test -c /dev/console && test -t 0 && echo terminal");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    CHECK(contains(done.out, "/dev/pts/0\r\n"));
    CHECK(contains(done.out, "terminal\r\n"));
}

TEST_CASE("ulimits and sysctls are set, and a hard limit that cannot be raised is a warning", "[runtime][limits]") {
    Box box;
    box.input.spec.ulimits = {{"nofile", 64, 128}, {"core", 0, 0}};
    box.input.spec.sysctls = {{"net.ipv4.ip_unprivileged_port_start", "80"}, {"kernel.msgmax", "4096"}};
    const Finished done =
        box.run("ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax");
    CHECK(done.out == "64\n128\n80\n4096\n");
    Box high;
    high.input.spec.ulimits = {{"nofile", 1 << 30, 1 << 30}};
    const Finished raised = high.run("echo runs");
    CHECK(raised.out == "runs\n");
}

TEST_CASE("namespaces of another container or of the host can be shared", "[runtime][namespaces]") {
    Box host;
    host.input.spec.pid = "host";
    host.input.spec.uts = "host";
    host.input.spec.ipc = "host";
    const Finished done = host.run("ls -d /proc/" + std::to_string(::getpid()) + "; readlink /proc/self/ns/ipc");
    INFO((done.outcome.failure ? done.outcome.failure->text : ""));
    CHECK(contains(done.out, "/proc/" + std::to_string(::getpid())));
    CHECK(contains(done.out, std::filesystem::read_symlink("/proc/self/ns/ipc").string()));
}
