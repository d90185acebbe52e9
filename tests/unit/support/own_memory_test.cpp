#include "support/kernel/own_memory.hpp"

#include <catch2/catch.hpp>

#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;

namespace {

/// Pages of files that are mapped: the third number of /proc/self/statm.
std::int64_t mapped_file_pages() {
    const std::string text = read_file("/proc/self/statm");
    return parse_int(split(text, ' ').at(2)).value_or(-1);
}

}  // namespace

TEST_CASE("code that has run and runs no more is no longer mapped", "[support]") {
    const std::int64_t before = mapped_file_pages();
    kernel::give_back_memory();
    const std::int64_t after = mapped_file_pages();
    CHECK(after > 0);
    CHECK(after < before);
}
