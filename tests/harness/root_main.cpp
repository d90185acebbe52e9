// main() of the tests that need root and a real kernel. Catch2 2.13 has no SKIP, so the whole program says whether it
// can run here: exit status 77, with the reason in words, is a skip for ctest.
#define CATCH_CONFIG_RUNNER
#include <cstdio>
#include <cstring>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "harness/test_root.hpp"

#ifdef __SANITIZE_ADDRESS__
// Not ours: libgit2 1.5 keeps what it matched the names of branches with.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpcre2-8\n";
}
#endif

int main(int argc, char** argv) {
    // ctest asks for the list of cases at build time, as whoever builds.
    const bool listing = argc > 1 && std::strstr(argv[1], "list-test") != nullptr;
    if (!listing && geteuid() != 0) {
        std::fputs("skipped: these tests make namespaces, mounts and cgroups and need root\n", stderr);
        return 77;
    }
    Catch::Session session;
    // A filter that matches nothing is a mistake, not a success.
    session.configData().warnings = Catch::WarnAbout::NoTests;
    const int failed = session.run(argc, argv);
    // After each test, because ctest runs each in a program of its own.
    const bool clean = stack::testing::check_all_roots();
    return failed != 0 ? failed : (clean ? 0 : 1);
}
