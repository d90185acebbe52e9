#include <cstdlib>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/runtime/launch.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

constexpr const char* own_program = "/proc/self/exe";

bool runs_from_read_only_mount() {
    struct statvfs info {};
    return ::statvfs(own_program, &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

}  // namespace

UniqueFd sealed_own_program() {
    // The copy of the mount is attached nowhere, so nobody can make it writable again; it lives as long as a process
    // runs from it.
    const UniqueFd tree{check(::open_tree(AT_FDCWD, own_program, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
                              [] { return "take hold of our own program"; })};
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
          [] { return "make our own program read-only"; });
    return kernel::open_at(AT_FDCWD, kernel::fd_path(tree.get()), O_RDONLY);
}

void ensure_sealed_program(char* const* arguments) {
    if (runs_from_read_only_mount()) {
        return;
    }
    const UniqueFd program = sealed_own_program();
    ::fexecve(program.get(), arguments, environ);
    throw SysError(errno, "execute our own program from a read-only mount");
}

}  // namespace stack::runtime
