#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stack::volumes {

/// Options as mount(8) takes them after -o, cut into what mount(2) wants as flags and what the file system reads.
struct MountOptions {
    unsigned long flags{0};  ///< MS_*
    std::string data;        ///< "size=64m,mode=1777"
};

/// "ro,noexec,size=64m". Words that are not flags go to `data` as they are.
MountOptions parse_mount_options(std::string_view text);

/// What the kernel reads of an NFS mount's options: `addr=` with a number. A name there is looked up (as Docker does);
/// where there is no `addr=` it is the host of the device, "HOST:/export" (as mount.nfs(8) does). Throws Errc::network
/// if the name cannot be resolved.
std::string nfs_options(const std::string& device, const std::string& data);

/// MS_* for the names of compose and mount(8): "", private, rprivate, shared, rshared, slave, rslave, unbindable,
/// runbindable. "" is rprivate. Throws Errc::invalid_input on anything else.
unsigned long propagation_flags(const std::string& name);

/// Throws Errc::invalid_input if there is an option that the driver `local` does not know.
void check_driver_options(const std::map<std::string, std::string>& options);

}  // namespace stack::volumes
