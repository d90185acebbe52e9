#include <algorithm>

#include "engine/runtime/cgroup.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

/// mountinfo writes blanks and backslashes in octal (proc_pid_mountinfo(5)).
std::string unescape(std::string_view field) {
    return replace_all(replace_all(std::string{field}, "\\040", " "), "\\134", "\\");
}

struct MountLine {
    std::string mount_point, type, super_options;
};

/// "36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw": optional fields end with a lone "-".
MountLine parse_line(std::string_view line) {
    const auto fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), std::string_view{"-"});
    if (fields.size() < 6 || fields.end() - dash < 4) {
        return {};
    }
    return {unescape(fields[4]), std::string{dash[1]}, std::string{dash[3]}};
}

}  // namespace

CgroupHost CgroupHost::parse(std::string_view mountinfo, std::string_view v2_controllers) {
    CgroupHost host;
    for (const auto line : split(mountinfo, '\n')) {
        const MountLine mount = parse_line(line);
        if (mount.type == "cgroup2" && host.v2_root_.empty()) {
            host.v2_root_ = mount.mount_point;
        } else if (mount.type == "cgroup") {
            for (const auto option : split(mount.super_options, ',')) {
                if (option.rfind("name=", 0) != 0 && option != "rw" && option != "ro" && option != "xattr") {
                    host.v1_roots_.emplace(std::string{option}, mount.mount_point);
                }
            }
        }
    }
    for (const auto controller : split(trim(v2_controllers), ' ')) {
        if (!controller.empty()) {
            host.v2_controllers_.emplace_back(controller);
        }
    }
    return host;
}

CgroupHost CgroupHost::detect() {
    const std::string mountinfo = read_file("/proc/self/mountinfo");
    CgroupHost host = parse(mountinfo, "");
    if (!host.v2_root_.empty()) {
        return parse(mountinfo, find_file(host.v2_root_ + "/cgroup.controllers").value_or(""));
    }
    return host;
}

std::string CgroupHost::v1_root(std::string_view controller) const {
    const auto found = v1_roots_.find(controller);
    return found == v1_roots_.end() ? std::string{} : found->second;
}

std::vector<std::string> CgroupHost::roots() const {
    std::vector<std::string> roots;
    for (const auto& [controller, root] : v1_roots_) {
        roots.push_back(root);
    }
    if (!v2_root_.empty()) {
        roots.push_back(v2_root_);
    }
    return roots;
}

bool CgroupHost::v2_has(std::string_view controller) const {
    return std::find(v2_controllers_.begin(), v2_controllers_.end(), controller) != v2_controllers_.end();
}

}  // namespace stack::runtime
