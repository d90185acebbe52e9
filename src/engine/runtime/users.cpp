#include "engine/runtime/users.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "engine/runtime/root_paths.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

std::optional<std::uint32_t> parse_id(std::string_view text) {
    const auto number = parse_uint(text);
    if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*number);
}

struct PasswdEntry {
    std::string_view name;
    std::uint32_t uid, gid;
    std::string_view home;
};

template <class Match>
std::optional<PasswdEntry> find_passwd(std::string_view passwd, Match&& match) {
    for (const auto line : split(passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() < 6) {
            continue;
        }
        const auto uid = parse_id(fields[2]);
        const auto gid = parse_id(fields[3]);
        if (uid && gid) {
            const PasswdEntry entry{fields[0], *uid, *gid, fields[5]};
            if (match(entry)) {
                return entry;
            }
        }
    }
    return std::nullopt;
}

template <class Visit>
void each_group(std::string_view group, Visit&& visit) {
    for (const auto line : split(group, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() < 3) {
            continue;
        }
        if (const auto gid = parse_id(fields[2])) {
            visit(fields[0], *gid, fields.size() > 3 ? fields[3] : std::string_view{});
        }
    }
}

bool lists(std::string_view members, std::string_view name) {
    const auto names = split(members, ',');
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add(std::vector<gid_t>& groups, gid_t gid) {
    if (std::find(groups.begin(), groups.end(), gid) == groups.end()) {
        groups.push_back(gid);
    }
}

}  // namespace

UserFiles read_user_files(int root) {
    return {read_in_root(root, "/etc/passwd"), read_in_root(root, "/etc/group")};
}

gid_t resolve_gid(const UserFiles& files, const std::string& group) {
    if (group.empty()) {
        return 0;
    }
    std::optional<gid_t> found;
    each_group(files.group, [&](std::string_view name, gid_t gid, std::string_view) {
        if (!found && name == group) {
            found = gid;
        }
    });
    if (!found) {
        found = parse_id(group);
    }
    if (!found) {
        throw Error(Errc::not_found, fmt::format("no group '{}' in the image's /etc/group", group));
    }
    return *found;
}

uid_t resolve_uid(const UserFiles& files, const std::string& user) {
    if (user.empty()) {
        return 0;
    }
    if (const auto entry = find_passwd(files.passwd, [&](const PasswdEntry& e) { return e.name == user; })) {
        return entry->uid;
    }
    if (const auto number = parse_id(user)) {
        return *number;
    }
    throw Error(Errc::not_found, fmt::format("no user '{}' in the image's /etc/passwd", user));
}

ResolvedUser resolve_user(const UserFiles& files, const std::string& user, const std::vector<std::string>& additional) {
    const auto colon = user.find(':');
    const std::string name = user.substr(0, colon);
    const std::string group = colon == std::string::npos ? "" : user.substr(colon + 1);

    ResolvedUser resolved;
    resolved.uid = resolve_uid(files, name);
    auto entry = find_passwd(files.passwd, [&](const PasswdEntry& e) { return e.name == name; });
    if (!entry) {
        entry = find_passwd(files.passwd, [&](const PasswdEntry& e) { return e.uid == resolved.uid; });
    }
    if (entry) {
        resolved.gid = entry->gid;
        resolved.home = entry->home.empty() ? "/" : std::string{entry->home};
    }
    if (!group.empty()) {
        resolved.gid = resolve_gid(files, group);
    }
    add(resolved.groups, resolved.gid);
    if (group.empty() && entry) {
        each_group(files.group, [&](std::string_view, gid_t gid, std::string_view members) {
            if (lists(members, entry->name)) {
                add(resolved.groups, gid);
            }
        });
    }
    for (const std::string& extra : additional) {
        add(resolved.groups, resolve_gid(files, extra));
    }
    return resolved;
}

}  // namespace stack::runtime
