#include "build/layer_writer.hpp"

#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr int open_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

void set_times(int fd, const timespec& access, const timespec& modification) {
    const std::array<timespec, 2> times{access, modification};
    check(::futimens(fd, times.data()), [] { return "set the times of a folder"; });
}

void mirror(const kernel::LayeredDir& below, int fresh, struct stat& status) {
    check(::fstat(below.fd(), &status), [] { return "stat a folder of a layer"; });
    check(::fchown(fresh, status.st_uid, status.st_gid), [] { return "change the owner of a folder"; });
    kernel::copy_xattrs(below.fd(), fresh);
    check(::fchmod(fresh, status.st_mode & 07777), [] { return "change the mode of a folder"; });
}

}  // namespace

LayerWriter::LayerWriter(std::vector<std::filesystem::path> lower, const std::filesystem::path& staged)
    : lower_{std::move(lower)}, staged_{staged} {
    if (!lower_.empty()) {
        // The root folder's own attributes belong to every layer.
        struct stat status {};
        const auto root = kernel::LayeredDir::root(lower_);
        const UniqueFd fresh = kernel::open_at(AT_FDCWD, staged_, open_folder);
        mirror(root, fresh.get(), status);
        mirrored_.emplace_back("", status);
    }
}

std::vector<std::filesystem::path> LayerWriter::view() const {
    auto layers = lower_;
    layers.push_back(staged_);
    return layers;
}

kernel::ResolvedPath LayerWriter::resolve(const std::string& path) const {
    return kernel::resolve_in_layers(kernel::LayeredDir::root(view()), path);
}

UniqueFd LayerWriter::ensure_folder(const std::string& path, const NewFolder& fresh) {
    const auto resolved = resolve(path);
    if (resolved.exists && !S_ISDIR(resolved.status.st_mode)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a folder in the image", path));
    }
    std::optional<kernel::LayeredDir> below;
    if (!lower_.empty()) {
        below = kernel::LayeredDir::root(lower_);
    }
    UniqueFd here = kernel::open_at(AT_FDCWD, staged_, open_folder);
    std::string walked;
    for (const auto part : split(resolved.path, '/')) {
        if (part.empty()) {
            continue;
        }
        const std::string name{part};
        walked += "/" + name;
        below = below ? below->enter(name) : std::nullopt;
        const bool is_new = ::mkdirat(here.get(), name.c_str(), 0700) == 0;
        if (!is_new && errno != EEXIST) {
            throw SysError(errno, fmt::format("make the folder '{}' in a layer", walked));
        }
        UniqueFd next = kernel::open_at(here.get(), name, open_folder);
        if (is_new && below) {
            struct stat status {};
            mirror(*below, next.get(), status);
            mirrored_.emplace_back(walked, status);
        } else if (is_new) {
            check(::fchown(next.get(), fresh.owner.first, fresh.owner.second),
                  [&] { return fmt::format("change the owner of '{}'", walked); });
            check(::fchmod(next.get(), fresh.mode), [&] { return fmt::format("change the mode of '{}'", walked); });
            if (fresh.time) {
                set_times(next.get(), *fresh.time, *fresh.time);
            }
        }
        here = std::move(next);
    }
    return here;
}

void LayerWriter::restore_times() const {
    for (auto folder = mirrored_.rbegin(); folder != mirrored_.rend(); ++folder) {
        const UniqueFd fd = kernel::open_at(AT_FDCWD, staged_.string() + folder->first, open_folder);
        set_times(fd.get(), folder->second.st_atim, folder->second.st_mtim);
    }
}

}  // namespace stack::build
