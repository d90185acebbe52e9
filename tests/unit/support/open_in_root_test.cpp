#include <atomic>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>

#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

using namespace stack;

TEST_CASE("a path with '..' below a root is found while others rename", "[support][kernel]") {
    const TempDir folder{std::filesystem::temp_directory_path(), "stack-unit-"};
    const std::filesystem::path root = folder.path() / "root";
    std::filesystem::create_directories(root / "a/b/c");
    write_file(root / "found", "here");
    const UniqueFd base = kernel::open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY);

    // A rename anywhere makes the kernel give up on ".." with EAGAIN, whomever it concerns.
    const std::filesystem::path here = folder.path() / "here", there = folder.path() / "there";
    write_file(here, "");
    std::atomic<bool> enough{false};
    std::thread restless{[&] {
        std::error_code ignored;
        while (!enough) {
            std::filesystem::rename(here, there, ignored);
            std::filesystem::rename(there, here, ignored);
        }
    }};
    int found = 0;
    constexpr int times = 3000;
    for (int i = 0; i < times; ++i) {
        try {
            const UniqueFd file = kernel::open_in_root(base.get(), "a/b/c/../../../a/../../found", O_RDONLY);
            ++found;
        } catch (const std::exception& error) {
            UNSCOPED_INFO(error.what());
        }
    }
    enough = true;
    restless.join();
    CHECK(found == times);
}
