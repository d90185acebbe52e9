// The `local` driver's options type, o and device: what mount(8) would be given by hand.
#include <cerrno>
#include <map>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/kernel/mounts.hpp"
#include "support/text.hpp"
#include "volumes/mount_options.hpp"
#include "volumes/tree_size.hpp"
#include "volumes/volume_store.hpp"

namespace stack::volumes {
namespace {

std::string option(const Volume& volume, const std::string& key) {
    const auto found = volume.driver_opts.find(key);
    return found == volume.driver_opts.end() ? std::string{} : found->second;
}

bool is_mount_point(const std::filesystem::path& path) {
    struct stat self {};
    struct stat parent {};
    check(::stat(path.c_str(), &self), [&] { return fmt::format("stat '{}'", path.string()); });
    check(::stat(path.parent_path().c_str(), &parent),
          [&] { return fmt::format("stat the parent of '{}'", path.string()); });
    return self.st_dev != parent.st_dev;
}

void mount_volume(const Volume& volume, const std::string& type, const std::string& device,
                  const MountOptions& options) {
    const std::string data = type.starts_with("nfs") ? nfs_options(device, options.data) : options.data;
    try {
        kernel::mount_at(device.empty() ? type : device, volume.mountpoint, type, options.flags, data);
    } catch (const SysError& error) {
        if (error.err() != ENODEV) {
            throw;
        }
        throw Error(Errc::unsupported,
                    fmt::format("cannot mount volume '{}': this kernel has no file system '{}'", volume.name, type))
            .hint(fmt::format("load its module ('modprobe {}'), or look whether 'type' is spelled right", type));
    }
}

}  // namespace

std::filesystem::path VolumeStore::prepare(const Volume& volume) const {
    std::filesystem::create_directories(volume.mountpoint);
    if (volume.driver_opts.empty()) {
        return volume.mountpoint;
    }
    check_driver_options(volume.driver_opts);
    const std::string type = option(volume, "type");
    const std::string device = option(volume, "device");
    const auto options = parse_mount_options(option(volume, "o"));
    if ((options.flags & MS_BIND) != 0) {
        if (!std::filesystem::exists(device)) {
            throw Error(Errc::not_found, fmt::format("device '{}' of volume '{}' does not exist", device, volume.name))
                .hint("make that folder first: the local driver does not");
        }
        return device;
    }
    if (type.empty() || (device.empty() && type != "tmpfs")) {
        throw Error(Errc::invalid_input,
                    fmt::format("volume '{}' needs 'type' and 'device' in its driver_opts", volume.name));
    }
    const auto lock = kernel::FileLock::acquire(volume.mountpoint.parent_path() / "mount.lock");
    if (!is_mount_point(volume.mountpoint)) {
        while_doing(fmt::format("mount volume '{}'", volume.name),
                    [&] { mount_volume(volume, type, device, options); });
    }
    return volume.mountpoint;
}

void VolumeStore::release(const Volume& volume) const {
    if (!volume.driver_opts.empty() && std::filesystem::exists(volume.mountpoint) &&
        is_mount_point(volume.mountpoint)) {
        kernel::unmount(volume.mountpoint, 0);
    }
}

std::int64_t VolumeStore::size_on_disk(const Volume& volume) const {
    return std::filesystem::exists(volume.mountpoint) ? tree_size(volume.mountpoint) : 0;
}

}  // namespace stack::volumes
