#include "volumes/copy_up.hpp"

#include <cstring>
#include <thread>

#include <catch2/catch.hpp>
#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "volumes/resolve_mounts.hpp"

using namespace stack;
using namespace stack::volumes;
namespace fs = std::filesystem;

namespace {

/// Two layers below a volume: "low" has the content, "high" changes it as overlayfs would.
struct World {
    TempDir dir{"/var/tmp", "stack-copy-up-"};
    Paths paths{dir.path() / "root", dir.path() / "run"};
    fs::path low{dir.path() / "low"}, high{dir.path() / "high"};
    std::vector<fs::path> layers{low, high};
    Database database{paths.database()};
    VolumeStore store{paths, database};

    World() {
        fs::create_directories(low / "srv/data/sub");
        fs::create_directories(high / "srv/data");
        ::chown((high / "srv/data").c_str(), 33, 44);
        ::chmod((high / "srv/data").c_str(), 02750);
    }

    ResolvedMount mount(const std::string& target = "/srv/data") {
        desired::Mount wanted;
        wanted.source = "vol";
        wanted.target = target;
        const std::vector mounts{wanted};
        return resolve_mounts(store, {mounts, {}, {}, {}, 0, 0, {}}).at(0);
    }
};

/// What `setcap cap_net_raw=ep` writes.
vfs_cap_data net_raw() {
    vfs_cap_data out{};
    out.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE);
    out.data[0].permitted = htole32(1U << CAP_NET_RAW);
    return out;
}

struct stat status_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status;
}

}  // namespace

TEST_CASE("a fresh volume gets content, owner, mode, times, links and xattrs", "[volumes][copy_up]") {
    World world;
    write_file(world.low / "srv/data/file", "hello", 0640);
    ::chown((world.low / "srv/data/file").c_str(), 101, 102);
    ::chmod((world.low / "srv/data/file").c_str(), 04750);
    const timespec times[2]{{1000, 5}, {2000, 7}};
    ::utimensat(AT_FDCWD, (world.low / "srv/data/file").c_str(), times, 0);
    ::setxattr((world.low / "srv/data/file").c_str(), "user.note", "abc", 3, 0);
    ::setxattr((world.high / "srv/data").c_str(), "user.folder", "de", 2, 0);
    write_file(world.low / "srv/data/ping", "program", 0755);
    ::chown((world.low / "srv/data/ping").c_str(), 101, 102);  // before: chown(2) takes capabilities away
    const vfs_cap_data capability = net_raw();
    REQUIRE(::setxattr((world.low / "srv/data/ping").c_str(), "security.capability", &capability, XATTR_CAPS_SZ_2, 0) ==
            0);
    fs::create_hard_link(world.low / "srv/data/file", world.low / "srv/data/sub/twin");
    fs::create_symlink("../file", world.low / "srv/data/sub/link");
    REQUIRE(::mkfifo((world.low / "srv/data/pipe").c_str(), 0600) == 0);

    const auto mount = world.mount();
    copy_up(mount, world.layers);

    const auto file = status_of(mount.source / "file");
    CHECK(read_file(mount.source / "file") == "hello");
    CHECK(file.st_uid == 101);
    CHECK(file.st_gid == 102);
    CHECK((file.st_mode & 07777) == 04750);
    CHECK(file.st_mtim.tv_sec == 2000);
    CHECK(file.st_mtim.tv_nsec == 7);
    CHECK(status_of(mount.source / "sub/twin").st_ino == file.st_ino);
    CHECK(fs::read_symlink(mount.source / "sub/link") == "../file");
    CHECK(S_ISFIFO(status_of(mount.source / "pipe").st_mode));
    char value[8]{};
    CHECK(::getxattr((mount.source / "file").c_str(), "user.note", value, sizeof value) == 3);
    CHECK(::getxattr(mount.source.c_str(), "user.folder", value, sizeof value) == 2);
    vfs_cap_data copied{};
    REQUIRE(::getxattr((mount.source / "ping").c_str(), "security.capability", &copied, sizeof copied) ==
            XATTR_CAPS_SZ_2);
    CHECK(std::memcmp(&copied, &capability, XATTR_CAPS_SZ_2) == 0);
    CHECK(status_of(mount.source / "ping").st_uid == 101);
    const auto folder = status_of(mount.source);
    CHECK(folder.st_uid == 33);
    CHECK((folder.st_mode & 07777) == 02750);
    CHECK_FALSE(fs::exists(mount.source.parent_path() / "copying"));
    CHECK_FALSE(fs::exists(mount.source.parent_path() / "staging"));
}

