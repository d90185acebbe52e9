#include "support/files.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;

TEST_CASE("a replaced file has the new content and no temporary beside it", "[support][files]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-files-"};
    const auto file = dir.path() / "state";
    replace_file(file, "one");
    replace_file(file, "two");
    CHECK(read_file(file) == "two");
    CHECK(std::distance(std::filesystem::directory_iterator{dir.path()}, {}) == 1);
}

TEST_CASE("an absent file is no error for find_file and one for read_file", "[support][files]") {
    CHECK(find_file("/nonexistent/file") == std::nullopt);
    CHECK_THROWS_AS(read_file("/nonexistent/file"), SysError);
}

TEST_CASE("reading stops at the limit", "[support][files]") {
    CHECK_THROWS_AS(read_file("/dev/zero", 1 << 20), Error);
}
