#pragma once

#include <filesystem>
#include <string>

#include "support/files.hpp"
#include "support/paths.hpp"

namespace stack::testing {

/// A STACK_ROOT and a STACK_RUN of a test's own, in a fresh folder on a real disk (not overlay). At its end, and once
/// more at the end of the program, root_main.cpp checks that nothing of it is left in the kernel.
///
/// STACK_KEEP_FAILED=1 keeps the folder of a test that failed.
class TestRoot {
public:
    TestRoot();
    TestRoot(const TestRoot&) = delete;
    TestRoot& operator=(const TestRoot&) = delete;
    ~TestRoot();

    const Paths& paths() const noexcept { return paths_; }
    /// The fresh folder; `root/` and `run/` are in it, the rest is the test's.
    const std::filesystem::path& dir() const noexcept { return dir_; }

private:
    std::filesystem::path dir_;
    Paths paths_;
};

/// Checks all roots made so far and says on stderr what is left of them; removes it. True if nothing was.
bool check_all_roots();

}  // namespace stack::testing
