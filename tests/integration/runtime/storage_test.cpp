#include <cstdlib>

#include <catch2/catch.hpp>
#include <fcntl.h>

#include "engine/runtime/storage_limit.hpp"
#include "harness/eventually.hpp"
#include "integration/runtime/box.hpp"
#include "support/error.hpp"
#include "support/kernel/project_quota.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::runtime;
using Catch::Matchers::Contains;
using stack::runtime::test::Box;
using stack::testing::eventually;

namespace {

const std::map<std::string, std::string> eight_megabytes = {{"size", "8m"}};
constexpr const char* fill = "dd if=/dev/zero of=/big bs=1M count=12 2>/dev/null; echo $?; wc -c </big; rm /big";

/// File systems with project quotas, as the virtual machine has them (tests/vm): "/quota/xfs:/quota/ext4".
std::vector<std::string> file_systems() {
    const char* folders = std::getenv("STACK_TEST_QUOTAS");
    REQUIRE(folders != nullptr);
    std::vector<std::string> out;
    for (const auto folder : split(folders, ':')) {
        out.emplace_back(folder);
    }
    return out;
}

std::uint32_t project_of(const std::filesystem::path& folder) {
    return kernel::project_of(kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY).get());
}

bool is_free(const std::filesystem::path& folder, std::uint32_t project) {
    return kernel::is_project_free(kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY).get(), project);
}

/// A root's folder of containers, on a file system of the test's choice. Not the fresh one itself: a TempDir is locked,
/// and so is a folder of containers while one of them gets its project.
class Containers {
public:
    explicit Containers(const std::string& file_system) : fresh_{file_system, "test-"} {
        std::filesystem::create_directory(path());
    }
    std::filesystem::path path() const { return fresh_.path() / "containers"; }

private:
    TempDir fresh_;
};

struct Limited {
    explicit Limited(const std::filesystem::path& containers) {
        box.input.container_dir = containers / box.input.container_id;
        box.input.spec.storage_opt = eight_megabytes;
    }
    Box box;
};

}  // namespace

// Hidden: file systems with project quotas are needed.

TEST_CASE("a container writes no more than storage_opt says and others are not touched by it", "[.quota]") {
    for (const std::string& folder : file_systems()) {
        INFO(folder);
        const Containers containers{folder};
        Limited one{containers.path()}, other{containers.path()}, free{containers.path()};
        free.box.input.spec.storage_opt.clear();
        const auto full = one.box.run(fill);
        CHECK_THAT(full.out, Catch::StartsWith("1\n"));
        CHECK(parse_uint(trim(full.out.substr(2))).value_or(0) <= 8 << 20);
        CHECK_THAT(one.box.run(fill).out, Catch::StartsWith("1\n"));  // as a restart does
        CHECK_THAT(one.box.run("df -k / | tail -n 1").out, Contains(" 8192 "));
        CHECK(free.box.run(fill).out == "0\n12582912\n");
        CHECK_THAT(one.box.run("dd if=/dev/zero of=/big bs=1M count=6 2>/dev/null; echo $?").out, Contains("0"));
        CHECK(other.box.run("dd if=/dev/zero of=/big bs=1M count=6 2>/dev/null; echo $?").out == "0\n");
        const auto first = project_of(one.box.input.container_dir / "upper");
        CHECK(first != project_of(other.box.input.container_dir / "upper"));
        CHECK(first == project_of(one.box.input.container_dir / "work"));
        CHECK(project_of(free.box.input.container_dir / "upper") == 0);
    }
}

TEST_CASE("a container's project is given back when it is removed", "[.quota]") {
    for (const std::string& folder : file_systems()) {
        INFO(folder);
        const Containers containers{folder};
        const auto one = containers.path() / "one", two = containers.path() / "two";
        make_storage(one, eight_megabytes);
        const auto project = project_of(one / "upper");
        CHECK(project != 0);
        make_storage(one, eight_megabytes);
        CHECK(project_of(one / "upper") == project);
        give_storage_back(one);
        give_storage_back(one);
        CHECK_FALSE(is_free(containers.path(), project));  // the folders have it until they are gone
        std::filesystem::remove_all(one);
        CHECK(eventually([&] { return is_free(containers.path(), project); }));
        make_storage(two, eight_megabytes);
        CHECK(project_of(two / "upper") == project);
        give_storage_back(two);
    }
}

TEST_CASE("projects of others are left alone", "[.quota]") {
    for (const std::string& folder : file_systems()) {
        INFO(folder);
        const Containers containers{folder};
        make_storage(containers.path() / "one", eight_megabytes);
        const auto taken = project_of(containers.path() / "one/upper");
        std::filesystem::create_directory(containers.path() / "foreign");
        const UniqueFd foreign = kernel::open_at(AT_FDCWD, containers.path() / "foreign", O_RDONLY | O_DIRECTORY);
        kernel::set_project(foreign.get(), taken + 1);
        kernel::limit_project(foreign.get(), taken + 2, Bytes{1 << 20});
        // One that all of the root's folders inherit is no container's, either.
        kernel::set_project(kernel::open_at(AT_FDCWD, containers.path(), O_RDONLY | O_DIRECTORY).get(), taken + 4);
        kernel::limit_project(foreign.get(), taken + 4, Bytes{64 << 20});
        make_storage(containers.path() / "two", eight_megabytes);
        CHECK(project_of(containers.path() / "two/upper") == taken + 3);
        make_storage(containers.path() / "unlimited", {});
        CHECK(project_of(containers.path() / "unlimited/upper") == taken + 4);
        give_storage_back(containers.path() / "unlimited");
        CHECK_FALSE(is_free(containers.path(), taken + 4));
        give_storage_back(containers.path() / "one");
        give_storage_back(containers.path() / "two");
        kernel::limit_project(foreign.get(), taken + 2, Bytes{0});
        kernel::limit_project(foreign.get(), taken + 4, Bytes{0});
    }
}

TEST_CASE("what was cut short after a folder had its project is finished by the next start", "[.quota]") {
    for (const std::string& folder : file_systems()) {
        INFO(folder);
        const Containers containers{folder};
        Limited one{containers.path()};
        std::filesystem::create_directories(one.box.input.container_dir / "upper");
        const UniqueFd upper = kernel::open_at(AT_FDCWD, one.box.input.container_dir / "upper", O_RDONLY | O_DIRECTORY);
        kernel::set_project(upper.get(), 0x7ffffff0);  // killed here: no limit, and `work` has nothing yet
        CHECK_THAT(one.box.run(fill).out, Catch::StartsWith("1\n"));
        CHECK(project_of(one.box.input.container_dir / "work") == 0x7ffffff0);
        give_storage_back(one.box.input.container_dir);
    }
}

TEST_CASE("a file system without project quotas is named", "[storage]") {
    CHECK_NOTHROW(require_storage("/dev/shm/nowhere/containers", {}));
    CHECK_THROWS_WITH(
        require_storage("/dev/shm/nowhere/containers", eight_megabytes),
        Contains("storage_opt 'size' is not possible here: '/dev/shm' is on tmpfs, which has no project quotas"));
}
