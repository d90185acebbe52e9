#include "volumes/volume_store.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::volumes;

namespace {

struct World {
    TempDir dir{std::filesystem::temp_directory_path(), "stack-volumes-"};
    Paths paths{dir.path() / "root", dir.path() / "run"};
    Database database{paths.database()};
    VolumeStore store{paths, database};

    Volume make(const std::string& name, StringMap opts = {}) {
        desired::VolumeSpec spec;
        spec.name = name;
        spec.driver_opts = std::move(opts);
        return store.ensure(spec);
    }
};

Strings nobody(const std::string& /*volume*/) {
    return {};
}

}  // namespace

TEST_CASE("ensuring a volume twice makes it once and keeps its content", "[volumes][store]") {
    World world;
    const auto first = world.make("blog_db");
    write_file(first.mountpoint / "file", "content");
    const auto second = world.make("blog_db");
    CHECK(second.created == first.created);
    CHECK(read_file(second.mountpoint / "file") == "content");
    CHECK(world.store.list().size() == 1);
}

TEST_CASE("an external volume that is not there is an error at its place in the file", "[volumes][store]") {
    World world;
    desired::VolumeSpec spec;
    spec.name = "shared";
    spec.external = true;
    spec.pos = {"compose.yaml", 7, 3};
    try {
        world.store.ensure(spec);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == Errc::not_found);
        CHECK(error.pos() == spec.pos);
        CHECK(error.hint().find("stack volume create shared") != std::string::npos);
    }
}

TEST_CASE("an existing volume with other driver_opts is a conflict", "[volumes][store]") {
    World world;
    world.make("data");
    CHECK_THROWS_AS(world.make("data", {{"type", "tmpfs"}}), Error);
}

TEST_CASE("a volume in use is not removed and the error names its users", "[volumes][store]") {
    World world;
    const auto volume = world.make("data");
    const auto used = [](const std::string&) { return Strings{"blog-db-1", "other"}; };
    try {
        world.store.remove("data", used);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == "volume 'data' is in use by blog-db-1, other");
    }
    CHECK(std::filesystem::exists(volume.mountpoint));
    world.store.remove("data", nobody);
    CHECK_FALSE(world.store.find("data"));
    CHECK(std::filesystem::is_empty(world.paths.volumes()));
}

TEST_CASE("removing an unknown volume names a near one, and is fine with force", "[volumes][store]") {
    World world;
    world.make("blog_db_data");
    try {
        world.store.remove("blog_db_dta", nobody);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.hint() == "did you mean 'blog_db_data'?");
    }
    CHECK_NOTHROW(world.store.remove("blog_db_dta", nobody, true));
}

TEST_CASE("prune takes anonymous volumes only, unless told all", "[volumes][store]") {
    World world;
    world.make("named");
    const auto anonymous = world.store.create_anonymous();
    CHECK(anonymous.name.size() == 64);
    REQUIRE(world.store.prune(nobody, [](const Volume& it) { return it.anonymous; }).volumes.size() == 1);
    CHECK(world.store.find("named"));
    CHECK(world.store.prune(nobody, [](const Volume&) { return true; }).volumes.size() == 1);
    CHECK(world.store.list().empty());
}

TEST_CASE("a folder that a kill left without a row is swept by the next volume", "[volumes][store]") {
    World world;
    std::filesystem::create_directories(world.paths.volumes() / "ghost" / "_data" / "deep");
    std::filesystem::create_directories(world.paths.volumes() / ".0123456789abcdef" / "_data");
    world.make("data");
    CHECK(std::distance(std::filesystem::directory_iterator{world.paths.volumes()}, {}) == 1);
}

TEST_CASE("a row whose folder is missing gets it back", "[volumes][store]") {
    World world;
    const auto volume = world.make("data");
    std::filesystem::remove_all(volume.mountpoint.parent_path());
    CHECK(std::filesystem::exists(world.make("data").mountpoint));
}

TEST_CASE("names that could lead out of the volumes' folder are refused", "[volumes][store]") {
    for (const auto* name : {"", "..", ".hidden", "a/b", "-x", "a b"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(check_volume_name(name), Error);
    }
    CHECK_NOTHROW(check_volume_name("blog_db-data.1"));
}

TEST_CASE("the size counts blocks, and hard links once", "[volumes][store]") {
    World world;
    const auto volume = world.make("data");
    CHECK(world.store.size_on_disk(volume) == 0);
    write_file(volume.mountpoint / "a", std::string(100'000, 'x'));
    const auto once = world.store.size_on_disk(volume);
    std::filesystem::create_hard_link(volume.mountpoint / "a", volume.mountpoint / "b");
    CHECK(once >= 100'000);
    CHECK(world.store.size_on_disk(volume) == once);
}
