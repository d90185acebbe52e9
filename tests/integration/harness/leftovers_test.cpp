#include "harness/leftovers.hpp"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "harness/eventually.hpp"
#include "harness/process.hpp"
#include "harness/test_root.hpp"

using namespace stack::testing;

namespace {

bool tells(const std::vector<std::string>& lines, const std::string& kind) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(kind); });
}

}  // namespace

TEST_CASE("the leftovers check sees every kind of thing and sweep takes it away", "[harness]") {
    const TestRoot root;
    const std::string& tag = root.paths().tag();
    REQUIRE(leftovers(root.paths()).empty());

    std::filesystem::create_directories(root.paths().container("abc"));
    REQUIRE(::mount("none", root.paths().root().c_str(), "tmpfs", 0, "size=64k") == 0);
    REQUIRE(run({.argv = {"ip", "link", "add", "stk" + tag + "x", "type", "bridge"}}).exit_code == 0);
    REQUIRE(run({.argv = {"nft", "add", "table", "inet", "stack_" + tag}}).exit_code == 0);
    Process process{{.argv = {"cat"}, .env = {{"STACK_ROOT", root.paths().root()}}, .keep_stdin = true}};

    CHECK(eventually([&] { return tells(leftovers(root.paths()), "process"); }));  // once it has been executed
    const std::vector<std::string> found = leftovers(root.paths());
    CHECK(tells(found, "mount"));
    CHECK(tells(found, "link"));
    CHECK(tells(found, "nft table"));
    CHECK_FALSE(tells(found, "folder"));  // hidden below the mount

    sweep(root.paths());
    process.wait();
    CHECK(leftovers(root.paths()).empty());
    CHECK_FALSE(std::filesystem::exists(root.paths().container("abc")));
}
