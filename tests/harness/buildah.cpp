#include "harness/buildah.hpp"

namespace stack::testing {
namespace {

/// Buildah starts by executing itself from a sealed memfd. The kernel refuses the seal with EBUSY while anything else
/// holds a page of it (mm/memfd.c, memfd_wait_for_pins), as reclaim does on a host that watches its memory. Nothing
/// has been done by then, so that it is only to be started again.
bool could_not_start(const Result& result) {
    return result.exit_code != 0 && result.err.find("sealing memfd copy: Device or resource busy") != std::string::npos;
}

constexpr int starts = 50;

}  // namespace

bool Buildah::is_installed() {
    return testing::run({.argv = {"sh", "-c", "command -v buildah"}}).exit_code == 0;
}

Result Buildah::run(std::vector<std::string> words, const std::filesystem::path& cwd) const {
    const auto store = (folder_ / "buildah").string();
    words.insert(words.begin(),
                 {"buildah", "--root", store + "/root", "--runroot", store + "/run", "--storage-driver", "vfs"});
    const Command command{.argv = words, .cwd = cwd};
    Result result = testing::run(command);
    for (int start = 1; start < starts && could_not_start(result); ++start) {
        result = testing::run(command);
    }
    return result;
}

}  // namespace stack::testing
