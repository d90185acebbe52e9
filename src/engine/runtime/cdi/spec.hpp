#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stack::runtime::cdi {

/// Container Device Interface (cncf-tags/container-device-interface, SPEC.md 1.0): files in which a vendor says what a
/// container needs to use a device.
struct DeviceNode {
    std::string path;       ///< in the container
    std::string host_path;  ///< `path` if the file does not say
    char type{0};           ///< 'b', 'c', 'p'; 0: as the host's node is
    std::optional<std::uint32_t> major, minor, file_mode, uid, gid;
    std::string permissions{"rwm"};
};

struct Mount {
    std::string host_path, container_path;
    std::string type;  ///< "", "bind" or "tmpfs"
    std::vector<std::string> options;
};

struct Hook {
    std::string name, path;
};

/// `containerEdits` of a device, or of a file for all of its devices.
struct Edits {
    std::vector<std::string> env;
    std::vector<DeviceNode> nodes;
    std::vector<Mount> mounts;
    std::vector<Hook> hooks;
    std::vector<std::uint32_t> groups;
    std::vector<std::string> unknown;  ///< keys that mean nothing to this engine: whoever asks for the device is told
};

struct Device {
    std::string name;
    Edits edits;
};

struct Spec {
    std::string file;
    std::string kind;  ///< "vendor.com/class"
    Edits edits;
    std::vector<Device> devices;

    std::string_view vendor() const { return std::string_view{kind}.substr(0, kind.find('/')); }
    std::string_view device_class() const { return std::string_view{kind}.substr(kind.find('/') + 1); }
    const Device* find(std::string_view name) const;
};

/// Reads the text of one file. Throws Errc::invalid_input with the file's name and the place in it.
Spec parse_spec(std::string_view text, const std::string& file);

}  // namespace stack::runtime::cdi
