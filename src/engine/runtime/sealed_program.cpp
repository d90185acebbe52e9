#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/runtime/launch.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

constexpr const char* own_program = "/proc/self/exe";

bool is_on_read_only_mount(const std::filesystem::path& program) {
    struct statvfs info {};
    return ::statvfs(program.c_str(), &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

/// A read-only copy of the mount at a path, attached nowhere: nobody can make it writable again, and it lives as long
/// as a process runs from it.
UniqueFd read_only_copy(const std::filesystem::path& path) {
    UniqueFd tree{check(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
                        [&] { return "take hold of " + path.string(); })};
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
          [&] { return fmt::format("make a copy of the mount of {} read-only", path.string()); });
    return tree;
}

}  // namespace

UniqueFd sealed_program(const std::filesystem::path& program) {
    if (is_on_read_only_mount(program)) {
        return kernel::open_at(AT_FDCWD, program, O_RDONLY);  // sealed already, maybe: such a mount cannot be copied
    }
    struct stat wanted {};
    check(::stat(program.c_str(), &wanted), [&] { return "look at " + program.string(); });
    // By its folder, so that /proc/PID/exe ends in the program's name, by which tools know processes. Where its name
    // leads to something else (it was replaced, or is a mount by itself), by itself: then the link is "/".
    try {
        const std::filesystem::path file = std::filesystem::canonical(program);
        const UniqueFd folder = read_only_copy(file.parent_path());
        UniqueFd found{::openat(folder.get(), file.filename().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
        struct stat status {};
        if (found && ::fstat(found.get(), &status) == 0 && status.st_dev == wanted.st_dev &&
            status.st_ino == wanted.st_ino) {
            return found;
        }
    } catch (const std::exception&) {
        // The way below says what is wrong.
    }
    return kernel::open_at(AT_FDCWD, kernel::fd_path(read_only_copy(program).get()), O_RDONLY);
}

void ensure_sealed_program(char* const* arguments) {
    if (is_on_read_only_mount(own_program)) {
        return;
    }
    const UniqueFd program = sealed_program(own_program);
    ::fexecve(program.get(), arguments, environ);
    throw SysError(errno, "execute our own program from a read-only mount");
}

}  // namespace stack::runtime
