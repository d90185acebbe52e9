#include "engine/runtime/users.hpp"

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

namespace {

const UserFiles files{
    "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1001:Ada:/home/ada:/bin/sh\n4711:x:9:9::/n:/x\n",
    "root:x:0:\nada:x:1001:\nwriters:x:2000:bob,ada\nreaders:x:2001:adam\n"};

}  // namespace

TEST_CASE("no user means root with root's group", "[runtime][users]") {
    const ResolvedUser user = resolve_user(files, "", {});
    CHECK(user.uid == 0);
    CHECK(user.gid == 0);
}

TEST_CASE("a name brings its group, its home and the groups that list it", "[runtime][users]") {
    const ResolvedUser user = resolve_user(files, "ada", {});
    CHECK(user.uid == 1000);
    CHECK(user.gid == 1001);
    CHECK(user.home == "/home/ada");
    CHECK(user.groups == std::vector<gid_t>{1001, 2000});
}

TEST_CASE("a number need not be in the files, a name must", "[runtime][users]") {
    CHECK(resolve_user(files, "5000:6000", {}).uid == 5000);
    CHECK(resolve_user(files, "5000:6000", {}).gid == 6000);
    CHECK(resolve_user(files, "5000", {}).gid == 0);
    CHECK(resolve_user(files, "1000", {}).gid == 1001);
    CHECK_THROWS_AS(resolve_user(files, "eve", {}), Error);
    CHECK_THROWS_AS(resolve_user(files, "ada:nobody", {}), Error);
}

TEST_CASE("a name that is a number is looked up as a name first", "[runtime][users]") {
    CHECK(resolve_user(files, "4711", {}).uid == 9);
}

TEST_CASE("with a group of its own the lists are not asked, added groups come last", "[runtime][users]") {
    CHECK(resolve_user(files, "ada:root", {"writers", "77"}).groups == std::vector<gid_t>{0, 2000, 77});
}

TEST_CASE("an id beyond the kernel's range is no id", "[runtime][users]") {
    CHECK_THROWS_AS(resolve_user(files, "4294967296", {}), Error);
}
