#include "image/manifest.hpp"

#include <catch2/catch.hpp>

#include "image/media_types.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::image;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

std::vector<Descriptor> index_of(const std::vector<std::string>& platforms) {
    std::vector<Descriptor> list;
    for (const auto& platform : platforms) {
        Descriptor& entry = list.emplace_back();
        entry.digest = platform;
        entry.platform = parse_platform(platform);
    }
    return list;
}

}  // namespace

TEST_CASE("a written manifest reads the same", "[image][manifest]") {
    Manifest manifest;
    manifest.media_type = media_type::oci_manifest;
    manifest.config = {media_type::oci_config, digest, 12, {}, {}};
    manifest.layers = {{media_type::oci_layer, digest, 34, {{"k", "v"}}, {}}};
    const Manifest again = parse_manifest(write_manifest(manifest));
    CHECK(again.config.size == 12);
    REQUIRE(again.layers.size() == 1);
    CHECK(again.layers[0].annotations.at("k") == "v");
    CHECK(document_type(write_manifest(manifest)) == media_type::oci_manifest);
    CHECK(document_type(write_index({manifest.config})) == media_type::oci_index);
}

TEST_CASE("the platform's own entry is chosen, else the nearest older variant", "[image][manifest]") {
    const auto index = index_of({"linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"});
    CHECK(choose_platform(index, {"linux", "amd64", ""}, "x").digest == "linux/amd64");
    CHECK(choose_platform(index, {"linux", "arm64", "v8"}, "x").digest == "linux/arm64");
    CHECK(choose_platform(index, {"linux", "arm", "v7"}, "x").digest == "linux/arm/v7");
    CHECK(choose_platform(index, {"linux", "arm", "v8"}, "x").digest == "linux/arm/v7");
    CHECK(choose_platform(index, {"linux", "arm", "v6"}, "x").digest == "linux/arm/v6");
    CHECK_THROWS_WITH(choose_platform(index, {"linux", "arm", "v5"}, "x"),
                      Catch::Contains("no version for platform linux/arm/v5"));
    CHECK_THROWS_WITH(choose_platform(index, {"linux", "s390x", ""}, "x"),
                      Catch::Contains("no version for platform linux/s390x"));
}

TEST_CASE("what is no manifest is refused with a sentence", "[image][manifest]") {
    CHECK_THROWS_WITH(document_type("[]"), "image manifest: not a JSON object");
    CHECK_THROWS_WITH(document_type("{}"), "image manifest: neither a manifest nor an index");
    CHECK_THROWS_WITH(document_type(R"({"schemaVersion":1,"fsLayers":[]})"), Catch::Contains("schema 1"));
    CHECK_THROWS_WITH(parse_manifest(R"({"layers":[]})"), "image manifest: there is no config");
    CHECK_THROWS_WITH(parse_index(R"({"manifests":[{"digest":"sha256:../../x","size":1}]})"),
                      "image manifest: 'sha256:../../x' is not a sha256 digest");
    CHECK_THROWS_WITH(parse_index(R"({"manifests":[{"digest":")" + digest + R"(","size":-1}]})"),
                      "image manifest: " + digest + " has no size");
    CHECK_THROWS_WITH(parse_manifest(R"({"config":{"mediaType":"application/vnd.cncf.helm.config","digest":")" +
                                     digest + R"(","size":1},"layers":[]})"),
                      Catch::Contains("not an image that runs"));
}
