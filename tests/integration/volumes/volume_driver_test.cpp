#include <catch2/catch.hpp>

#include "support/error.hpp"
#include "support/files.hpp"
#include "volumes/volume_store.hpp"

using namespace stack;
using namespace stack::volumes;

namespace {

struct World {
    TempDir dir{"/var/tmp", "stack-driver-"};
    Paths paths{dir.path() / "root", dir.path() / "run"};
    Database database{paths.database()};
    VolumeStore store{paths, database};

    Volume make(StringMap opts) {
        desired::VolumeSpec spec;
        spec.name = "vol";
        spec.driver_opts = std::move(opts);
        return store.ensure(spec);
    }
};

}  // namespace

TEST_CASE("a tmpfs volume is mounted once, is shared, and goes with the volume", "[volumes][driver]") {
    World world;
    const auto volume = world.make({{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m,mode=0750"}});
    const auto first = world.store.prepare(volume);
    write_file(first / "file", "x");
    CHECK(read_file(world.store.prepare(volume) / "file") == "x");
    CHECK_THROWS_AS(write_file(first / "big", std::string(2 << 20, 'x')), SysError);
    world.store.remove("vol", [](const std::string&) { return Strings{}; });
    CHECK_FALSE(std::filesystem::exists(first));
}

TEST_CASE("a bind volume gives the folder itself, which removal never touches", "[volumes][driver]") {
    World world;
    const auto folder = world.dir.path() / "mine";
    std::filesystem::create_directory(folder);
    write_file(folder / "file", "x");
    const auto volume = world.make({{"type", "none"}, {"o", "bind"}, {"device", folder}});
    CHECK(world.store.prepare(volume) == folder);
    world.store.remove("vol", [](const std::string&) { return Strings{}; });
    CHECK(read_file(folder / "file") == "x");
}

TEST_CASE("a driver option nobody knows and a device that is not there are errors", "[volumes][driver]") {
    World world;
    CHECK_THROWS_WITH(world.make({{"tpye", "tmpfs"}}), "the local driver does not know the option 'tpye'");
    CHECK_FALSE(world.store.find("vol"));  // nothing was made
    CHECK_THROWS_AS(world.store.prepare(world.make({{"type", "none"}, {"o", "bind"}, {"device", "/nonexistent"}})),
                    Error);
}

TEST_CASE("a file system that the kernel does not have is named in a sentence", "[volumes][driver]") {
    World world;
    const auto volume = world.make({{"type", "nosuchfs"}, {"device", "storage:/export"}});
    try {
        world.store.prepare(volume);
        FAIL("it was mounted");
    } catch (const Error& error) {
        CHECK(std::string{error.what()} == "cannot mount volume 'vol': this kernel has no file system 'nosuchfs'");
        CHECK(error.hint().find("modprobe nosuchfs") != std::string::npos);
    }
}
