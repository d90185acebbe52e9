#include "support/files.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/whole_file.hpp"

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

TEST_CASE("a folder is swept when its process is dead, not before", "[support][files]") {
    const TempDir parent{std::filesystem::temp_directory_path(), "stack-files-"};
    const TempDir ours{parent.path(), "work-"};
    std::filesystem::create_directory(parent.path() / "other-1");
    write_file(parent.path() / "work-file", "stays");
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const TempDir theirs{parent.path(), "work-"};
        std::filesystem::create_directory(theirs.path() / "deep");
        write_file(theirs.path() / "deep" / "file", "12345");
        ::kill(::getpid(), SIGKILL);
    }
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(remove_abandoned_folders(parent.path(), "work-") == 5);
    CHECK(std::filesystem::exists(ours.path()));
    CHECK(std::distance(std::filesystem::directory_iterator{parent.path()}, {}) == 3);
    CHECK(remove_abandoned_folders(parent.path(), "work-") == 0);
    CHECK(remove_abandoned_folders(parent.path() / "none", "work-") == 0);
}

TEST_CASE("making folders and sweeping beside each other loses none that is in use", "[support][files]") {
    const TempDir parent{std::filesystem::temp_directory_path(), "stack-files-"};
    std::atomic<bool> done{false};
    std::thread sweeper{[&] {
        while (!done) {
            remove_abandoned_folders(parent.path(), "work-");
        }
    }};
    bool all_there = true;
    for (int i = 0; i < 2000; ++i) {
        const TempDir folder{parent.path(), "work-"};
        all_there = all_there && std::filesystem::is_directory(folder.path());
    }
    done = true;
    sweeper.join();
    CHECK(all_there);
    CHECK(std::filesystem::is_empty(parent.path()));
}

TEST_CASE("a tree is removed however deep it is, and links are not followed", "[support][files]") {
    const TempDir parent{std::filesystem::temp_directory_path(), "stack-files-"};
    const auto outside = parent.path() / "outside";
    write_file(outside, "stays");
    const auto tree = parent.path() / "tree";
    std::filesystem::create_directory(tree);
    UniqueFd at = kernel::open_at(AT_FDCWD, tree, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 3000; ++i) {
        REQUIRE(::mkdirat(at.get(), "d", 0755) == 0);
        REQUIRE(::symlinkat(outside.c_str(), at.get(), "link") == 0);
        at = kernel::open_at(at.get(), "d", O_RDONLY | O_DIRECTORY);
    }
    at.reset();
    rlimit files{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
    const rlimit few{256, files.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    kernel::remove_tree(tree);
    CHECK(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    CHECK_FALSE(std::filesystem::exists(tree));
    CHECK(read_file(outside) == "stays");
    kernel::remove_tree(tree);
}

TEST_CASE("a whole file has no name until it is published, and then replaces what was there", "[support][files]") {
    const TempDir dir{std::filesystem::temp_directory_path(), "stack-files-"};
    const auto names = [&] { return std::distance(std::filesystem::directory_iterator{dir.path()}, {}); };
    const auto file = dir.path() / "backup";
    {
        const WholeFile given_up{file};
        write_all(given_up.fd(), "half", "half");
        CHECK(names() == 0);
    }
    CHECK(names() == 0);
    for (const char* content : {"one", "two"}) {
        WholeFile whole{file};
        write_all(whole.fd(), content, "whole");
        whole.publish();
        CHECK(read_file(file) == content);
        CHECK(names() == 1);
    }
    CHECK_THROWS_AS(WholeFile{dir.path() / "missing/backup"}, SysError);
    CHECK_THROWS_AS(WholeFile{dir.path()}, SysError);
}

TEST_CASE("a device is written, not replaced", "[support][files]") {
    WholeFile null{"/dev/null"};
    write_all(null.fd(), "gone", "null");
    null.publish();
    CHECK(std::filesystem::is_character_file("/dev/null"));
}
