#include "volumes/resolve_mounts.hpp"

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::volumes;
using desired::Mount;

namespace {

struct World {
    TempDir dir{std::filesystem::temp_directory_path(), "stack-resolve-"};
    Paths paths{dir.path() / "root", dir.path() / "run"};
    Database database{paths.database()};
    VolumeStore store{paths, database};
    std::vector<Mount> mounts;

    Mount& add(Mount::Type type, const std::string& source, const std::string& target) {
        Mount mount;
        mount.type = type;
        mount.source = source;
        mount.target = target;
        return mounts.emplace_back(mount);
    }
    MountRequest request() const { return {mounts, {}, {}, {}, 0, 0, {}}; }
};

}  // namespace

TEST_CASE("mounts come parents first, whatever the order in the file", "[volumes][resolve]") {
    World world;
    world.add(Mount::Type::tmpfs, "", "/var/lib/app/cache");
    world.add(Mount::Type::volume, "data", "/var/lib");
    const auto resolved = resolve_mounts(world.store, world.request());
    REQUIRE(resolved.size() == 2);
    CHECK(resolved[0].target == "/var/lib");
    CHECK(resolved[0].source == world.paths.volumes() / "data" / "_data");
    CHECK(resolved[0].wants_copy_up);
    CHECK(resolved[1].type == ResolvedMount::Type::tmpfs);
}

TEST_CASE("a VOLUME of the image gets an anonymous volume unless something is mounted there", "[volumes][resolve]") {
    World world;
    world.add(Mount::Type::volume, "data", "/var/lib/mysql/");
    auto request = world.request();
    request.image_volumes = {"/var/lib/mysql", "/logs"};
    const auto resolved = resolve_mounts(world.store, request);
    REQUIRE(resolved.size() == 2);
    const auto& logs = resolved[0].target == "/logs" ? resolved[0] : resolved[1];
    CHECK(logs.anonymous);
    CHECK(logs.volume.size() == 64);
}

TEST_CASE("a recreated container keeps the anonymous volumes of the one before", "[volumes][resolve]") {
    World world;
    auto request = world.request();
    request.image_volumes = {"/logs"};
    const auto first = resolve_mounts(world.store, request);
    request.previous_anonymous = {{"/logs", first.at(0).volume}};
    CHECK(resolve_mounts(world.store, request).at(0).volume == first.at(0).volume);
    request.previous_anonymous = {};
    CHECK(resolve_mounts(world.store, request).at(0).volume != first.at(0).volume);
}

TEST_CASE("a missing bind source is an error at its line, or made when asked", "[volumes][resolve]") {
    World world;
    const auto source = world.dir.path() / "code";
    auto& mount = world.add(Mount::Type::bind, source, "/app");
    mount.pos = {"compose.yaml", 4, 9};
    try {
        resolve_mounts(world.store, world.request());
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == Errc::not_found);
        CHECK(error.pos() == mount.pos);
        CHECK_FALSE(error.hint().empty());
    }
    mount.create_host_path = true;
    const auto resolved = resolve_mounts(world.store, world.request());
    CHECK(std::filesystem::is_directory(source));
    CHECK_FALSE(resolved.at(0).wants_copy_up);
    CHECK(resolved.at(0).propagation_flags == (MS_PRIVATE | MS_REC));
}

TEST_CASE("a bound file is told from a folder", "[volumes][resolve]") {
    World world;
    write_file(world.dir.path() / "conf", "x");
    world.add(Mount::Type::bind, world.dir.path() / "conf", "/etc/conf");
    CHECK_FALSE(resolve_mounts(world.store, world.request()).at(0).source_is_directory);
}

TEST_CASE("the same target twice and the root as target are refused", "[volumes][resolve]") {
    World world;
    world.add(Mount::Type::tmpfs, "", "/tmp");
    world.add(Mount::Type::volume, "a", "/tmp/");
    CHECK_THROWS_AS(resolve_mounts(world.store, world.request()), Error);
    world.mounts.clear();
    world.add(Mount::Type::volume, "a", "/x/..");
    CHECK_THROWS_AS(resolve_mounts(world.store, world.request()), Error);
}

TEST_CASE("tmpfs options are Docker's defaults unless taken back", "[volumes][resolve]") {
    World world;
    auto& mount = world.add(Mount::Type::tmpfs, "", "/run");
    mount.tmpfs_size = 65536;
    mount.tmpfs_mode = 01777;
    mount.tmpfs_options = {"exec", "uid=100"};
    const auto resolved = resolve_mounts(world.store, world.request()).at(0);
    CHECK(resolved.tmpfs_data == "size=65536,mode=1777,uid=100");
    CHECK(resolved.tmpfs_flags == (MS_NOSUID | MS_NODEV));
}

TEST_CASE("inherited mounts yield to the service's own and win over the image's", "[volumes][resolve]") {
    World world;
    world.add(Mount::Type::tmpfs, "", "/a");
    Mount a;
    a.source = "one";
    a.target = "/a";
    Mount b;
    b.source = "two";
    b.target = "/b";
    b.read_only = true;
    b.nocopy = true;
    auto request = world.request();
    request.inherited = {a, b};
    request.image_volumes = {"/b"};
    const auto resolved = resolve_mounts(world.store, request);
    REQUIRE(resolved.size() == 2);
    CHECK(resolved[0].type == ResolvedMount::Type::tmpfs);
    CHECK(resolved[1].volume == "two");
    CHECK(resolved[1].read_only);
    CHECK(!resolved[1].wants_copy_up);
}
