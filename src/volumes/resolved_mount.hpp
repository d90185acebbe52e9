#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"

namespace stack::volumes {

/// Ids are shifted on an idmapped mount (mount_setattr(2), Linux 5.12): `inside_*` as the container sees a file's
/// owner, `outside_*` as the disk has it.
struct OwnerMapping {
    std::uint32_t inside_uid{0}, inside_gid{0};
    std::uint32_t outside_uid{0}, outside_gid{0};
};

/// One mount of a container with every name resolved: the runtime does only system calls from here on.
/// Order in a list is the order of mounting: parents before children.
struct ResolvedMount {
    enum class Type {
        bind,    ///< bind `source` (a volume's folder, too) to `target`
        tmpfs,   ///< a new tmpfs with `tmpfs_data`
        overlay  ///< read-only overlay of `layers`: a mount of type image
    };
    Type type{Type::bind};
    /// What the user asked for; for inspect.
    desired::Mount::Type kind{desired::Mount::Type::bind};
    std::string volume;  ///< name of the volume, empty for the other kinds
    bool anonymous{false};

    std::filesystem::path source;  ///< bind: absolute path on the host
    bool source_is_directory{true};
    std::vector<std::filesystem::path> layers;  ///< overlay: lowest first
    /// Below `source` or the overlay; to be opened with openat2(RESOLVE_IN_ROOT), because a container may have put a
    /// symbolic link there. Empty: the whole.
    std::string subpath;

    std::string target;  ///< absolute path in the container
    bool read_only{false};
    /// Submounts of a read-only bind become read-only too (mount_setattr(2) with AT_RECURSIVE, Linux 5.12).
    /// `required`: without that call the container must not start.
    enum class RecursiveReadOnly { no, if_possible, required };
    RecursiveReadOnly recursive_read_only{RecursiveReadOnly::if_possible};
    bool recursive{true};  ///< bind: with the source's submounts (MS_REC)
    unsigned long
        propagation_flags{};  ///< MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, with MS_REC for the r… kinds

    std::string tmpfs_data;             ///< "size=67108864,mode=1777"
    unsigned long tmpfs_flags{};        ///< MS_NOSUID, MS_NODEV, MS_NOEXEC …
    std::optional<OwnerMapping> idmap;  ///< bind only
    /// A volume that may still want the image's content at `target`: see copy_up.hpp.
    bool wants_copy_up{false};
};

}  // namespace stack::volumes
