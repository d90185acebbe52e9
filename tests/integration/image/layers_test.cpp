#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "harness/image_fixture.hpp"
#include "image/state.hpp"
#include "image/store.hpp"
#include "image/tar/split.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::image;

namespace {

// A folder as overlay leaves it after a build step.
void fill(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder / "etc/opaque");
    write_file(folder / "etc/hello", "hello\n");
    std::filesystem::create_hard_link(folder / "etc/hello", folder / "etc/again");
    std::filesystem::create_symlink("../hello", folder / "etc/opaque/link");
    REQUIRE(::mknod((folder / "etc/gone").c_str(), S_IFCHR, makedev(0, 0)) == 0);
    REQUIRE(::setxattr((folder / "etc/opaque").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
    REQUIRE(::setxattr((folder / "etc/hello").c_str(), "user.colour", "blue", 4, 0) == 0);
}

std::string add_layer(ImageStore& store, const std::string& parent, const std::string& pin = "") {
    const TempDir stage = store.begin_layer();
    std::filesystem::create_directory(stage.path() / "upper");
    fill(stage.path() / "upper");
    return store.add_layer_from_dir(parent, stage.path() / "upper", pin).chain_id;
}

ImageConfig config_of(const ImageStore& store, const std::vector<std::string>& chains) {
    ImageConfig config;
    config.os = "linux";
    config.architecture = "amd64";
    for (const auto& chain : chains) {
        config.diff_ids.push_back(store.find_layer(chain)->diff_id);
    }
    return config;
}

}  // namespace

TEST_CASE("a build step's upperdir becomes a layer by rename, and its tar comes back with the same digest",
          "[image][layers]") {
    testing::ImageRoot root;
    const auto held = root.store.hold();
    const std::string chain = add_layer(root.store, "");
    const auto layer = root.store.find_layer(chain);
    REQUIRE(layer);
    CHECK(layer->size == Bytes{6});
    CHECK(std::filesystem::exists(root.store.layer_dir(chain) / "etc/hello"));

    Sha256 sha;
    tar::join_split(root.store.state().split(layer->diff_id), root.store.layer_dir(chain),
                    [&](std::string_view bytes) { sha.update(bytes); });
    CHECK("sha256:" + sha.finish_hex() == layer->diff_id);
}

TEST_CASE("a layer that changed on disk is not given out as the old one", "[image][layers]") {
    testing::ImageRoot root;
    const auto held = root.store.hold();
    const std::string chain = add_layer(root.store, "");
    write_file(root.store.layer_dir(chain) / "etc/hello", "something longer\n");
    CHECK_THROWS_WITH(tar::join_split(root.store.state().split(root.store.find_layer(chain)->diff_id),
                                      root.store.layer_dir(chain), [](std::string_view) {}),
                      Catch::Contains("was changed"));
}

TEST_CASE("layers live as long as an image or a pin needs them", "[image][layers]") {
    testing::ImageRoot root;
    std::string low;
    std::string high;
    {
        const auto held = root.store.hold();
        low = add_layer(root.store, "");
        high = add_layer(root.store, low, "buildcache:1");
        root.store.put_image(config_of(root.store, {low}), parse_reference("low"));
        CHECK_FALSE(root.store.collect_garbage().has_value());
    }
    CHECK(root.store.collect_garbage().has_value());
    const Removal removal = root.store.remove("low");
    CHECK(removal.untagged == std::vector<std::string>{"low:latest"});
    CHECK(removal.deleted.size() == 1);
    CHECK(root.store.find_layer(low));
    CHECK(std::filesystem::exists(root.store.layer_dir(high)));

    root.store.unpin_layers("buildcache:1");
    CHECK(root.store.collect_garbage().value().count > 0);
    CHECK_FALSE(root.store.find_layer(high));
    CHECK(std::filesystem::is_empty(root.paths.layers()));
    CHECK(std::filesystem::is_empty(root.paths.blobs()));
    CHECK(std::filesystem::is_empty(root.paths.temporary()));
}

TEST_CASE("an image is found by name, id and unique prefix", "[image][store]") {
    testing::ImageRoot root;
    const auto held = root.store.hold();
    const std::string layer = add_layer(root.store, "");
    const std::string id = root.store.put_image(config_of(root.store, {layer}), parse_reference("app:1"));
    CHECK(root.store.get("app:1").id == id);
    CHECK(root.store.get("docker.io/library/app:1").id == id);
    CHECK(root.store.get(id).id == id);
    CHECK(root.store.get(id.substr(7)).id == id);
    CHECK(root.store.get(id.substr(7, 4)).id == id);
    CHECK_FALSE(root.store.find("app"));
    CHECK_THROWS_WITH(root.store.get("app"), "no such image 'app'");

    CHECK(root.store.tag(id, parse_reference("app")));
    CHECK_FALSE(root.store.tag(id, parse_reference("app")));
    CHECK(root.store.get("app").id == id);
    CHECK(root.store.list().size() == 1);
}

TEST_CASE("an image in use is not removed", "[image][store]") {
    testing::ImageRoot root;
    const std::string layer = add_layer(root.store, "", "test");
    const std::string id = root.store.put_image(config_of(root.store, {layer}), parse_reference("app:1"));
    RemoveOptions options;
    options.users = [](const std::string&) { return std::vector<ImageUser>{{"blog-web-1", true}}; };
    CHECK_THROWS_WITH(root.store.remove("app:1", options),
                      "cannot remove image 'app:1': running container 'blog-web-1' uses it");
    options.users = [](const std::string&) { return std::vector<ImageUser>{{"blog-web-1", false}}; };
    CHECK_THROWS_WITH(root.store.remove("app:1", options),
                      "cannot remove image 'app:1': stopped container 'blog-web-1' uses it");
    options.force = true;
    const Removal removal = root.store.remove("app:1", options);
    CHECK(removal.deleted.empty());
    CHECK(root.store.get(id).references.empty());

    // A name can be taken from what runs, the image cannot.
    root.store.tag(id, parse_reference("app:1"));
    options.users = [](const std::string&) { return std::vector<ImageUser>{{"blog-web-1", true}}; };
    CHECK_THROWS_WITH(root.store.remove(id, options),
                      "cannot remove image 'app:1': running container 'blog-web-1' uses it");
    CHECK(root.store.remove("app:1", options).untagged == std::vector<std::string>{"app:1"});
    CHECK(root.store.get(id).references.empty());
}

TEST_CASE("an id with names in several repositories is removed by force only", "[image][store]") {
    testing::ImageRoot root;
    const std::string layer = add_layer(root.store, "", "test");
    const std::string id = root.store.put_image(config_of(root.store, {layer}), parse_reference("app:1"));
    root.store.tag(id, parse_reference("other:1"));
    CHECK_THROWS_WITH(root.store.remove(id), Catch::Contains("several repositories"));
    CHECK(root.store.remove(id, {.force = true}).untagged == std::vector<std::string>{"app:1", "other:1"});
    CHECK_FALSE(root.store.find(id));
}

TEST_CASE("a layer that the machine lost before it was on the disk is forgotten, an image's layers never",
          "[image][layers]") {
    testing::ImageRoot root;
    std::string kept;
    std::string lost;
    {
        const auto held = root.store.hold();
        kept = add_layer(root.store, "", "buildcache:one");
        root.store.put_image(config_of(root.store, {kept}), std::nullopt);
        lost = add_layer(root.store, kept, "buildcache:two");
    }
    CHECK(ImageStore{root.paths}.find_layer(lost));  // the same boot: what was written is there
    root.store.state().database.execute("UPDATE layers_unsynced SET boot = 'another'");
    const ImageStore after{root.paths};
    CHECK_FALSE(after.find_layer(lost));
    CHECK(after.find_layer(kept));
    CHECK(after.list().size() == 1);
}