TEST_CASE("what upper layers deleted or replaced does not come back", "[volumes][copy_up]") {
    World world;
    write_file(world.low / "srv/data/gone", "old");
    write_file(world.low / "srv/data/changed", "old");
    write_file(world.low / "srv/data/sub/hidden", "old");
    REQUIRE(::mknod((world.high / "srv/data/gone").c_str(), S_IFCHR, makedev(0, 0)) == 0);
    write_file(world.high / "srv/data/changed", "new");
    fs::create_directory(world.high / "srv/data/sub");
    REQUIRE(::setxattr((world.high / "srv/data/sub").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
    const auto mount = world.mount();
    copy_up(mount, world.layers);
    CHECK_FALSE(fs::exists(mount.source / "gone"));
    CHECK(read_file(mount.source / "changed") == "new");
    CHECK(fs::is_empty(mount.source / "sub"));
    CHECK(::getxattr((mount.source / "sub").c_str(), "trusted.overlay.opaque", nullptr, 0) < 0);
}

TEST_CASE("a link in the image's path is followed inside the image", "[volumes][copy_up]") {
    World world;
    write_file(world.low / "srv/data/file", "x");
    fs::create_symlink("/srv/data", world.low / "data");
    const auto mount = world.mount("/data");
    CHECK(copy_up(mount, world.layers).files == 1);
    CHECK(fs::exists(mount.source / "file"));
}

TEST_CASE("a volume with content is left alone", "[volumes][copy_up]") {
    World world;
    write_file(world.low / "srv/data/file", "x");
    const auto mount = world.mount();
    write_file(mount.source / "mine", "y");
    CHECK(copy_up(mount, world.layers).files == 0);
    CHECK_FALSE(fs::exists(mount.source / "file"));
}

TEST_CASE("two containers that start at once copy once", "[volumes][copy_up]") {
    World world;
    for (int i = 0; i < 200; ++i) {
        write_file(world.low / "srv/data/sub" / std::to_string(i), std::string(1000, 'x'));
    }
    const auto mount = world.mount();
    CopyUpResult a;
    CopyUpResult b;
    std::thread other{[&] { b = copy_up(mount, world.layers); }};
    a = copy_up(mount, world.layers);
    other.join();
    CHECK(a.files + b.files == 200);
}

TEST_CASE("a copy killed in the middle is finished by the next, and a neighbour's file stays", "[volumes][copy_up]") {
    World world;
    for (int i = 0; i < 500; ++i) {
        write_file(world.low / "srv/data/sub" / std::to_string(i), std::string(5000, 'x'));
    }
    const auto mount = world.mount();
    // The child is killed as soon as its first files are to be seen.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        copy_up(mount, world.layers);
        ::_exit(0);
    }
    std::error_code ignored;
    while (fs::is_empty(mount.source / "sub", ignored) || ignored) {
        if (::waitpid(child, nullptr, WNOHANG) == child) {
            break;
        }
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    write_file(mount.source / "sub/neighbour", "mine");

    copy_up(mount, world.layers);
    for (int i = 0; i < 500; ++i) {
        CHECK(fs::file_size(mount.source / "sub" / std::to_string(i)) == 5000);
    }
    CHECK(read_file(mount.source / "sub/neighbour") == "mine");
    CHECK((status_of(mount.source).st_mode & 07777) == 02750);
}

TEST_CASE("sparse files stay sparse", "[volumes][copy_up]") {
    World world;
    write_file(world.low / "srv/data/sparse", "head");
    REQUIRE(::truncate((world.low / "srv/data/sparse").c_str(), 64 << 20) == 0);
    const auto mount = world.mount();
    copy_up(mount, world.layers);
    const auto status = status_of(mount.source / "sparse");
    CHECK(status.st_size == 64 << 20);
    CHECK(status.st_blocks * 512 < 1 << 20);
    CHECK(read_file(mount.source / "sparse").substr(0, 4) == "head");
}
