#include "engine/runtime/cdi/edits.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/runtime/cdi/requests.hpp"
#include "support/error.hpp"
#include "support/text.hpp"
#include "volumes/mount_options.hpp"

namespace stack::runtime::cdi {
namespace {

mode_t type_bits(char type) {
    return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

/// The owner that a node gets if the file names none: a user given by number can use his device, others find it as it
/// is on the host.
struct Owner {
    std::optional<std::uint32_t> uid, gid;
};

Owner owner_of(const std::string& user) {
    const auto id = [](std::string_view text) -> std::optional<std::uint32_t> {
        const auto number = parse_uint(text);
        return number && *number > 0 && *number < 0xffffffffU ? std::optional{static_cast<std::uint32_t>(*number)}
                                                              : std::nullopt;
    };
    const size_t colon = user.find(':');
    return {id(user.substr(0, colon)), colon == std::string::npos ? std::nullopt : id(user.substr(colon + 1))};
}

class Applier {
public:
    Applier(std::string device, std::string file, const Owner& owner, DeviceEdits& out)
        : device_{std::move(device)}, file_{std::move(file)}, owner_{owner}, out_{out} {}

    void apply(const Edits& edits) {
        if (!edits.unknown.empty()) {
            throw Error(Errc::unsupported, fmt::format("the CDI device '{}' asks for '{}', which this engine cannot do",
                                                       device_, edits.unknown.front()))
                .hint(fmt::format("it stands in '{}'", file_));
        }
        out_.env.insert(out_.env.end(), edits.env.begin(), edits.env.end());
        for (const DeviceNode& node : edits.nodes) {
            add_node(node);
        }
        for (const Mount& mount : edits.mounts) {
            add_mount(mount);
        }
        for (const std::uint32_t group : edits.groups) {
            if (group != 0) {
                out_.groups.push_back(std::to_string(group));
            }
        }
        for (const Hook& hook : edits.hooks) {
            out_.warnings.push_back(fmt::format(
                "the {} hook '{}' of the CDI device '{}' is not run: this engine runs no hooks of CDI files", hook.name,
                hook.path, device_));
        }
    }

private:
    [[noreturn]] void not_there(const std::string& path) const {
        throw Error(Errc::not_found,
                    fmt::format("the CDI device '{}' needs '{}', which this host does not have", device_, path))
            .hint(fmt::format("it stands in '{}'; write that file anew if the driver has changed", file_));
    }

    void add_node(const DeviceNode& node) {
        DeviceStep step;
        step.path = node.path;
        struct stat host {};
        const bool there = ::stat(node.host_path.c_str(), &host) == 0;
        const bool described = node.type == 'p' || (node.type != 0 && node.major && node.minor);
        if (!there && !described) {
            not_there(node.host_path);
        }
        const mode_t type = node.type != 0 ? type_bits(node.type) : host.st_mode & S_IFMT;
        if (type != S_IFCHR && type != S_IFBLK && type != S_IFIFO) {
            throw Error(Errc::invalid_input,
                        fmt::format("'{}', which the CDI device '{}' names, is not a device", node.host_path, device_));
        }
        step.type_and_mode = type | node.file_mode.value_or(there ? host.st_mode & 07777U : 0666U);
        step.major = node.major.value_or(major(host.st_rdev));
        step.minor = node.minor.value_or(minor(host.st_rdev));
        step.uid = node.uid ? *node.uid : owner_.uid.value_or(host.st_uid);
        step.gid = node.gid ? *node.gid : owner_.gid.value_or(host.st_gid);
        if (type != S_IFIFO && !node.permissions.empty()) {
            out_.rules.push_back({type == S_IFBLK ? 'b' : 'c', step.major, step.minor, node.permissions});
        }
        std::erase_if(out_.nodes, [&](const DeviceStep& other) { return other.path == step.path; });
        out_.nodes.push_back(std::move(step));
    }

    void add_mount(const Mount& mount) {
        MountStep step;
        step.target = mount.container_path;
        std::string rest;
        for (const std::string& option : mount.options) {
            if (option == "bind" || option == "rbind") {
                step.recursive = option == "rbind";
            } else if (option.ends_with("private") || option.ends_with("shared") || option.ends_with("slave")) {
                step.propagation = volumes::propagation_flags(option);
            } else {
                rest += (rest.empty() ? "" : ",") + option;
            }
        }
        const volumes::MountOptions options = volumes::parse_mount_options(rest);
        step.flags = options.flags;
        if (mount.type == "tmpfs") {
            step.kind = MountStep::Kind::tmpfs;
            step.data = options.data;
        } else {
            struct stat host {};
            if (::stat(mount.host_path.c_str(), &host) != 0) {
                not_there(mount.host_path);
            }
            if (!options.data.empty()) {
                throw Error(Errc::unsupported, fmt::format("the CDI device '{}' mounts '{}' with '{}', which is no "
                                                           "option of a bind mount",
                                                           device_, mount.host_path, options.data));
            }
            step.source = mount.host_path;
        }
        std::erase_if(out_.mounts, [&](const MountStep& other) { return other.target == step.target; });
        out_.mounts.push_back(std::move(step));
    }

    std::string device_, file_;
    Owner owner_;
    DeviceEdits& out_;
};

}  // namespace

DeviceEdits device_edits(const desired::ContainerSpec& spec, const std::vector<std::filesystem::path>& folders) {
    DeviceEdits out;
    if (spec.device_requests.empty()) {
        return out;
    }
    const Registry registry{folders};
    const Owner owner = owner_of(spec.user);
    std::set<const Spec*> seen;
    for (const std::string& name : device_names(spec.device_requests, registry)) {
        const Registry::Found found = registry.device(name);
        Applier applier{name, found.spec->file, owner, out};
        if (seen.insert(found.spec).second) {
            applier.apply(found.spec->edits);
        }
        applier.apply(found.device->edits);
    }
    return out;
}

}  // namespace stack::runtime::cdi
