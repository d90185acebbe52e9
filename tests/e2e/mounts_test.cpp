// What a service says under `volumes:`, seen from inside.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/sandbox.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack::testing;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void up(const Sandbox& box, const std::string& compose) {
    box.write("compose.yaml", compose);
    const Result result = box.stack({"up", "-d"});
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
}

std::string inside(const Sandbox& box, const std::string& service, const std::string& script) {
    const Result result = box.stack({"exec", "-T", service, "sh", "-c", script});
    return std::string{stack::trim(result.all())};
}

std::vector<std::string> volumes_of(const Sandbox& box) {
    std::vector<std::string> names;
    const std::string out = box.stack({"volume", "ls", "-q"}).out;
    for (const auto name : stack::split(stack::trim(out), '\n')) {
        names.emplace_back(name);
    }
    return names;
}

}  // namespace

TEST_CASE("a subpath of a volume is mounted, a missing one is an error that names it", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    REQUIRE(box.stack({"volume", "create", "shared"}).exit_code == 0);
    const fs::path data = box.paths().volumes() / "shared/_data";
    fs::create_directories(data / "logs");
    stack::write_file(data / "logs/line", "one\n");
    stack::write_file(data / "secret", "no\n");
    fs::create_symlink("/etc", data / "trap");
    const auto compose = [](const std::string& subpath) {
        return fmt::format(R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes:
      - {{type: volume, source: shared, target: /logs, volume: {{subpath: {}}}}}
volumes: {{shared: {{external: true}}}}
)",
                           subpath);
    };
    up(box, compose("logs"));
    CHECK(inside(box, "a", "ls /logs; cat /logs/line") == "line\none");
    box.stack({"down", "-t", "0"});
    box.write("compose.yaml", compose("nothing"));
    const Result missing = box.stack({"up", "-d"});
    CHECK(missing.exit_code != 0);
    CHECK(has(missing.err, "volume 'shared' has no 'nothing' (subpath)"));
    for (const char* outside : {"/logs", "..", "../../etc", "logs/../.."}) {
        CAPTURE(outside);
        box.write("compose.yaml", compose(outside));
        const Result refused = box.stack({"up", "-d"});
        CHECK(refused.exit_code != 0);
        CHECK(has(refused.err, fmt::format("the subpath '{}' of the mount at '/logs' does not stay inside", outside)));
    }
    box.write("compose.yaml", compose("./logs/../logs/"));
    CHECK(box.stack({"up", "-d"}).exit_code == 0);
    box.stack({"down", "-t", "0"});
    // A link that a container left there does not lead out of the volume.
    box.write("compose.yaml", compose("trap"));
    const Result trap = box.stack({"up", "-d"});
    CHECK(trap.exit_code != 0);
    CHECK(fs::exists(data / "trap"));
}

TEST_CASE("an image can be mounted, read-only, and a part of it", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    up(box, R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes:
      - {type: image, source: busybox, target: /tools}
      - {type: image, source: busybox, target: /only, image: {subpath: bin}}
)");
    CHECK(inside(box, "a", "/tools/bin/busybox echo runs") == "runs");
    CHECK(inside(box, "a", "ls /only/busybox") == "/only/busybox");
    CHECK(has(inside(box, "a", "touch /tools/x"), "Read-only file system"));
}

TEST_CASE("volumes_from gives the mounts of another service, read-only where that is said", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    fs::create_directories(box.project_dir() / "code");
    stack::write_file(box.project_dir() / "code/file", "bound\n");
    up(box, R"(
services:
  a:
    image: busybox
    command: sh -c "echo kept >/data/file; sleep 3600"
    volumes: ["data:/data", "./code:/code"]
  b:
    image: busybox
    command: sleep 3600
    volumes_from: ["a:ro"]
  c:
    image: busybox
    command: sleep 3600
    volumes_from: [a]
    volumes: ["other:/data"]
volumes: {data: {}, other: {}}
)");
    CHECK(inside(box, "b", "until cat /data/file 2>/dev/null; do sleep 0.1; done; cat /code/file") == "kept\nbound");
    CHECK(has(inside(box, "b", "touch /data/x"), "Read-only file system"));
    CHECK(inside(box, "c", "ls /data; cat /code/file; touch /code/mine && echo written") == "bound\nwritten");
}

