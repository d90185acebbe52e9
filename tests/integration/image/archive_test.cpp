#include "image/archive.hpp"

#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "harness/image_fixture.hpp"
#include "harness/tar_builder.hpp"
#include "image/bootstrap.hpp"
#include "image/state.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/process.hpp"

using namespace stack;
using namespace stack::image;
using stack::testing::ImageRoot;
using stack::testing::TarBuilder;

namespace {

std::filesystem::path save(ImageRoot& root, const std::vector<std::string>& names, ArchiveFormat format) {
    const auto file = root.root.dir() / "archive.tar";
    const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    save_archive(root.store, names, fd.get(), format);
    return file;
}

std::vector<LoadedImage> load(ImageRoot& root, const std::filesystem::path& file) {
    const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_RDONLY);
    return load_archive(root.store, fd.get());
}

std::string skopeo(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"skopeo", "--insecure-policy"});
    const auto result = run_process({.argv = arguments, .capture_output = true});
    INFO(result.last_errors);
    REQUIRE(result.exit_code == 0);
    return result.output;
}

// An image with a whiteout, a hard link and a folder that only the lower layer describes.
std::string make_image(ImageRoot& root, const std::string& name) {
    bootstrap_image(root.store, "busybox");
    const Image base = root.store.get("busybox");
    const auto held = root.store.hold();
    const TempDir stage = root.store.begin_layer();
    const auto upper = stage.path() / "upper";
    std::filesystem::create_directories(upper / "etc");
    REQUIRE(::mknod((upper / "etc/group").c_str(), S_IFCHR, 0) == 0);
    write_file(upper / "etc/motd", "hello\n");
    std::filesystem::create_hard_link(upper / "etc/motd", upper / "etc/issue");
    ImageConfig config = base.config;
    config.diff_ids.push_back(root.store.add_layer_from_dir(base.chain_ids.back(), upper, "").diff_id);
    config.entrypoint = {"/bin/cat"};
    return root.store.put_image(config, parse_reference(name));
}

void nothing_left(const Paths& paths) {
    CHECK(std::filesystem::is_empty(paths.temporary()));
    CHECK(std::filesystem::is_empty(paths.layers()));
}

// A docker-archive of one layer around `layer`.
std::string archive_around(const std::string& layer, const std::string& diff_id) {
    const std::string config =
        R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + diff_id + R"("]}})";
    return TarBuilder{}
        .file("layer.tar", layer)
        .file("config.json", config)
        .file("manifest.json", R"([{"Config":"config.json","RepoTags":["evil:1"],"Layers":["layer.tar"]}])")
        .end();
}

std::vector<LoadedImage> load_bytes(ImageRoot& root, const std::string& bytes, const UnpackLimits& limits = {}) {
    const UniqueFd fd = kernel::memfd_with("archive", bytes);
    return load_archive(root.store, fd.get(), {}, limits);
}

}  // namespace

TEST_CASE("an archive loads elsewhere as the same image", "[image][archive]") {
    const ArchiveFormat format = GENERATE(ArchiveFormat::docker, ArchiveFormat::oci);
    ImageRoot here;
    ImageRoot there;
    const std::string id = make_image(here, "app:1");
    const auto file = save(here, {"app:1", "busybox"}, format);
    const auto loaded = load(there, file);
    REQUIRE(loaded.size() == 2);
    CHECK(loaded[0].id == id);
    CHECK(loaded[0].references == std::vector{parse_reference("app:1")});
    const Image image = there.store.get("app:1");
    CHECK(image.chain_ids == here.store.get("app:1").chain_ids);
    CHECK(image.config.entrypoint == std::vector<std::string>{"/bin/cat"});
    const auto layers = there.store.layer_dirs(image);
    CHECK(read_file(layers[1] / "etc/issue") == "hello\n");
    struct stat gone {};
    REQUIRE(::lstat((layers[1] / "etc/group").c_str(), &gone) == 0);
    CHECK(S_ISCHR(gone.st_mode));

    // And back again: the same bytes.
    const auto again = save(there, {"app:1", "busybox"}, format);
    CHECK(sha256_hex(read_file(again)) == sha256_hex(read_file(file)));
}

