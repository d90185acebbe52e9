// A command that enters containers runs from a read-only mount (runtime::ensure_sealed_program) and starts twice for
// it. Here the second start comes before the constructors of the libraries and everything else the first one would do
// in vain: half of what it costs. Whatever does not work here is left to the command, which then does it the long way
// and can say what is wrong.
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr const char* own_program = "/proc/self/exe";

/// The words may stand for something else (a service may be called 'up'): then it is sealed for nothing.
bool may_enter_containers(int argc, char** argv) {
    for (int i = 1; i < argc && i < 8; ++i) {
        const std::string_view word = argv[i];
        if (word == "exec" || word == "up" || word == "build") {
            return true;
        }
    }
    return false;
}

int open_read_only(const char* folder, const char* name) {
    const auto tree = static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (tree < 0) {
        return -1;
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    const bool sealed = ::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0;
    const int file = sealed ? ::openat(tree, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    ::close(tree);
    return file;
}

/// The path that the kernel knows may lead to something else by now.
bool is_our_program(int file) {
    struct stat found {
    }, wanted{};
    return ::fstat(file, &found) == 0 && ::stat(own_program, &wanted) == 0 && found.st_dev == wanted.st_dev &&
           found.st_ino == wanted.st_ino;
}

void start_sealed(int argc, char** argv, char** environment) {
    struct statvfs mount {};
    if (!may_enter_containers(argc, argv) || ::statvfs(own_program, &mount) != 0 || (mount.f_flag & ST_RDONLY) != 0) {
        return;
    }
    char path[4096];
    const ssize_t length = ::readlink(own_program, path, sizeof path - 1);
    if (length <= 0) {
        return;
    }
    path[length] = '\0';
    char* const slash = std::strrchr(path, '/');
    if (slash == nullptr || slash == path) {
        return;
    }
    *slash = '\0';
    const int file = open_read_only(path, slash + 1);
    if (file < 0) {
        return;
    }
    if (is_our_program(file)) {
        ::syscall(SYS_execveat, file, "", argv, environment, AT_EMPTY_PATH);
    }
    ::close(file);
}

}  // namespace

// System V ABI, "Initialization and Termination Functions": run by the dynamic linker before any constructor, with the
// arguments of main(). The sanitizers want to be there first.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(int, char**,
                                                                                          char**) = start_sealed;
#endif