TEST_CASE("volumes_from gives mounts of images and parts of volumes as they are, also from one to the next",
          "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    up(box, R"(
services:
  fill:
    image: busybox
    command: sh -c "mkdir -p /all/part && echo inner >/all/part/file && touch /all/outer /all/ready && sleep 3600"
    volumes: ["data:/all"]
    healthcheck: {test: "test -e /all/ready", interval: 100ms}
  a:
    image: busybox
    command: sleep 3600
    depends_on: {fill: {condition: service_healthy}}
    volumes:
      - {type: volume, source: data, target: /part/, volume: {subpath: part}}
      - {type: image, source: busybox, target: /tools}
      - {type: image, source: busybox, target: /only, image: {subpath: bin}}
      - /nameless
  b:
    image: busybox
    command: sleep 3600
    volumes_from: [a]
  c:
    image: busybox
    command: sleep 3600
    volumes_from: ["b:ro"]
volumes: {data: {}}
)");
    for (const char* service : {"b", "c"}) {
        INFO(service);
        CHECK(inside(box, service, "ls /part; cat /part/file") == "file\ninner");
        CHECK(inside(box, service, "/tools/bin/busybox echo runs; ls /only/busybox") == "runs\n/only/busybox");
    }
    inside(box, "a", "touch /nameless/from-a");
    CHECK(inside(box, "b", "ls /nameless && touch /part/by-b && echo written") == "from-a\nwritten");
    CHECK(has(inside(box, "c", "touch /part/by-c"), "Read-only file system"));
    CHECK(has(inside(box, "c", "touch /nameless/by-c"), "Read-only file system"));
}

TEST_CASE("a fresh volume gets the image's content unless nocopy is said", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    up(box, R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes:
      - copied:/bin/extra
      - {type: volume, source: filled, target: /etc}
      - {type: volume, source: bare, target: /var, volume: {nocopy: true}}
volumes: {copied: {}, filled: {}, bare: {}}
)");
    const auto entries = [&](const char* volume) {
        const fs::path data = box.paths().volumes() / fmt::format("mounts_{}", volume) / "_data";
        return std::distance(fs::directory_iterator{data}, fs::directory_iterator{});
    };
    CHECK(entries("filled") > 0);
    CHECK(entries("bare") == 0);
}

TEST_CASE("x-idmap gives what the container's user writes to the owner of the folder", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    const fs::path code = box.project_dir() / "code";
    fs::create_directories(code);
    REQUIRE(::chown(code.c_str(), 4242, 4343) == 0);
    up(box, R"(
services:
  root:
    image: busybox
    command: sleep 3600
    volumes:
      - {type: bind, source: ./code, target: /code, x-idmap: owner}
  user:
    image: busybox
    user: "1000:1001"
    command: sleep 3600
    volumes:
      - {type: bind, source: ./code, target: /code, x-idmap: owner}
)");
    for (const char* service : {"root", "user"}) {
        CAPTURE(service);
        CHECK(inside(box, service, fmt::format("touch /code/{} && echo written", service)) == "written");
        struct stat status {};
        REQUIRE(::stat((code / service).c_str(), &status) == 0);
        CHECK(status.st_uid == 4242);
        CHECK(status.st_gid == 4343);
    }
    CHECK(inside(box, "user", "stat -c '%u %g' /code /code/root") == "1000 1001\n1000 1001");
}

TEST_CASE("a volume, a folder or a tmpfs at /etc does not hide hosts, hostname and resolv.conf", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    fs::create_directories(box.project_dir() / "etc");
    box.write("hosts", "10.0.0.1 of-the-user\n");
    up(box, R"(
services:
  volume: {image: busybox, command: sleep 3600, volumes: ["etc:/etc"]}
  folder: {image: busybox, command: sleep 3600, volumes: ["./etc:/etc/"]}
  tmpfs: {image: busybox, command: sleep 3600, tmpfs: /etc}
  mixed:
    image: busybox
    command: sleep 3600
    hostname: mixed-host
    volumes: ["./hosts:/etc/hosts:ro", "etc:/etc"]
volumes: {etc: {}}
)");
    for (const char* service : {"volume", "folder", "tmpfs"}) {
        CAPTURE(service);
        CHECK(has(inside(box, service, "cat /etc/hosts"), "localhost"));
        CHECK(has(inside(box, service, "cat /etc/resolv.conf"), "nameserver 127.0.0.11"));
        CHECK(has(inside(box, service, "ping -c 1 -W 60 mixed"), "1 packets received"));
    }
    CHECK(inside(box, "mixed", "cat /etc/hostname") == "mixed-host");
    CHECK(inside(box, "mixed", "cat /etc/hosts") == "10.0.0.1 of-the-user");  // the deeper one, whatever the order
}

