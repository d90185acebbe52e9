#include "volumes/staged_tree.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"
#include "support/random.hpp"

namespace stack::volumes {
namespace {

constexpr const char* prefix = "volume-";

/// Makes and locks it. A sweep may take a folder between the two; then there is another one.
UniqueFd make_locked(const Paths& paths, std::filesystem::path& folder) {
    std::filesystem::create_directories(paths.temporary());
    while (true) {
        folder = paths.temporary() / (prefix + random_hex(8));
        check(::mkdir(folder.c_str(), 0700), [&] { return fmt::format("make the folder '{}'", folder.string()); });
        UniqueFd lock{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (lock) {
            check(::flock(lock.get(), LOCK_EX), [&] { return fmt::format("lock '{}'", folder.string()); });
        }
        if (lock && ::mkdir((folder / "_data").c_str(), 0755) == 0) {
            return lock;
        }
        if (errno != ENOENT) {
            throw SysError(errno, fmt::format("make the folder '{}'", folder.string()));
        }
    }
}

}  // namespace

StagedTree::StagedTree(const Paths& paths) : lock_{make_locked(paths, folder_)} {}

StagedTree::~StagedTree() {
    if (!lock_) {
        return;
    }
    try {
        kernel::remove_tree(folder_);
    } catch (const std::exception& error) {
        log_warning("cannot remove '{}': {}", folder_.string(), error.what());
    }
}

void StagedTree::copy_from(const std::filesystem::path& source) const {
    const auto scratch = folder_ / "scratch";
    std::filesystem::create_directory(scratch);
    const UniqueFd scratch_fd = kernel::open_at(AT_FDCWD, scratch, O_RDONLY | O_DIRECTORY);
    const UniqueFd target = kernel::open_at(AT_FDCWD, data(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    kernel::TreeCopier copier{scratch_fd.get(), {}};
    copier.copy_folder(kernel::LayeredDir::root({source}), target.get());
}

void StagedTree::sync() const {
    check(::syncfs(lock_.get()), [&] { return fmt::format("write '{}' to disk", folder_.string()); });
}

void sweep_staged_trees(const Paths& paths) {
    std::error_code nothing_there;
    for (const auto& item : std::filesystem::directory_iterator{paths.temporary(), nothing_there}) {
        if (!item.path().filename().string().starts_with(prefix)) {
            continue;
        }
        const UniqueFd lock{::open(item.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
            log_info("removing what a killed command left in '{}'", item.path().string());
            kernel::remove_tree(item.path());
        }
    }
}

}  // namespace stack::volumes
