// What a container changes under our hands while we resolve its paths, look into it or enter it.
#include <atomic>
#include <chrono>
#include <csignal>
#include <new>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/copy.hpp"
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

/// Exchanges two names as fast as it can, as long as it lives. A process and no thread: what is cloned from a process
/// with threads may find a lock taken for ever.
class Swapper {
public:
    Swapper(const fs::path& one, const fs::path& other)
        : swaps_{static_cast<std::atomic<long>*>(
              ::mmap(nullptr, sizeof(std::atomic<long>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))} {
        REQUIRE(swaps_ != MAP_FAILED);
        new (swaps_) std::atomic<long>{0};
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            swap(one.c_str(), other.c_str());
        }
        // On a busy machine it may be long until it runs for the first time.
        while (*swaps_ == 0) {
            ::sched_yield();
        }
    }
    Swapper(const Swapper&) = delete;
    Swapper& operator=(const Swapper&) = delete;
    ~Swapper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::munmap(swaps_, sizeof(std::atomic<long>));
    }
    long swaps() const { return *swaps_; }

private:
    [[noreturn]] void swap(const char* one, const char* other) {
        for (;;) {
            if (::syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0) {
                ++*swaps_;
            }
        }
    }

    std::atomic<long>* swaps_;
    pid_t pid_{-1};
};

std::string text_of(int memfd) {
    REQUIRE(::lseek(memfd, 0, SEEK_SET) == 0);
    return read_all(memfd, "an archive");
}

/// A folder of the host with a secret in it, and in `inside` a folder "a" and a link "b" to that of the host.
fs::path lay_trap(Box& box, const fs::path& inside) {
    const fs::path outside = box.folder() / "outside";
    fs::create_directories(outside / "deep");
    write_file(outside / "file", "of the host");
    write_file(outside / "deep/file", "of the host");
    fs::create_directories(inside / "a/deep");
    write_file(inside / "a/file", "of the container");
    write_file(inside / "a/deep/file", "of the container");
    fs::create_symlink(outside, inside / "b");
    return outside;
}

size_t entries_below(const fs::path& folder) {
    return static_cast<size_t>(std::distance(fs::recursive_directory_iterator{folder}, {}));
}

}  // namespace

TEST_CASE("a folder that turns into a link during a copy leads it nowhere else", "[runtime][cp][escape]") {
    Box box;
    box.start("mkdir /race; echo ready; exec sleep 1000");
    const fs::path inside = fs::path{"/proc"} / std::to_string(box.pid()) / "root/race";
    const fs::path outside = lay_trap(box, inside);
    Box from;
    from.start("mkdir -p /d/deep; echo evil > /d/planted; echo evil > /d/deep/planted; echo ready; exec sleep 1000");
    const UniqueFd source = open_running_root(from.pid(), from.pidfd());
    const UniqueFd archive = kernel::memfd_with("archive", "");
    copy_out(source.get(), "/d/.", archive.get(), false);
    const UniqueFd root = open_running_root(box.pid(), box.pidfd());
    const Swapper swapper{inside / "a", inside / "b"};
    int read = 0, written = 0;
    // Some find the folder and some the link, and on a busy machine hundreds of them the same one.
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{300};
    const auto enough = [&] { return (read > 0 && written > 0) || std::chrono::steady_clock::now() > limit; };
    for (int i = 0; i < 500 || !enough(); ++i) {
        try {
            const UniqueFd taken = kernel::memfd_with("archive", "");
            copy_out(root.get(), i % 2 == 0 ? "/race/a" : "/race/a/deep/file", taken.get(), true);
            REQUIRE(text_of(taken.get()).find("of the host") == std::string::npos);
            ++read;
        } catch (const Error&) {
            // The link leads nowhere inside the container.
        }
        try {
            REQUIRE(::lseek(archive.get(), 0, SEEK_SET) == 0);
            copy_in(root.get(), "/race/a", archive.get(), {});
            ++written;
        } catch (const Error&) {
            // likewise
        }
    }
    CHECK(read > 0);
    CHECK(written > 0);
    CHECK(swapper.swaps() > 0);
    CHECK(entries_below(outside) == 3);
}

