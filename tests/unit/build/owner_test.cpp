#include "build/owner.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::build;

namespace {

mode_t changed(const std::string& text, mode_t from, bool folder = false) {
    struct stat status {};
    status.st_mode = from | (folder ? S_IFDIR : S_IFREG);
    return parse_mode(text)(status) & 07777U;
}

}  // namespace

TEST_CASE("modes are octal or symbols", "[build][owner]") {
    CHECK(changed("755", 0600) == 0755);
    CHECK(changed("u+x", 0644) == 0744);
    CHECK(changed("go-r", 0644) == 0600);
    CHECK(changed("u=rwX,go=rX", 0600) == 0644);
    CHECK(changed("u=rwX,go=rX", 0600, true) == 0755);
    CHECK(changed("+x", 0644) == 0755);
    for (const auto* text : {"", "9", "u", "u+q", "77777"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_mode(text), Error);
    }
}

TEST_CASE("owners are numbers, or names of the image's own files", "[build][owner]") {
    const TempDir layer{std::filesystem::temp_directory_path(), "stack-owner-"};
    std::filesystem::create_directory(layer.path() / "etc");
    write_file(layer.path() / "etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/:/bin/sh\n");
    write_file(layer.path() / "etc/group", "www:x:55:\n");
    const std::vector layers{layer.path()};
    using Owner = std::pair<uid_t, gid_t>;
    CHECK(resolve_owner(layers, "7") == Owner{7, 7});
    CHECK(resolve_owner(layers, "7:8") == Owner{7, 8});
    CHECK(resolve_owner(layers, "web") == Owner{33, 44});
    CHECK(resolve_owner(layers, "web:www") == Owner{33, 55});
    CHECK_THROWS_AS(resolve_owner(layers, "nobody-here"), Error);
    CHECK(resolve_owner({}, "1:1") == Owner{1, 1});
}
