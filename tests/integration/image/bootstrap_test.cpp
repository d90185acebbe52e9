#include "image/bootstrap.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "harness/image_fixture.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::image;

TEST_CASE("busybox becomes an image with a link for each applet", "[image][bootstrap]") {
    testing::ImageRoot root;
    const std::string id = bootstrap_image(root.store, "busybox");

    const Image image = root.store.get("busybox");
    CHECK(image.id == id);
    CHECK(image.references == std::vector{parse_reference("busybox:latest")});
    CHECK(image.config.cmd == std::vector<std::string>{"sh"});
    CHECK(image.config.os == "linux");
    const auto layers = root.store.layer_dirs(image);
    REQUIRE(layers.size() == 1);
    struct stat busybox {
    }, shell{};
    REQUIRE(::stat((layers[0] / "bin/busybox").c_str(), &busybox) == 0);
    REQUIRE(::stat((layers[0] / "bin/sh").c_str(), &shell) == 0);
    CHECK(busybox.st_ino == shell.st_ino);
    CHECK(busybox.st_nlink > 100);
}

TEST_CASE("the same busybox gives the same layer", "[image][bootstrap]") {
    testing::ImageRoot first;
    testing::ImageRoot second;
    bootstrap_image(first.store, "busybox");
    bootstrap_image(second.store, "busybox:other");
    CHECK(first.store.get("busybox").chain_ids == second.store.get("busybox:other").chain_ids);
}

TEST_CASE("a name that nobody can make here is refused with the ones that can", "[image][bootstrap]") {
    testing::ImageRoot root;
    CHECK_THROWS_WITH(bootstrap_image(root.store, "nginx"), Catch::Contains("'nginx' cannot be made"));
    CHECK_THROWS_WITH(bootstrap_image(root.store, "debian:no-such-suite"), Catch::Contains("no suite 'no-such-suite'"));
    CHECK(root.store.list().empty());
}