TEST_CASE("a volume's target that turns into a link during the start is mounted inside", "[runtime][mounts][escape]") {
    // CVE-2021-30465: another container swaps folders of a volume that both have.
    const auto before = read_file("/proc/self/mountinfo");
    long swaps = 0;
    int started = 0;
    for (int i = 0; i < 40; ++i) {
        Box box;
        const fs::path shared = box.folder() / "shared";
        fs::create_directories(shared);
        const fs::path outside = lay_trap(box, shared);
        const fs::path planted = box.folder() / "planted";
        fs::create_directories(planted);
        volumes::ResolvedMount volume, below;
        volume.source = shared;
        volume.target = "/volume";
        below.source = planted;
        below.target = "/volume/a/deep/made";
        box.input.mounts = {volume, below};
        const Swapper swapper{shared / "a", shared / "b"};
        const Finished done = box.run("cat /volume/a/file /volume/b/file 2>/dev/null; echo end");
        started += done.outcome.failure ? 0 : 1;
        CHECK(done.out.find("of the host") == std::string::npos);
        CHECK(entries_below(outside) == 3);
        swaps += swapper.swaps();
    }
    CHECK(started > 0);
    CHECK(swaps > 0);
    CHECK(read_file("/proc/self/mountinfo") == before);
}

TEST_CASE("a working directory behind a link of the image is made inside", "[runtime][cwd][escape]") {
    Box box;
    const fs::path layer = box.folder() / "evil", outside = box.folder() / "outside";
    fs::create_directories(layer);
    fs::create_directories(outside);
    fs::create_symlink(outside, layer / "absolute");
    fs::create_symlink("../../../../../../../../.." + outside.string(), layer / "relative");
    box.input.layers.push_back(layer);
    for (const char* folder :
         {"/absolute/made", "/relative/made", "/absolute", "/relative/../../made", "/../../made"}) {
        box.input.spec.working_dir = folder;
        const Finished done = box.run("cat /etc/only-in-the-container; cd /; pwd");
        INFO(folder << " " << done.err);
        CHECK((done.outcome.failure || done.out == "yes\n/\n"));
        CHECK(fs::is_empty(outside));
    }
}

TEST_CASE("a process that comes in by exec shows nothing of the engine to those inside", "[runtime][exec][escape]") {
    // The window between setns(2) and execve(2), in which the one that enters still has our memory and descriptors.
    Box box;
    box.start(
        "echo ready; seen=; while ! test -e /stop; do for p in /proc/[0-9]*; do case $p in /proc/1|/proc/self) ;; *) "
        "readlink $p/exe $p/cwd $p/root $p/fd/* 2>/dev/null; dd if=$p/mem of=/dev/null bs=1 count=1 2>/dev/null "
        "< $p/mem && echo memory; esac; done >> /seen; done; sleep 1000");
    for (int i = 0; i < 100; ++i) {
        CHECK(box.exec("true").exit_code == 0);
    }
    const Finished seen = box.exec("touch /stop; busybox sort -u /seen");
    INFO(seen.out);
    for (const char* trace :
         {"/var/", "/work", "/usr/", "/build", "memfd", "stack", "socket:", "anon_inode", "net:["}) {
        CHECK(seen.out.find(trace) == std::string::npos);
    }
}

TEST_CASE("the engine cannot be traced or looked into from a container in the host's PID namespace",
          "[runtime][escape]") {
    const std::string host = std::to_string(::getpid());
    Box box;
    box.input.spec.pid = "host";
    const std::string of_host = "/proc/" + host;
    const Finished done = box.run(
        "readlink " + of_host + "/exe || echo hidden; readlink " + of_host + "/fd/0 || echo closed; cat " + of_host +
        "/environ >/dev/null 2>&1 || echo unread; head -c1 " + of_host + "/mem >/dev/null 2>&1 || echo no memory");
    CHECK(done.out == "hidden\nclosed\nunread\nno memory\n");
}

TEST_CASE("device nodes that a container makes cannot be opened", "[runtime][devices][escape]") {
    const Finished done = Box{}.run(
        "mknod /mem c 1 1; mknod /kmsg c 1 11; mknod /sda b 8 0; mknod /loop b 7 0; mknod /tun c 10 200; mknod /fuse c "
        "10 229; mknod /null c 1 3; for d in /mem /kmsg /sda /loop /tun /fuse; do (exec 3< $d) 2>&1 | grep -o "
        "'ermission denied\\|not permitted' ; (exec 3> $d) 2>&1 | grep -o 'ermission denied\\|not permitted'; done; "
        "echo > /null && echo null");
    INFO(done.out << done.err);
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 13);
    CHECK(done.out.find("null\n") != std::string::npos);
}
