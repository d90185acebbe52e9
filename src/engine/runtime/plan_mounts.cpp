#include "engine/runtime/plan_mounts.hpp"

#include <algorithm>
#include <array>

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
using desired::Mount;

std::uint64_t propagation_flags(const std::string& name, const std::string& target) {
    struct Word {
        const char* name;
        std::uint64_t flags;
    };
    static constexpr std::array<Word, 7> words = {{{"", MS_PRIVATE | MS_REC},
                                                   {"private", MS_PRIVATE},
                                                   {"rprivate", MS_PRIVATE | MS_REC},
                                                   {"slave", MS_SLAVE},
                                                   {"rslave", MS_SLAVE | MS_REC},
                                                   {"shared", MS_SHARED},
                                                   {"rshared", MS_SHARED | MS_REC}}};
    for (const Word& word : words) {
        if (name == word.name) {
            return word.flags;
        }
    }
    throw Error(Errc::invalid_input, fmt::format("unknown propagation '{}' of the mount at '{}'", name, target));
}

/// `tmpfs: /run:size=64m,mode=1777,noexec`: words that are mount flags, and those that go to the file system.
void add_tmpfs_option(MountStep& step, std::string_view word) {
    struct Word {
        const char* name;
        std::uint64_t set, clear;
    };
    static constexpr std::array<Word, 14> words = {{{"ro", MS_RDONLY, 0},
                                                    {"rw", 0, MS_RDONLY},
                                                    {"exec", 0, MS_NOEXEC},
                                                    {"noexec", MS_NOEXEC, 0},
                                                    {"suid", 0, MS_NOSUID},
                                                    {"nosuid", MS_NOSUID, 0},
                                                    {"dev", 0, MS_NODEV},
                                                    {"nodev", MS_NODEV, 0},
                                                    {"sync", MS_SYNCHRONOUS, 0},
                                                    {"noatime", MS_NOATIME, 0},
                                                    {"relatime", MS_RELATIME, 0},
                                                    {"strictatime", MS_STRICTATIME, 0},
                                                    {"dirsync", MS_DIRSYNC, 0},
                                                    {"defaults", 0, 0}}};
    for (const Word& known : words) {
        if (word == known.name) {
            step.flags = (step.flags | known.set) & ~known.clear;
            return;
        }
    }
    static constexpr std::array<std::string_view, 8> data = {
        "size=", "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks=", "mpol=", "huge="};
    if (std::none_of(data.begin(), data.end(), [&](std::string_view key) { return word.rfind(key, 0) == 0; })) {
        throw Error(Errc::invalid_input, fmt::format("unknown tmpfs option '{}' for '{}'", word, step.target));
    }
    step.data += (step.data.empty() ? "" : ",") + std::string{word};
}

MountStep tmpfs_step(const ResolvedMount& mount) {
    MountStep step;
    step.kind = MountStep::Kind::tmpfs;
    step.target = mount.target;
    step.flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;  // as Docker mounts them
    if (mount.tmpfs_size > 0) {
        step.data = fmt::format("size={}", mount.tmpfs_size);
    }
    if (mount.tmpfs_mode) {
        step.data += fmt::format("{}mode={:o}", step.data.empty() ? "" : ",", *mount.tmpfs_mode);
    }
    for (const std::string& option : mount.tmpfs_options) {
        for (const auto word : split(option, ',')) {
            if (!word.empty()) {
                add_tmpfs_option(step, word);
            }
        }
    }
    if (mount.read_only) {
        step.flags |= MS_RDONLY;
    }
    return step;
}

MountStep bind_step(const ResolvedMount& mount) {
    MountStep step;
    step.source = mount.source;
    step.target = mount.target;
    step.flags = mount.read_only ? MS_RDONLY : 0;
    step.recursive = mount.recursive != "disabled";
    // Docker 25: read-only goes for what is mounted below too, unless "writable" is asked for.
    step.recursive_ro = mount.read_only && mount.recursive != "writable";
    step.propagation = propagation_flags(mount.propagation, mount.target);
    step.idmap_owner = !mount.idmap.empty();
    return step;
}

MountStep step_of(const ResolvedMount& mount) {
    if (mount.target.empty() || mount.target.front() != '/' || mount.target == "/") {
        throw Error(Errc::invalid_input,
                    fmt::format("'{}' is no place for a mount: it must be absolute and not '/'", mount.target));
    }
    return mount.type == Mount::Type::tmpfs ? tmpfs_step(mount) : bind_step(mount);
}

std::string normal(const std::string& target) {
    std::string text = fs::path{target}.lexically_normal();
    while (text.size() > 1 && text.back() == '/') {
        text.pop_back();
    }
    return text;
}

void add_engine_files(std::vector<MountStep>& mounts, const LaunchInput& input) {
    for (const char* name : {"hosts", "hostname", "resolv.conf"}) {
        const fs::path file = input.run_dir / name;
        std::error_code ignored;
        if (!input.run_dir.empty() && fs::exists(file, ignored)) {
            MountStep step;
            step.source = file;
            step.target = fmt::format("/etc/{}", name);
            step.recursive = false;
            mounts.push_back(std::move(step));
        }
    }
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

/// Docker gives privileged containers the host's nodes, but not its terminals and not what /dev has anyway.
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
        if (entry.depth() == 0 &&
            (belongs_to_every_container(path) || name == "mqueue" || name == "fd" || name.rfind("tty", 0) == 0)) {
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
    add_engine_files(mounts, input);
    std::vector<MountStep> wanted;
    for (const ResolvedMount& mount : input.mounts) {
        wanted.push_back(step_of(mount));
    }
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