TEST_CASE("skopeo reads our archives, and we read skopeo's, with the same layers", "[image][archive][skopeo]") {
    ImageRoot here;
    make_image(here, "app:1");
    const auto ours = save(here, {"app:1"}, GENERATE(ArchiveFormat::docker, ArchiveFormat::oci));
    const bool is_docker = read_file(ours).find("manifest.json") != std::string::npos;
    const std::string from =
        (is_docker ? "docker-archive:" : "oci-archive:") + ours.string() + (is_docker ? "" : ":app:1");
    for (const std::string kind : {"docker-archive", "oci-archive"}) {
        const auto theirs = here.root.dir() / kind;
        std::filesystem::remove(theirs);
        skopeo({"copy", "-q", from, kind + ":" + theirs.string() + ":app:2"});
        ImageRoot there;
        const auto loaded = load(there, theirs);
        REQUIRE(loaded.size() == 1);
        CHECK(loaded[0].references == std::vector{parse_reference("app:2")});
        CHECK(there.store.get("app:2").chain_ids == here.store.get("app:1").chain_ids);
        CHECK(read_file(there.store.layer_dirs(there.store.get("app:2"))[1] / "etc/motd") == "hello\n");
        if (kind == "oci-archive") {
            // Its compressed layers and its manifest go out as they came in.
            const std::string theirs_name = kind + ":" + theirs.string() + ":app:2";
            const auto saved = save(there, {"app:2"}, ArchiveFormat::oci);
            CHECK(skopeo({"inspect", "--raw", "oci-archive:" + saved.string() + ":app:2"}) ==
                  skopeo({"inspect", "--raw", theirs_name}));
        }
    }
}

TEST_CASE("archives come through pipes and in each compression", "[image][archive]") {
    ImageRoot here;
    bootstrap_image(here.store, "busybox");
    const auto file = save(here, {"busybox"}, ArchiveFormat::docker);
    const std::string program = GENERATE("cat", "gzip", "zstd", "xz", "bzip2");
    const auto packed = run_process({.argv = {program}, .input = read_file(file), .capture_output = true}).output;
    ImageRoot there;
    Pipe pipe = make_pipe();
    std::thread writer{[&] {
        write_all(pipe.write.get(), packed, "pipe");
        pipe.write.reset();
    }};
    load_archive(there.store, pipe.read.get());
    writer.join();
    CHECK(there.store.get("busybox").id == here.store.get("busybox").id);
}

TEST_CASE("an image of many layers loads", "[image][archive]") {
    ImageRoot here;
    bootstrap_image(here.store, "busybox");
    ImageConfig config = here.store.get("busybox").config;
    {
        const auto held = here.store.hold();
        std::string parent = here.store.get("busybox").chain_ids.back();
        for (int i = 0; i < 140; ++i) {
            const TempDir stage = here.store.begin_layer();
            std::filesystem::create_directory(stage.path() / "upper");
            write_file(stage.path() / "upper" / ("file" + std::to_string(i)), std::to_string(i));
            const auto layer = here.store.add_layer_from_dir(parent, stage.path() / "upper", "");
            parent = layer.chain_id;
            config.diff_ids.push_back(layer.diff_id);
        }
        here.store.put_image(config, parse_reference("many"));
    }
    ImageRoot there;
    load(there, save(here, {"many"}, ArchiveFormat::docker));
    CHECK(there.store.get("many").chain_ids.size() == 141);
    CHECK(there.store.get("many").id == here.store.get("many").id);
}

TEST_CASE("a layer whose tar has a file twice goes out as it came in", "[image][archive]") {
    const std::string layer = TarBuilder{}.file("f", "first").file("f", "second").end();
    const std::string diff_id = "sha256:" + sha256_hex(layer);
    ImageRoot here;
    load_bytes(here, archive_around(layer, diff_id));
    ImageRoot there;
    load(there, save(here, {"evil:1"}, GENERATE(ArchiveFormat::docker, ArchiveFormat::oci)));
    CHECK(there.store.get("evil:1").config.diff_ids == std::vector{diff_id});
}