TEST_CASE("driver local mounts what its options say: tmpfs, a folder, and an error for what cannot be", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    const fs::path folder = box.project_dir() / "real";
    fs::create_directories(folder);
    stack::write_file(folder / "file", "there\n");
    up(box, fmt::format(R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes: ["mem:/mem", "bound:/bound"]
volumes:
  mem: {{driver: local, driver_opts: {{type: tmpfs, device: tmpfs, o: "size=1m,noexec"}}}}
  bound: {{driver: local, driver_opts: {{type: none, o: bind, device: {}}}}}
)",
                        folder.string()));
    CHECK(has(inside(box, "a", "grep ' /mem ' /proc/mounts"), "size=1024k"));
    CHECK(inside(box, "a", "cat /bound/file; echo more >/bound/new") == "there");
    CHECK(stack::read_file(folder / "new") == "more\n");
    REQUIRE(box.stack({"down", "-v", "-t", "0"}).exit_code == 0);
    CHECK(stack::read_file(folder / "file") == "there\n");
    CHECK_FALSE(has(stack::read_file("/proc/mounts"), box.paths().volumes().string()));

    box.write("compose.yaml", R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes: ["far:/far"]
volumes:
  far: {driver: local, driver_opts: {type: nfs, device: ":/export", o: "addr=no-such-host.invalid,ro"}}
)");
    const Result far = box.stack({"up", "-d"});
    CHECK(far.exit_code != 0);
    CHECK(has(far.err, "no-such-host.invalid"));
    box.stack({"down", "-v", "-t", "0"});
}

TEST_CASE("down -v and rm -v remove exactly what they say", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    fs::create_directories(box.project_dir() / "code");
    stack::write_file(box.project_dir() / "code/file", "x");
    REQUIRE(box.stack({"volume", "create", "outside"}).exit_code == 0);
    up(box, R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes: ["data:/data", "outside:/outside", "/anonymous", "./code:/code"]
volumes: {data: {}, outside: {external: true}}
)");
    CHECK(volumes_of(box).size() == 3);
    REQUIRE(box.stack({"down", "-t", "0"}).exit_code == 0);
    CHECK(has(box.stack({"volume", "ls", "-q"}).out, "mounts_data\n"));
    up(box, stack::read_file(box.project_dir() / "compose.yaml"));
    REQUIRE(box.stack({"down", "-v", "-t", "0"}).exit_code == 0);
    CHECK_FALSE(has(box.stack({"volume", "ls", "-q"}).out, "mounts_data"));
    CHECK(has(box.stack({"volume", "ls", "-q"}).out, "outside\n"));
    CHECK(stack::read_file(box.project_dir() / "code/file") == "x");
    box.stack({"volume", "prune", "-f"});
    CHECK(volumes_of(box) == std::vector<std::string>{"outside"});

    REQUIRE(
        box.docker({"create", "--name", "one", "-v", "named:/named", "-v", "/nameless", "busybox", "true"}).exit_code ==
        0);
    CHECK(volumes_of(box).size() == 3);
    REQUIRE(box.docker({"rm", "-v", "one"}).exit_code == 0);
    CHECK(volumes_of(box) == std::vector<std::string>{"named", "outside"});
}

namespace {

/// A tmpfs on a folder of the project, gone with it, whose changes go to others as `propagation` says.
class HostMount {
public:
    HostMount(fs::path folder, unsigned long propagation) : folder_{std::move(folder)} {
        fs::create_directories(folder_);
        REQUIRE(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, nullptr) == 0);
        REQUIRE(::mount(nullptr, folder_.c_str(), nullptr, propagation, nullptr) == 0);
    }
    HostMount(const HostMount&) = delete;
    HostMount& operator=(const HostMount&) = delete;
    ~HostMount() {
        for (int layer = 0; layer < 4; ++layer) {
            for (const char* below : {"early", "late", "inner"}) {
                ::umount2((folder_ / below).c_str(), MNT_DETACH);
            }
        }
        ::umount2(folder_.c_str(), MNT_DETACH);
    }

private:
    fs::path folder_;
};

}  // namespace

