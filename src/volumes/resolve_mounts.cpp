#include "volumes/resolve_mounts.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "support/error.hpp"
#include "support/text.hpp"
#include "volumes/mount_options.hpp"

namespace stack::volumes {
namespace {

using desired::Mount;
using Recursive = ResolvedMount::RecursiveReadOnly;

std::string normal_target(const Mount& mount) {
    const auto path = std::filesystem::path{mount.target}.lexically_normal();
    std::string target = path.string();
    while (target.size() > 1 && target.ends_with('/')) {
        target.pop_back();
    }
    if (!target.starts_with('/')) {
        throw Error(Errc::invalid_input, fmt::format("mount target '{}' is not an absolute path", mount.target))
            .at(mount.pos);
    }
    if (target == "/") {
        throw Error(Errc::invalid_input, "a mount cannot cover the container's root '/'").at(mount.pos);
    }
    return target;
}

/// As Docker: a part of a volume or an image is named by a relative path that stays inside, links aside.
void require_inside(const Mount& mount) {
    const std::filesystem::path normal = std::filesystem::path{mount.subpath}.lexically_normal();
    if (normal.is_absolute() || *normal.begin() == "..") {
        throw Error(Errc::invalid_input, fmt::format("the subpath '{}' of the mount at '{}' does not stay inside '{}'",
                                                     mount.subpath, mount.target, mount.source))
            .at(mount.pos)
            .hint("name it from the top of the volume or image, without a '/' in front: 'logs/today'");
    }
}

ResolvedMount base_of(const Mount& mount) {
    ResolvedMount resolved;
    resolved.kind = mount.type;
    resolved.target = normal_target(mount);
    resolved.read_only = mount.read_only;
    if (!mount.subpath.empty()) {
        require_inside(mount);
    }
    resolved.subpath = mount.subpath;
    return resolved;
}

void make_host_folder(const Mount& mount) {
    std::error_code error;
    std::filesystem::create_directories(mount.source, error);
    if (error) {
        throw SysError(error.value(), fmt::format("make the folder '{}' for '{}'", mount.source, mount.target));
    }
}

std::filesystem::path existing_source(const Mount& mount, struct stat& status) {
    if (::stat(mount.source.c_str(), &status) == 0) {
        return mount.source;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        throw SysError(errno, fmt::format("look at the bind source '{}'", mount.source));
    }
    if (!mount.create_host_path) {
        throw Error(Errc::not_found,
                    fmt::format("bind source '{}' for '{}' does not exist", mount.source, mount.target))
            .at(mount.pos)
            .hint("make it, or say 'bind: {create_host_path: true}' to have an empty folder made");
    }
    make_host_folder(mount);
    check(::stat(mount.source.c_str(), &status), [&] { return fmt::format("look at '{}'", mount.source); });
    return mount.source;
}

Recursive recursive_read_only(const Mount& mount) {
    if (!mount.read_only) {
        return Recursive::no;
    }
    if (mount.recursive == "writable") {
        return Recursive::no;
    }
    return mount.recursive == "readonly" ? Recursive::required : Recursive::if_possible;
}

ResolvedMount resolve_bind(const Mount& mount, const MountRequest& request) {
    auto resolved = base_of(mount);
    struct stat status {};
    resolved.source = existing_source(mount, status);
    resolved.source_is_directory = S_ISDIR(status.st_mode);
    resolved.propagation_flags = propagation_flags(mount.propagation);
    resolved.recursive = mount.recursive != "disabled";
    resolved.recursive_read_only = recursive_read_only(mount);
    if (mount.idmap == "owner") {
        resolved.idmap = OwnerMapping{request.uid, request.gid, status.st_uid, status.st_gid};
    } else if (!mount.idmap.empty()) {
        throw Error(Errc::invalid_input, fmt::format("unknown x-idmap '{}'", mount.idmap))
            .at(mount.pos)
            .hint("the one value is 'owner'");
    }
    return resolved;
}

ResolvedMount resolve_tmpfs(const Mount& mount) {
    auto resolved = base_of(mount);
    resolved.type = ResolvedMount::Type::tmpfs;
    // Docker's defaults for --tmpfs: nothing on it runs or opens a device unless the options say so.
    resolved.tmpfs_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    Strings data;
    if (mount.tmpfs_size > 0) {
        data.push_back(fmt::format("size={}", mount.tmpfs_size));
    }
    if (mount.tmpfs_mode) {
        data.push_back(fmt::format("mode={:o}", *mount.tmpfs_mode));
    }
    for (const auto& word : mount.tmpfs_options) {
        const auto options = parse_mount_options(word);
        const auto cleared = parse_mount_options("nosuid,nodev,noexec,ro," + word).flags;
        resolved.tmpfs_flags &= cleared | ~static_cast<unsigned long>(MS_NOSUID | MS_NODEV | MS_NOEXEC);
        resolved.tmpfs_flags |= options.flags & ~static_cast<unsigned long>(MS_RDONLY);
        resolved.read_only = resolved.read_only || (options.flags & MS_RDONLY) != 0;
        if (!options.data.empty()) {
            data.push_back(options.data);
        }
    }
    resolved.tmpfs_data = join(data, ",");
    return resolved;
}

ResolvedMount resolve_image(const Mount& mount, const MountRequest& request) {
    if (!request.layers_of_image) {
        throw Error(Errc::unsupported, "a mount of type image is not possible here").at(mount.pos);
    }
    auto resolved = base_of(mount);
    resolved.type = ResolvedMount::Type::overlay;
    resolved.layers = request.layers_of_image(mount.source);
    resolved.read_only = true;
    return resolved;
}

Volume volume_of(VolumeStore& store, const Mount& mount, const std::string& target, const MountRequest& request) {
    if (!mount.source.empty()) {
        if (auto volume = store.find(mount.source)) {
            return *volume;
        }
        desired::VolumeSpec spec;
        spec.name = mount.source;
        spec.pos = mount.pos;
        return store.ensure(spec);
    }
    const auto previous = request.previous_anonymous.find(target);
    if (previous != request.previous_anonymous.end()) {
        if (auto volume = store.find(previous->second)) {
            return *volume;
        }
    }
    return store.create_anonymous(mount.labels);
}

ResolvedMount resolve_volume(VolumeStore& store, const Mount& mount, const MountRequest& request) {
    auto resolved = base_of(mount);
    const auto volume = volume_of(store, mount, resolved.target, request);
    resolved.volume = volume.name;
    resolved.anonymous = volume.anonymous;
    resolved.source =
        while_doing(fmt::format("prepare volume '{}'", volume.name), [&] { return store.prepare(volume); });
    resolved.propagation_flags = propagation_flags(mount.propagation);
    resolved.recursive_read_only = recursive_read_only(mount);
    const bool is_our_folder = resolved.source == volume.mountpoint;
    resolved.wants_copy_up = is_our_folder && !mount.nocopy && mount.subpath.empty();
    if (!mount.subpath.empty() && request.starts) {
        // Compose and Docker: the subpath must be there; it may be a file.
        const auto inside = resolved.source / std::filesystem::path{mount.subpath}.relative_path();
        struct stat status {};
        if (::lstat(inside.c_str(), &status) != 0) {
            throw Error(Errc::not_found, fmt::format("volume '{}' has no '{}' (subpath)", volume.name, mount.subpath))
                .at(mount.pos);
        }
        resolved.source_is_directory = !S_ISREG(status.st_mode);
    }
    return resolved;
}

ResolvedMount resolve_one(VolumeStore& store, const Mount& mount, const MountRequest& request) {
    switch (mount.type) {
        case Mount::Type::bind:
            return resolve_bind(mount, request);
        case Mount::Type::tmpfs:
            return resolve_tmpfs(mount);
        case Mount::Type::image:
            return resolve_image(mount, request);
        case Mount::Type::volume:
            break;
    }
    return resolve_volume(store, mount, request);
}

}  // namespace

std::vector<ResolvedMount> resolve_mounts(VolumeStore& store, const MountRequest& request) {
    std::set<std::string> taken;
    for (const auto& mount : request.mounts) {
        if (!taken.insert(normal_target(mount)).second) {
            throw Error(Errc::invalid_input, fmt::format("two mounts on '{}'", mount.target)).at(mount.pos);
        }
    }
    std::vector<ResolvedMount> resolved;
    for (const auto& mount : request.mounts) {
        resolved.push_back(resolve_one(store, mount, request));
    }
    for (const auto& mount : request.inherited) {
        if (taken.insert(normal_target(mount)).second) {
            resolved.push_back(resolve_one(store, mount, request));
            resolved.back().anonymous = false;  // it goes with the container that it was made for
        }
    }
    for (const auto& target : request.image_volumes) {
        Mount mount;
        mount.target = target;
        if (taken.insert(normal_target(mount)).second) {
            resolved.push_back(resolve_volume(store, mount, request));
        }
    }
    // Parents before children; what has the same depth keeps its order.
    std::ranges::stable_sort(resolved, {},
                             [](const ResolvedMount& mount) { return std::ranges::count(mount.target, '/'); });
    return resolved;
}

}  // namespace stack::volumes
