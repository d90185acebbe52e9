#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace stack::runtime {

/// `cp` and the archive calls of a container, running (open_running_root) or not (mount_rootfs_private). Every name is
/// resolved inside `root` by openat2(RESOLVE_IN_ROOT) at each step, so that a container which changes links meanwhile
/// can only mislead the copy to another place inside itself.

struct PathStat {
    std::string name;  ///< last component
    mode_t mode{0};
    std::int64_t size{0};
    std::int64_t mtime{0};
    std::string link_target;  ///< of a symbolic link
};

/// Throws Errc::not_found. `follow`: what a link at the end points to.
PathStat stat_in_root(int root, const std::string& path, bool follow);

/// Writes a tar of what lies at `path` to `out`: one entry of its last component's name, and what is below. A path that
/// ends in "/." gives the folder's content under ".". Sockets are left out. Owners are numbers; of extended attributes
/// capabilities and user.* are kept. `name`, if not empty, is the entry's instead.
void copy_out(int root, const std::string& path, int out, bool follow, const std::string& name = {});

/// The tar of all that lies in `root`, names as they are below it ("etc/passwd"), as `export` gives it.
void copy_out_all(int root, int out);

struct CopyInOptions {
    bool no_overwrite_dir_non_dir{false};  ///< a folder never replaces a file, nor the other way round
    bool keep_owner{false};                ///< `cp -a`: as the tar says; else `uid` and `gid` own everything
    uid_t uid{0};
    gid_t gid{0};
};

/// Unpacks a tar from `in`, an untrusted source, into the folder `path`. Throws Errc::not_found if there is no such
/// folder, Errc::invalid_input for names that lead out of it.
void copy_in(int root, const std::string& path, int in, const CopyInOptions& options);

}  // namespace stack::runtime