TEST_CASE("a folder that only lower layers describe keeps their owner and mode", "[image][archive]") {
    testing::TarBuilder low;
    tar::Entry folder;
    folder.path = "data";
    folder.type = tar::EntryType::directory;
    folder.mode = 01777;
    folder.uid = 33;
    low.entry(folder);
    const std::string top = TarBuilder{}.file("data/x", "y").end();
    const std::string bottom = low.end();
    const std::string config =
        R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:)" + sha256_hex(bottom) +
        R"(","sha256:)" + sha256_hex(top) + R"("]}})";
    ImageRoot root;
    load_bytes(root,
               TarBuilder{}
                   .file("1.tar", bottom)
                   .file("2.tar", top)
                   .file("c.json", config)
                   .file("manifest.json", R"([{"Config":"c.json","RepoTags":["two:1"],"Layers":["1.tar","2.tar"]}])")
                   .end());
    struct stat status {};
    REQUIRE(::stat((root.store.layer_dirs(root.store.get("two:1"))[1] / "data").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 01777);
    CHECK(status.st_uid == 33);
}

TEST_CASE("a hostile archive is refused and leaves nothing", "[image][archive]") {
    const std::string layer = TarBuilder{}.file("f", "x").end();
    const std::string diff_id = "sha256:" + sha256_hex(layer);
    const std::string climber = TarBuilder{}.file("ok", "x").file("../../evil", "x").end();
    ImageRoot root;
    CHECK_THROWS_WITH(load_bytes(root, archive_around(climber, "sha256:" + sha256_hex(climber))),
                      Catch::Contains("'..' leads out of the layer"));
    const std::string absolute = TarBuilder{}.file("ok", "x").file("/etc/passwd", "x").end();
    CHECK_THROWS_WITH(load_bytes(root, archive_around(absolute, "sha256:" + sha256_hex(absolute))),
                      Catch::Contains("refused layer entry '/etc/passwd'"));
    CHECK_THROWS_WITH(load_bytes(root, archive_around(layer, "sha256:" + std::string(64, '0'))),
                      Catch::Contains("but the image names sha256:0000"));
    CHECK_THROWS_WITH(load_bytes(root, archive_around(layer, "sha256:../../../x")),
                      Catch::Contains("not a sha256 digest"));
    CHECK_THROWS_WITH(load_bytes(root, archive_around(layer.substr(0, 600), diff_id)),
                      Catch::Contains("ends too early"));
    CHECK_THROWS_WITH(load_bytes(root, archive_around(layer, diff_id), {1000, 1}), Catch::Contains("refused"));
    CHECK_THROWS_WITH(load_bytes(root, TarBuilder{}.file("x", "y").end()),
                      Catch::Contains("this tar is no image archive"));
    CHECK_THROWS_WITH(load_bytes(root, "garbage" + std::string(2000, 'x')), Catch::Contains("no tar"));
    CHECK_THROWS_WITH(load_bytes(root, ""), "the image archive is empty");
    CHECK_THROWS_WITH(load_bytes(root, TarBuilder{}.file("manifest.json", "{").end()), Catch::Contains("not a list"));
    CHECK_THROWS_WITH(
        load_bytes(root, TarBuilder{}.file("manifest.json", R"([{"Config":"/etc/passwd","Layers":[]}])").end()),
        "the image archive has no '/etc/passwd'");
    CHECK_THROWS_WITH(load_bytes(root, TarBuilder{}
                                           .symlink("a", "b")
                                           .symlink("b", "a")
                                           .file("manifest.json", R"([{"Config":"a","Layers":[]}])")
                                           .end()),
                      "the image archive has no 'a'");
    CHECK(root.store.list().empty());
    nothing_left(root.paths);
}

