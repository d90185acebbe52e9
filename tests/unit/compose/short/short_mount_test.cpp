#include "compose/short/short_mount.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace stack::compose;

namespace {

std::string read(std::string_view text) {
    const auto form = parse_short_mount(text);
    if (form.problem) {
        return fmt::format("{}: {}", form.problem->offset, form.problem->message);
    }
    const auto& mount = *form.parts;
    auto out = fmt::format("{} {}->{}", mount.bind ? "bind" : "volume", mount.source, mount.target);
    out += mount.read_only ? " ro" : "";
    out += mount.nocopy ? " nocopy" : "";
    out += mount.propagation.empty() ? "" : " " + mount.propagation;
    out += mount.selinux.empty() ? "" : " " + mount.selinux;
    out += mount.subpath.empty() ? "" : " subpath=" + mount.subpath;
    return out + (mount.unknown_options.empty() ? "" : " ?" + mount.unknown_options);
}

}  // namespace

TEST_CASE("short mounts are taken apart", "[compose][short]") {
    CHECK(read("/data") == "volume ->/data");
    CHECK(read("/") == "volume ->/");
    CHECK(read("data:/data") == "volume data->/data");
    CHECK(read("data:/data:ro") == "volume data->/data ro");
    CHECK(read("data:/data:rw,nocopy") == "volume data->/data nocopy");
    CHECK(read("data:/data:subpath=a/b") == "volume data->/data subpath=a/b");
    CHECK(read("./a:/a:ro,z,rshared") == "bind ./a->/a ro rshared z");
    CHECK(read("~/a:/a:cached") == "bind ~/a->/a");
    CHECK(read("/a:/b:frob,x") == "bind /a->/b ?frob,x");
    CHECK(read("C:\\data:/data") == "bind C:\\data->/data");
    CHECK(read("a:b:c:d") == "bind a:b->c:d");  // one letter is a drive
}

TEST_CASE("without drives a volume may have a name of one letter", "[compose][short]") {
    const auto mount = parse_short_mount("d:/data:ro", Drives::none).parts;
    REQUIRE(mount);
    CHECK(mount->source == "d");
    CHECK(mount->target == "/data");
    CHECK(mount->read_only);
    CHECK_FALSE(mount->bind);
}

TEST_CASE("a text that is no mount says where and why", "[compose][short]") {
    CHECK(read("") == "0: is empty");
    CHECK(read("data::ro") == "5: has an empty part between colons in 'data::ro'");
    CHECK(read(":/data") == "0: has an empty part between colons in ':/data'");
    CHECK(read("./a:/a:ro:zz") == "9: has too many colons in './a:/a:ro:zz'");
}
