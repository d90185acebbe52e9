// `config` pins image names to the digests that they stand for.
#include <catch2/catch.hpp>

#include "harness/registry.hpp"
#include "harness/sandbox.hpp"

using namespace stack::testing;

namespace {

std::string file_with(const std::string& image) {
    return "services:\n  web:\n    image: " + image + "\n    tty: true\n";
}

}  // namespace

TEST_CASE("config pins an image by its registry, and by what is here when the registry is gone", "[config]") {
    const Sandbox box{"pin"};
    box.need_busybox();
    std::string name;
    std::string pinned;
    {
        const Registry registry{box.dir()};
        name = registry.address() + "/team/web:1";
        REQUIRE(box.docker({"tag", "busybox", name}).exit_code == 0);
        REQUIRE(box.docker({"push", "-q", name}).exit_code == 0);
        REQUIRE(box.docker({"rmi", name}).exit_code == 0);
        box.write("compose.yaml", file_with(name));
        const Result remote = box.stack({"config", "--resolve-image-digests"});
        INFO(remote.all());
        REQUIRE(remote.exit_code == 0);
        const auto at = remote.out.find(name + "@sha256:");
        REQUIRE(at != std::string::npos);
        pinned = remote.out.substr(at, name.size() + 8 + 64);
        CHECK(remote.out.find("tty: true") != std::string::npos);
        REQUIRE(box.docker({"pull", "-q", name}).exit_code == 0);
    }
    const Result locked = box.stack({"config", "--lock-image-digests"});
    INFO(locked.all());
    CHECK(locked.out == "services:\n  web:\n    image: \"" + pinned + "\"\n");
    box.write("compose.yaml", file_with(pinned));
    CHECK(box.stack({"config", "--lock-image-digests"}).out == locked.out);
}

TEST_CASE("config names the service whose registry cannot be reached", "[config]") {
    const Sandbox box{"pin"};
    box.write("compose.yaml", file_with("127.0.0.1:1/team/web:1"));
    const Result result = box.stack({"config", "--resolve-image-digests"});
    INFO(result.all());
    CHECK(result.exit_code != 0);
    CHECK(result.err.find("127.0.0.1:1") != std::string::npos);
    CHECK(result.err.find("compose.yaml:3:12") != std::string::npos);
    CHECK(result.err.find("service 'web'") != std::string::npos);
}