TEST_CASE("a layer whose folders are deeper than any path is removed like others", "[image][archive]") {
    // Each link leads to the bottom of what is there, so that the next folders lie below it.
    TarBuilder layer;
    std::string chain;
    for (int i = 0; i < 1500; ++i) {
        chain += "d/";
    }
    for (int i = 0; i < 4; ++i) {
        layer.folder(i == 0 ? chain : fmt::format("s{}/{}", i - 1, chain));
        layer.symlink(fmt::format("s{}", i), i == 0 ? chain : fmt::format("s{}/{}", i - 1, chain));
    }
    const std::string tar = layer.end();
    ImageRoot root;
    rlimit files{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
    const rlimit usual{1024, files.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
    CHECK_THROWS_WITH(load_bytes(root, archive_around(tar, "sha256:" + std::string(64, '0'))),
                      Catch::Contains("but the image names sha256:0000"));
    nothing_left(root.paths);
    load_bytes(root, archive_around(tar, "sha256:" + sha256_hex(tar)));
    root.store.remove("evil:1");
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    nothing_left(root.paths);
}

TEST_CASE("a decompression bomb is refused", "[image][archive]") {
    const std::string bomb =
        run_process({.argv = {"gzip", "-9"}, .input = std::string(200 << 20, '\0'), .capture_output = true}).output;
    REQUIRE(bomb.size() < (1 << 20));
    ImageRoot root;
    CHECK_THROWS_WITH(load_bytes(root, archive_around(bomb, "sha256:" + std::string(64, '0')), {1 << 20, 100}),
                      Catch::Contains("refused a layer that unpacks to more than the limit"));
    CHECK_THROWS_WITH(load_bytes(root, bomb, {1 << 20, 100}), Catch::Contains("refused an image archive"));
    nothing_left(root.paths);
}

TEST_CASE("a hard link to a file of a lower layer becomes that file", "[image][archive]") {
    image::tar::Entry owned;
    owned.path = "usr/tool";
    owned.size = 4;
    owned.mode = 0751;
    owned.uid = 7;
    const std::string lower = TarBuilder{}.entry(owned, "tool").symlink("usr/link", "tool").end();
    const std::string upper = TarBuilder{}.hard_link("bin/one", "usr/tool").hard_link("bin/two", "bin/one").end();
    const auto archive = [&](const std::string& top) {
        const std::string config =
            R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:)" +
            sha256_hex(lower) + R"(","sha256:)" + sha256_hex(top) + R"("]}})";
        return TarBuilder{}
            .file("lower.tar", lower)
            .file("upper.tar", top)
            .file("config.json", config)
            .file("manifest.json",
                  R"([{"Config":"config.json","RepoTags":["l:1"],"Layers":["lower.tar","upper.tar"]}])")
            .end();
    };
    ImageRoot root;
    load_bytes(root, archive(upper));
    const auto layer = root.store.layer_dirs(root.store.get("l:1"))[1];
    for (const char* name : {"bin/one", "bin/two"}) {
        CHECK(read_file(layer / name) == "tool");
        struct stat status {};
        REQUIRE(::lstat((layer / name).c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0751);
        CHECK(status.st_uid == 7);
    }
    ImageRoot again;
    load(again, save(root, {"l:1"}, ArchiveFormat::docker));
    CHECK(again.store.get("l:1").id == root.store.get("l:1").id);

    // What is not in the image is nowhere: neither by an absolute name nor by way of a link.
    ImageRoot refused;
    const auto outside = refused.root.dir() / "outside";
    write_file(outside, "untouched");
    for (const auto& top :
         {TarBuilder{}.hard_link("x", "usr/none"), TarBuilder{}.hard_link("x", outside.string().substr(1)),
          TarBuilder{}.symlink("up", "..").hard_link("x", "up/outside"),
          TarBuilder{}.symlink("up", outside.parent_path().string()).hard_link("x", "up/outside"),
          TarBuilder{}.hard_link("x", "usr")}) {
        CHECK_THROWS_WITH(load_bytes(refused, archive(top.end())),
                          Catch::Contains("no file of this layer or of those below"));
        nothing_left(refused.paths);
    }
}
