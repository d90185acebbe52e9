#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/cdi/spec.hpp"

namespace stack::runtime::cdi {

/// Where vendors lay their files, the last one winning: /etc/cdi and /var/run/cdi, or what STACK_CDI_DIRS names (with
/// colons between; read by the supervisor when it starts).
std::vector<std::filesystem::path> folders();

/// All CDI files of this host. They are read anew for each container that asks for a device: drivers come and go.
class Registry {
public:
    /// Folders that are not there are passed over; files that cannot be read are remembered for the message that a
    /// device was not found.
    explicit Registry(const std::vector<std::filesystem::path>& folders);

    struct Found {
        const Spec* spec{nullptr};
        const Device* device{nullptr};
    };
    /// By its full name, "vendor.com/class=name". Throws Errc::not_found, Errc::conflict if two files of one folder
    /// have it, Errc::invalid_input if it is no such name.
    Found device(std::string_view name) const;

    /// Kinds of a class ("gpu"), each once, in alphabetical order.
    std::vector<std::string> kinds_of_class(std::string_view device_class) const;
    /// For messages: the folders, the devices that there are and the files that could not be read.
    std::string describe() const;

private:
    void read_folder(const std::filesystem::path& folder);

    std::vector<std::filesystem::path> folders_;
    std::vector<std::vector<Spec>> specs_;  ///< per folder, the winning one last
    std::vector<std::string> problems_;
};

}  // namespace stack::runtime::cdi
