#include "engine/runtime/plan_mounts.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/runtime/default_mounts.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

namespace fs = std::filesystem;
using volumes::ResolvedMount;

/// Everybody keeps his id, but the two owners change places: an id can be mapped only once.
std::vector<IdMapping> swapped(std::uint32_t inside, std::uint32_t outside) {
    constexpr std::uint32_t last = 0xfffffffe;  // (uid_t)-1 is nobody's
    if (inside == outside) {
        return {{0, 0, last + 1}};
    }
    const std::uint32_t low = std::min(inside, outside), high = std::max(inside, outside);
    std::vector<IdMapping> map{{low, high, 1}, {high, low, 1}};
    const auto keep = [&](std::uint32_t first, std::uint32_t end) {
        if (end > first) {
            map.push_back({first, first, end - first});
        }
    };
    keep(0, low);
    keep(low + 1, high);
    keep(high + 1, last + 1);
    return map;
}

MountStep step_of(const ResolvedMount& mount) {
    MountStep step;
    step.target = mount.target;
    step.subpath = mount.subpath;
    step.flags = mount.read_only ? MS_RDONLY : 0;
    switch (mount.type) {
        case ResolvedMount::Type::tmpfs:
            step.kind = MountStep::Kind::tmpfs;
            step.flags |= mount.tmpfs_flags;
            step.data = mount.tmpfs_data;
            break;
        case ResolvedMount::Type::overlay:
            step.kind = MountStep::Kind::overlay;
            step.layers.assign(mount.layers.begin(), mount.layers.end());
            step.flags |= MS_RDONLY;
            break;
        case ResolvedMount::Type::bind:
            step.source = mount.source;
            step.recursive = mount.recursive;
            step.recursive_ro = mount.read_only && mount.recursive_read_only != ResolvedMount::RecursiveReadOnly::no;
            step.propagation = mount.propagation_flags;
            if (mount.idmap) {
                step.uid_map = swapped(mount.idmap->inside_uid, mount.idmap->outside_uid);
                step.gid_map = swapped(mount.idmap->inside_gid, mount.idmap->outside_gid);
            }
            break;
    }
    return step;
}

std::string normal(const std::string& target) {
    std::string text = fs::path{target}.lexically_normal();
    while (text.size() > 1 && text.back() == '/') {
        text.pop_back();
    }
    return text;
}

std::vector<MountStep> engine_files(const LaunchInput& input) {
    std::vector<MountStep> files;
    for (const char* name : {"hosts", "hostname", "resolv.conf"}) {
        const fs::path file = input.run_dir / name;
        std::error_code ignored;
        if (!input.run_dir.empty() && fs::exists(file, ignored)) {
            MountStep step;
            step.source = file;
            step.target = fmt::format("/etc/{}", name);
            step.recursive = false;
            files.push_back(std::move(step));
        }
    }
    return files;
}

/// Of several mounts at one place the last one counts, and the others are not made.
std::vector<MountStep> last_of_each_target(std::vector<MountStep> mounts) {
    std::set<std::string> seen;
    std::vector<MountStep> kept;
    for (auto step = mounts.rbegin(); step != mounts.rend(); ++step) {
        if (seen.insert(normal(step->target)).second) {
            kept.push_back(std::move(*step));
        }
    }
    std::reverse(kept.begin(), kept.end());
    return kept;
}

DeviceStep device_step(const fs::path& host, const std::string& path) {
    struct stat info {};
    check(::stat(host.c_str(), &info), [&] { return fmt::format("look at the device '{}'", host.string()); });
    if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a device", host.string()));
    }
    return {path, info.st_mode, major(info.st_rdev), minor(info.st_rdev), info.st_uid, info.st_gid};
}

void add_device_folder(std::vector<DeviceStep>& devices, const fs::path& folder, const std::string& target) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        struct stat info {};
        if (::lstat(entry.path().c_str(), &info) == 0 && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))) {
            devices.push_back(device_step(entry.path(), target + "/" + fs::relative(entry.path(), folder).string()));
        }
    }
}

/// Docker gives privileged containers all of the host's nodes, serial lines and consoles too, but not what /dev has
/// anyway.
bool belongs_to_every_container(const fs::path& path) {
    static constexpr std::array<std::string_view, 10> names = {"null", "zero",    "full", "random", "urandom",
                                                               "tty",  "console", "ptmx", "pts",    "shm"};
    return std::find(names.begin(), names.end(), path.filename().string()) != names.end();
}

void add_host_devices(std::vector<DeviceStep>& devices) {
    std::vector<DeviceStep> found;
    for (auto entry = fs::recursive_directory_iterator("/dev", fs::directory_options::skip_permission_denied);
         entry != fs::recursive_directory_iterator(); ++entry) {
        const fs::path& path = entry->path();
        const std::string name = path.filename();
        if (entry.depth() == 0 && (belongs_to_every_container(path) || name == "mqueue" || name == "fd")) {
            entry.disable_recursion_pending();
            continue;
        }
        struct stat info {};
        if (::lstat(path.c_str(), &info) == 0 && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))) {
            found.push_back(device_step(path, path));
        }
    }
    devices.insert(devices.end(), found.begin(), found.end());
}

}  // namespace

std::vector<MountStep> plan_mounts(const LaunchInput& input, const NamespacePlan& namespaces) {
    std::vector<MountStep> mounts = default_mounts(input.spec, namespaces, input.cgroup);
    // Before the user's, which may stand in the same place. A volume at /etc is below our files there, not above them.
    std::vector<MountStep> wanted = engine_files(input);
    wanted.insert(wanted.end(), input.device_edits.mounts.begin(), input.device_edits.mounts.end());
    for (const ResolvedMount& mount : input.mounts) {
        wanted.push_back(step_of(mount));
    }
    wanted = last_of_each_target(std::move(wanted));
    for (const MountStep& step : wanted) {
        std::erase_if(mounts, [&](const MountStep& other) { return normal(other.target) == normal(step.target); });
    }
    std::stable_sort(wanted.begin(), wanted.end(), [](const MountStep& a, const MountStep& b) {
        const std::string first = normal(a.target), second = normal(b.target);
        return std::count(first.begin(), first.end(), '/') < std::count(second.begin(), second.end(), '/');
    });
    mounts.insert(mounts.end(), std::make_move_iterator(wanted.begin()), std::make_move_iterator(wanted.end()));
    return mounts;
}

std::vector<DeviceStep> plan_devices(const desired::ContainerSpec& spec) {
    std::vector<DeviceStep> devices;
    if (spec.privileged) {
        add_host_devices(devices);
    }
    for (const desired::Device& device : spec.devices) {
        const std::string target = device.container_path.empty() ? device.host_path : device.container_path;
        std::error_code error;
        if (fs::is_directory(device.host_path, error)) {
            add_device_folder(devices, device.host_path, target);
            continue;
        }
        if (!fs::exists(device.host_path, error)) {
            throw Error(Errc::not_found, fmt::format("this host has no device '{}'", device.host_path));
        }
        devices.push_back(device_step(device.host_path, target));
    }
    return devices;
}

}  // namespace stack::runtime