TEST_CASE("a read-only bind is read-only in what is mounted below it, unless that is said", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    const HostMount tree{box.project_dir() / "tree", MS_PRIVATE};
    const HostMount below{box.project_dir() / "tree/early", MS_PRIVATE};
    stack::write_file(box.project_dir() / "tree/early/file", "there\n");
    up(box, R"(
services:
  a:
    image: busybox
    command: sleep 3600
    volumes:
      - ./tree:/short:ro
      - {type: bind, source: ./tree, target: /long, read_only: true}
      - {type: bind, source: ./tree, target: /must, read_only: true, bind: {recursive: readonly}}
      - {type: bind, source: ./tree, target: /upper, read_only: true, bind: {recursive: writable}}
      - {type: bind, source: ./tree, target: /flat, bind: {recursive: disabled}}
)");
    for (const char* place : {"/short", "/long", "/must"}) {
        CAPTURE(place);
        CHECK(inside(box, "a", fmt::format("cat {}/early/file", place)) == "there");
        CHECK(has(inside(box, "a", fmt::format("touch {}/no", place)), "Read-only file system"));
        CHECK(has(inside(box, "a", fmt::format("touch {}/early/no", place)), "Read-only file system"));
    }
    CHECK(has(inside(box, "a", "touch /upper/no"), "Read-only file system"));
    CHECK(inside(box, "a", "touch /upper/early/yes").empty());
    CHECK(fs::exists(box.project_dir() / "tree/early/yes"));
    CHECK(inside(box, "a", "ls /flat/early; touch /flat/yes").empty());
    box.stack({"down", "-t", "0"});
}

TEST_CASE("mounts that come later pass in and out as the propagation of a bind says", "[mounts]") {
    const Sandbox box{"mounts"};
    box.need_busybox();
    const fs::path shared = box.project_dir() / "shared";
    const HostMount tree{shared, MS_SHARED};
    for (const char* folder : {"early", "late", "inner"}) {
        fs::create_directories(shared / folder);
    }
    REQUIRE(::mount("tmpfs", (shared / "early").c_str(), "tmpfs", 0, nullptr) == 0);
    stack::write_file(shared / "early/file", "early\n");
    std::string compose =
        "services:\n  a:\n    image: busybox\n    command: sleep 3600\n    privileged: true\n    volumes:\n";
    const std::vector<std::string> all{"private", "rprivate", "slave", "rslave", "shared", "rshared"};
    for (const std::string& propagation : all) {
        compose += fmt::format("      - {{type: bind, source: ./shared, target: /{0}, bind: {{propagation: {0}}}}}\n",
                               propagation);
    }
    compose += "      - ./shared:/unsaid\n      - ./shared:/short:rslave\n";
    up(box, compose);
    REQUIRE(::mount("tmpfs", (shared / "late").c_str(), "tmpfs", 0, nullptr) == 0);
    stack::write_file(shared / "late/file", "late\n");
    const auto late = [&](const std::string& place) {
        return inside(box, "a", fmt::format("cat /{}/late/file 2>/dev/null", place));
    };
    CHECK(late("unsaid").empty());
    CHECK(late("private").empty());
    CHECK(late("rprivate").empty());
    CHECK(late("slave") == "late");
    CHECK(late("rslave") == "late");
    CHECK(late("short") == "late");
    CHECK(late("shared") == "late");
    CHECK(late("rshared") == "late");
    for (const std::string& place : all) {
        CAPTURE(place);
        CHECK(inside(box, "a", fmt::format("cat /{}/early/file", place)) == "early");
    }
    // From inside out: only where both are peers.
    CHECK(inside(box, "a", "mount -t tmpfs tmpfs /rslave/inner && echo in >/rslave/inner/file").empty());
    CHECK_FALSE(fs::exists(shared / "inner/file"));
    CHECK(inside(box, "a", "mount -t tmpfs tmpfs /rshared/inner && echo out >/rshared/inner/file").empty());
    CHECK(stack::find_file(shared / "inner/file") == "out\n");
    CHECK(inside(box, "a", "umount /rshared/inner").empty());
    CHECK_FALSE(fs::exists(shared / "inner/file"));
    box.stack({"down", "-t", "0"});
}
