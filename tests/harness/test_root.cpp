#include "harness/test_root.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "harness/leftovers.hpp"

namespace stack::testing {

namespace {

struct Seen {
    Paths paths;
    std::filesystem::path dir;
};
std::vector<Seen>& seen_roots() {
    static std::vector<Seen> all;
    return all;
}
bool something_was_left = false;

void check_root(const Seen& seen) {
    const std::vector<std::string> left = settled_leftovers(seen.paths);
    if (left.empty()) {
        return;
    }
    something_was_left = true;
    fmt::print(stderr, "LEFT OVER by this test (root {}):\n", seen.paths.root().string());
    for (const std::string& line : left) {
        fmt::print(stderr, "  {}\n", line);
    }
    sweep(seen.paths);
}

std::filesystem::path fresh_dir() {
    const char* wish = std::getenv("STACK_TEST_DIR");
    return TempDir{wish ? wish : "/var/tmp", "stack-test-"}.release();
}

}  // namespace

TestRoot::TestRoot() : dir_{fresh_dir()}, paths_{dir_ / "root", dir_ / "run"} {
    std::filesystem::create_directories(paths_.root());
    std::filesystem::create_directories(paths_.run());
    seen_roots().push_back({paths_, dir_});
}

TestRoot::~TestRoot() {
    check_root({paths_, dir_});
    const char* keep = std::getenv("STACK_KEEP_FAILED");
    if (keep && *keep == '1' && (std::uncaught_exceptions() > 0 || something_was_left)) {
        fmt::print(stderr, "kept {}\n", dir_.string());
        return;
    }
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
}

bool check_all_roots() {
    for (const Seen& seen : seen_roots()) {
        check_root(seen);
    }
    return !something_was_left;
}

}  // namespace stack::testing
