#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "harness/tar_builder.hpp"
#include "harness/test_root.hpp"
#include "image/tar/folder_writer.hpp"
#include "image/tar/split.hpp"
#include "image/tar/unpacker.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::image::tar;
using stack::testing::MemoryInput;
using stack::testing::TarBuilder;

namespace {

struct Layer {
    testing::TestRoot root;
    std::filesystem::path folder{root.dir() / "layer"};
    Layer() { std::filesystem::create_directory(folder); }

    UnpackResult unpack(const std::string& tar, UnpackLimit limit = {0, 0}, size_t step = 1000) {
        MemoryInput input{tar, step};
        return unpack_layer(input, nullptr, folder, limit);
    }
    struct stat status(const std::string& path) const {
        struct stat result {};
        REQUIRE(::lstat((folder / path).c_str(), &result) == 0);
        return result;
    }
    bool is_whiteout(const std::string& path) const {
        const auto found = status(path);
        return S_ISCHR(found.st_mode) && found.st_rdev == 0;
    }
    bool is_opaque(const std::string& path) const {
        char value = 0;
        return ::lgetxattr((folder / path).c_str(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
    }
};

}  // namespace

TEST_CASE("owners, modes, set-id bits, capabilities, links, devices and times are kept", "[image][unpack]") {
    Entry program;
    program.path = "usr/bin/ping";
    program.mode = 04751;
    program.uid = 12;
    program.gid = 4'000'000'000;
    program.mtime = 1'234'567'890;
    program.size = 4;
    // cap_net_raw+ep as setcap(8) writes it (VFS_CAP_REVISION_2)
    program.xattrs = {
        {"security.capability",
         std::string("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20)}};
    Entry device;
    device.path = "dev/null";
    device.type = EntryType::char_device;
    device.device_major = 1;
    device.device_minor = 3;
    device.mode = 0666;
    Layer layer;
    layer.unpack(TarBuilder{}
                     .folder("usr", 0555)
                     .folder("usr/bin")
                     .entry(program, "ELF!")
                     .hard_link("usr/bin/ping6", "usr/bin/ping")
                     .symlink("bin", "usr/bin")
                     .entry(device)
                     .end());
    const auto ping = layer.status("usr/bin/ping");
    CHECK((ping.st_mode & 07777) == 04751);
    CHECK(ping.st_uid == 12);
    CHECK(ping.st_gid == 4'000'000'000);
    CHECK(ping.st_mtime == 1'234'567'890);
    CHECK(ping.st_nlink == 2);
    CHECK(::lgetxattr((layer.folder / "usr/bin/ping").c_str(), "security.capability", nullptr, 0) == 20);
    CHECK(layer.status("usr").st_mtime == 1'600'000'000);
    CHECK((layer.status("usr").st_mode & 07777) == 0555);
    CHECK(std::filesystem::read_symlink(layer.folder / "bin") == "usr/bin");
    CHECK(layer.status("dev/null").st_rdev == makedev(1, 3));
}

TEST_CASE("whiteouts become overlay's", "[image][unpack]") {
    Layer layer;
    layer.unpack(TarBuilder{}
                     .folder("etc")
                     .file("etc/.wh.gone", "")
                     .folder("opaque")
                     .file("opaque/.wh..wh..opq", "")
                     .file("opaque/new", "x")
                     .file(".wh..wh.plnk", "")
                     .file("var/lib/.wh.deep", "")
                     .end());
    CHECK(layer.is_whiteout("etc/gone"));
    CHECK(layer.is_opaque("opaque"));
    CHECK(layer.is_whiteout("var/lib/deep"));
    CHECK_FALSE(std::filesystem::exists(layer.folder / ".wh..wh.plnk"));
}

TEST_CASE("a whiteout hides lower layers only, in whatever order", "[image][unpack]") {
    Layer layer;
    layer.unpack(TarBuilder{}
                     .file("a", "stays")
                     .file(".wh.a", "")
                     .file(".wh.b", "")
                     .file("b", "stays")
                     .folder("c")
                     .file("c/x", "stays")
                     .file(".wh.c", "")
                     .file(".wh.d", "")
                     .folder("d")
                     .file(".wh.e", "")
                     .file("e/f", "stays")
                     .end());
    CHECK(read_file(layer.folder / "a") == "stays");
    CHECK(read_file(layer.folder / "b") == "stays");
    CHECK(read_file(layer.folder / "c/x") == "stays");
    CHECK(layer.is_opaque("c"));
    CHECK(layer.is_opaque("d"));
    CHECK(layer.is_opaque("e"));
    CHECK(read_file(layer.folder / "e/f") == "stays");
}

TEST_CASE("folders without an entry are told, so that they get what lower layers say", "[image][unpack]") {
    Layer layer;
    const auto result = layer.unpack(TarBuilder{}.file("a/b/c", "x").folder("a", 0700).end());
    CHECK(result.implied_folders == std::vector<std::string>{"a/b"});
    CHECK((layer.status("a").st_mode & 0777) == 0700);
}

TEST_CASE("the last of several entries of one name wins", "[image][unpack]") {
    Layer layer;
    const auto result = layer.unpack(TarBuilder{}
                                         .file("f", "first")
                                         .file("f", "second")
                                         .folder("d")
                                         .file("d/inside", "x")
                                         .symlink("d", "f")
                                         .file("g", "x")
                                         .folder("g")
                                         .file("g/h", "y")
                                         .end());
    CHECK_FALSE(result.folder_holds_all_content);
    CHECK(read_file(layer.folder / "f") == "second");
    CHECK(std::filesystem::is_symlink(layer.folder / "d"));
    CHECK(read_file(layer.folder / "g/h") == "y");
}

TEST_CASE("nothing is written outside the layer", "[image][unpack]") {
    Layer layer;
    const auto outside = layer.root.dir() / "outside";
    write_file(outside, "untouched");
    struct Case {
        std::string tar, message;
    };
    const std::vector<Case> cases = {
        {TarBuilder{}.file("../outside", "evil").end(), "'..' leads out of the layer"},
        {TarBuilder{}.file("a/../../outside", "evil").end(), "'..' leads out of the layer"},
        {TarBuilder{}.folder("..").end(), "'..' leads out of the layer"},
        {TarBuilder{}.hard_link("x", "../outside").end(), "'..' leads out of the layer"},
        {TarBuilder{}.file("/etc/passwd", "evil").end(),
         "refused layer entry '/etc/passwd': its name is an absolute name"},
        {TarBuilder{}.file("//etc/passwd", "evil").end(), "'//etc/passwd': its name is an absolute name"},
        {TarBuilder{}.folder("/etc").end(), "'/etc': its name is an absolute name"},
        {TarBuilder{}.file("/..", "evil").end(), "'/..': its name is an absolute name"},
        {TarBuilder{}.file("/etc/.wh.passwd", "").end(), "its name is an absolute name"},
        {TarBuilder{}.symlink("/etc/x", "y").end(), "its name is an absolute name"},
        {TarBuilder{}.file("a", "x").hard_link("x", "/a").end(),
         "refused layer entry 'x': its hard link leads to an absolute name '/a'"},
        {TarBuilder{}.hard_link("x", outside.string()).end(), "its hard link leads to an absolute name"},
        {TarBuilder{}.file(".wh...", "").end(), "a whiteout must name something"},
        {TarBuilder{}.file(".wh.", "").end(), "a whiteout must name something"},
        {TarBuilder{}.file("x/.wh..", "").end(), "a whiteout must name something"},
        {TarBuilder{}.file("f", "x").file("f/g", "y").end(), "its parent 'f' is not a folder"},
        {TarBuilder{}.file("", "x").end(), "the root of the layer must be a folder"},
        {TarBuilder{}.symlink("loop", "loop").file("loop/x", "y").end(), "its parent"},
        {TarBuilder{}.folder("d").hard_link("h", "d").end(), "a hard link to a folder"},
    };
    for (const Case& one : cases) {
        CHECK_THROWS_WITH(layer.unpack(one.tar), Catch::Contains(one.message));
        std::filesystem::remove_all(layer.folder);
        std::filesystem::create_directory(layer.folder);
    }
    Entry whiteout;
    whiteout.path = "w";
    whiteout.type = EntryType::char_device;
    CHECK_THROWS_WITH(layer.unpack(TarBuilder{}.entry(whiteout).end()), Catch::Contains("overlay's whiteout"));
    CHECK(read_file(outside) == "untouched");
}

TEST_CASE("links that lead out of the layer lead to its own root", "[image][unpack]") {
    Layer layer;
    const auto outside = layer.root.dir() / "outside";
    std::filesystem::create_directory(outside);
    layer.unpack(TarBuilder{}
                     .folder("etc")
                     .symlink("up", "../../../..")
                     .file("up/etc/passwd", "inside")
                     .symlink("abs", "/etc")
                     .file("abs/shadow", "inside")
                     .symlink("target", outside.string())
                     .file("target", "replaces the link")
                     .end());
    CHECK(read_file(layer.folder / "etc/passwd") == "inside");
    CHECK(read_file(layer.folder / "etc/shadow") == "inside");
    CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(layer.folder / "target")));
    CHECK(std::filesystem::is_empty(outside));
}

TEST_CASE("a slash alone is the layer's root, and absolute names are taken from there when that is allowed",
          "[image][unpack]") {
    Layer layer;
    layer.unpack(TarBuilder{}.folder("/", 0711).file("f", "x").end());
    CHECK((layer.status(".").st_mode & 07777U) == 0711);
    const auto outside = layer.root.dir() / "outside";
    write_file(outside, "untouched");
    UnpackLimit allowed{0, 0, true};
    layer.unpack(TarBuilder{}
                     .file("/ko-app/tool", "inside")
                     .hard_link("/ko-app/other", "/ko-app/tool")
                     .file(outside.string(), "inside")
                     .end(),
                 allowed);
    CHECK(read_file(layer.folder / "ko-app/other") == "inside");
    CHECK(read_file(outside) == "untouched");
    CHECK_THROWS_WITH(layer.unpack(TarBuilder{}.file("/../x", "y").end(), allowed), Catch::Contains("'..' leads out"));
    MemoryInput plain{TarBuilder{}.file("/absolute", "as tar does").end()};
    unpack_plain(plain, layer.folder, {0, 0});
    CHECK(read_file(layer.folder / "absolute") == "as tar does");
}

TEST_CASE("overlay's own xattrs in a tar have no effect", "[image][unpack]") {
    Entry folder;
    folder.path = "d";
    folder.type = EntryType::directory;
    folder.mode = 0755;
    folder.xattrs = {{"trusted.overlay.redirect", "/etc"}, {"trusted.overlay.opaque", "y"}, {"user.kept", "1"}};
    Layer layer;
    layer.unpack(TarBuilder{}.entry(folder).end());
    CHECK_FALSE(layer.is_opaque("d"));
    CHECK(::lgetxattr((layer.folder / "d").c_str(), "trusted.overlay.redirect", nullptr, 0) < 0);
    CHECK(::lgetxattr((layer.folder / "d").c_str(), "user.kept", nullptr, 0) == 1);
}

TEST_CASE("a bomb is refused before it fills the disk", "[image][unpack]") {
    Layer layer;
    TarBuilder many;
    for (int i = 0; i < 100; ++i) {
        many.file("f" + std::to_string(i), "x");
    }
    CHECK_THROWS_WITH(layer.unpack(many.end(), {0, 50}), "refused a layer with more than 50 entries");
    // One name, a thousand folders.
    std::string deep;
    for (int i = 0; i < 1000; ++i) {
        deep += "d/";
    }
    CHECK_THROWS_WITH(layer.unpack(TarBuilder{}.file(deep + "f", "x").end(), {0, 50}),
                      "refused a layer with more than 50 entries");
    Entry big;
    big.path = "big";
    big.size = std::int64_t{1} << 50U;
    CHECK_THROWS_WITH(layer.unpack(TarBuilder{}.entry(big).end(), {1 << 20, 0}),
                      "refused a layer with files of more than 1048576 bytes");
    CHECK_FALSE(std::filesystem::exists(layer.folder / "big"));
}

TEST_CASE("runs of zeros become holes", "[image][unpack]") {
    Layer layer;
    std::string content(4 << 20, '\0');
    content[0] = 'a';
    content.back() = 'z';
    layer.unpack(TarBuilder{}.file("sparse", content).file("zeros", std::string(1 << 20, '\0')).end(), {0, 0},
                 256 << 10);
    CHECK(read_file(layer.folder / "sparse") == content);
    CHECK(layer.status("sparse").st_blocks * 512 < 1 << 20);
    CHECK(layer.status("zeros").st_size == 1 << 20);
    CHECK(layer.status("zeros").st_blocks * 512 < 1 << 19);
}

TEST_CASE("a folder written as a tar and unpacked again is the same folder", "[image][unpack]") {
    struct Memory final : Sink {
        std::string bytes;
        void raw(std::string_view some) override { bytes += some; }
        void begin_payload(const std::string&, std::int64_t) override {}
        void payload(std::string_view some) override { bytes += some; }
    };
    Layer layer;
    layer.unpack(TarBuilder{}
                     .folder("etc", 0711)
                     .file("etc/passwd", "root", 0600)
                     .hard_link("etc/passwd-", "etc/passwd")
                     .file("etc/.wh.shadow", "")
                     .folder("opaque")
                     .file("opaque/.wh..wh..opq", "")
                     .symlink("link", "etc")
                     .file(std::string(200, 'x') + "/ü", "deep")
                     .end());
    Memory first;
    write_folder(layer.folder, first);
    Layer second;
    second.unpack(first.bytes);
    Memory again;
    write_folder(second.folder, again);
    CHECK(first.bytes == again.bytes);
    CHECK(second.is_whiteout("etc/shadow"));
    CHECK(second.is_opaque("opaque"));
}
