#include "volumes/copy_up.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::volumes {
namespace {

// volumes/<name>/
//   _data/         what containers see
//   copy-up.lock   flock: one copy at a time
//   copying        there from before the first file is copied until after the last one
//   staging/       files being written, renamed into _data when whole
constexpr const char* lock_name = "copy-up.lock";
constexpr const char* marker_name = "copying";
constexpr const char* staging_name = "staging";

CopyUpResult copy_all(const kernel::LayeredDir& from, const std::filesystem::path& volume,
                      const std::filesystem::path& data) {
    const auto staging = volume / staging_name;
    kernel::remove_tree(staging);
    std::filesystem::create_directory(staging);
    const UniqueFd staging_fd = kernel::open_at(AT_FDCWD, staging, O_RDONLY | O_DIRECTORY);
    const UniqueFd data_fd = kernel::open_at(AT_FDCWD, data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    kernel::CopyOptions options;
    options.keep_existing = true;
    kernel::TreeCopier copier{staging_fd.get(), options};
    copier.copy_folder(from, data_fd.get());
    kernel::remove_tree(staging);
    return {copier.files(), copier.bytes()};
}

}  // namespace

CopyUpResult copy_up(const ResolvedMount& mount, const std::vector<std::filesystem::path>& layers) {
    if (!mount.wants_copy_up || layers.empty()) {
        return {};
    }
    const auto volume = mount.source.parent_path();
    const auto marker = volume / marker_name;
    // Nearly every start meets a volume with content: it pays for two lookups and no lock.
    if (!std::filesystem::exists(marker) && !std::filesystem::is_empty(mount.source)) {
        return {};
    }
    const auto from = kernel::open_layered_dir(layers, mount.target);
    if (!from) {
        return {};
    }
    return while_doing(fmt::format("copy the image's '{}' into volume '{}'", mount.target, mount.volume), [&] {
        const auto lock = kernel::FileLock::acquire(volume / lock_name);
        if (!std::filesystem::exists(marker) && !std::filesystem::is_empty(mount.source)) {
            return CopyUpResult{};  // another start was here first
        }
        write_file(marker, {});
        const auto result = copy_all(*from, volume, mount.source);
        std::filesystem::remove(marker);
        return result;
    });
}

void copy_up_all(const std::vector<ResolvedMount>& mounts, const std::vector<std::filesystem::path>& layers) {
    for (const auto& mount : mounts) {
        copy_up(mount, layers);
    }
}

}  // namespace stack::volumes
