#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace stack::runtime {

struct ResolvedUser {
    uid_t uid{0};
    gid_t gid{0};
    std::vector<gid_t> groups;  ///< supplementary, with `gid`
    std::string home{"/"};
};

/// passwd(5) and group(5) as text. Lines that are not whole are skipped.
struct UserFiles {
    std::string passwd, group;
};
/// From /etc of a root.
UserFiles read_user_files(int root);

/// Docker's rules for `user`: "", "name", "uid", "name:group", "uid:gid". Names must be in the files; numbers need
/// not. Without a group, the passwd entry's, and all groups that list the user. `additional` (group_add) are names or
/// numbers. Throws Errc::not_found ("no user 'web' in the image's /etc/passwd").
ResolvedUser resolve_user(const UserFiles& files, const std::string& user, const std::vector<std::string>& additional);

/// One name or number of an owner; empty = 0.
uid_t resolve_uid(const UserFiles& files, const std::string& user);
gid_t resolve_gid(const UserFiles& files, const std::string& group);

}  // namespace stack::runtime
