#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "engine/runtime/rootfs.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/project_quota.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

constexpr size_t longest_fsconfig_string = 255;  // fsconfig(2): strndup_user(…, 256)

/// A folder as fsconfig(2) can take it: its own path, or for long ones a short name through an open descriptor.
class ShortPath {
public:
    explicit ShortPath(const std::string& path) {
        if (path.size() <= longest_fsconfig_string) {
            text_ = path;
        } else {
            fd_ = kernel::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY);
            text_ = kernel::fd_path(fd_.get());
        }
    }
    const char* c_str() const noexcept { return text_.c_str(); }

private:
    UniqueFd fd_;
    std::string text_;
};

void set_option(int fs, const char* key, const std::string& path) {
    const ShortPath short_path{path};
    check(::fsconfig(fs, FSCONFIG_SET_STRING, key, short_path.c_str(), 0),
          [&] { return fmt::format("give '{}' to the overlay as {}", path, key); });
}

/// What the kernel has to say about a failed fsconfig(2): its log messages are read from the fs context.
std::string kernel_message(int fs) {
    char text[512];
    const ssize_t got = ::read(fs, text, sizeof text);
    return got > 2 ? fmt::format(" ({})", std::string_view(text + 2, static_cast<size_t>(got) - 2)) : std::string{};
}

void set_words(int fs, std::string_view options) {
    while (!options.empty()) {
        const auto comma = options.find(',');
        const std::string word{options.substr(0, comma)};
        const auto equals = word.find('=');
        const int result =
            equals == std::string::npos
                ? ::fsconfig(fs, FSCONFIG_SET_FLAG, word.c_str(), nullptr, 0)
                : ::fsconfig(fs, FSCONFIG_SET_STRING, word.substr(0, equals).c_str(), word.c_str() + equals + 1, 0);
        check(result, [&] { return fmt::format("set the overlay's option '{}'", word); });
        options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
    }
}

/// "Live", "Loading"; empty if the kernel has no module of that name (proc(5), /proc/modules).
std::string module_state(std::string_view name) {
    const std::string modules = find_file("/proc/modules").value_or("");
    for (const auto line : split(modules, '\n')) {
        const auto fields = split(line, ' ');
        if (fields.size() > 4 && fields[0] == name) {
            return std::string{fields[4]};
        }
    }
    return {};
}

/// The first use after boot makes the kernel call modprobe for overlay. Where two come at that moment, a second
/// modprobe that does not wait for the first (busybox's) leaves the file system unknown for a moment more.
UniqueFd open_overlay() {
    for (bool was_live = false;;) {
        const int fs = ::fsopen("overlay", FSOPEN_CLOEXEC);
        if (fs >= 0) {
            return UniqueFd{fs};
        }
        const int err = errno;
        const std::string state = err == ENODEV ? module_state("overlay") : std::string{};
        if (state.empty() || was_live) {
            throw SysError(err, "open the overlay file system");
        }
        was_live = state == "Live";
        ::poll(nullptr, 0, 1);  // nothing tells when a module has become alive
    }
}

/// Makes the mount that `fs` has all options for, attached nowhere.
UniqueFd take_mount(int fs, const RootfsPlan& plan) {
    if (::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        const int err = errno;
        throw SysError(err, fmt::format("mount the overlay of {} layers on '{}'{}", plan.layers.size(), plan.upper,
                                        kernel_message(fs)));
    }
    return UniqueFd{check(::fsmount(fs, FSMOUNT_CLOEXEC, 0), [] { return "take hold of the overlay"; })};
}

/// Before Linux 6.5 overlay knew nothing of fsconfig(2): the kernel accepts any option for it, also "lowerdir+",
/// collects them in one string, and only the mount fails. So it is asked with a word that no file system knows.
bool overlay_checks_options() {
    static const bool checks = [] {
        return ::fsconfig(open_overlay().get(), FSCONFIG_SET_FLAG, "stack-asks-whether-you-check", nullptr, 0) != 0;
    }();
    return checks;
}

/// Linux 6.7: layers are appended one by one. False if this kernel does not know "lowerdir+".
bool append_layers(int fs, const std::vector<std::string>& layers) {
    if (!overlay_checks_options()) {
        return false;
    }
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {  // the kernel wants the topmost first
        const ShortPath path{*layer};
        if (::fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", path.c_str(), 0) != 0) {
            if (errno == EINVAL && layer == layers.rbegin()) {
                return false;
            }
            const int err = errno;
            throw SysError(err, fmt::format("give layer '{}' to the overlay", *layer));
        }
    }
    return true;
}

/// Folders under the shortest names there are, the numbers of descriptors, which hold in /proc/self/fd: 500 layers (the
/// overlay's own limit) fit into a page of options. While it lives, that is this thread's working directory.
class NumberedFolders {
public:
    NumberedFolders() : before_{kernel::open_at(AT_FDCWD, ".", O_PATH | O_DIRECTORY)} {
        check(::unshare(CLONE_FS), [] { return "have a working directory apart from other threads"; });
        check(::chdir("/proc/self/fd"), [] { return "enter /proc/self/fd"; });
    }
    NumberedFolders(const NumberedFolders&) = delete;
    NumberedFolders& operator=(const NumberedFolders&) = delete;
    ~NumberedFolders() {
        if (::fchdir(before_.get()) != 0) {
            log_debug("cannot return to the working directory: {}", std::strerror(errno));
        }
    }

    std::string name(const std::string& path) {
        open_.push_back(kernel::open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY));
        return std::to_string(open_.back().get());
    }

private:
    UniqueFd before_;
    std::vector<UniqueFd> open_;
};

/// More layers than fsconfig(2) takes in one string: mount(2) takes a page.
UniqueFd mount_with_page(const RootfsPlan& plan, const std::string& layers, const std::string& upper,
                         const std::string& work) {
    std::string data = "lowerdir=" + layers;
    if (!upper.empty()) {
        data += fmt::format(",upperdir={},workdir={}", upper, work);
    }
    if (!plan.overlay_options.empty()) {
        data += "," + plan.overlay_options;
    }
    check(::mount("overlay", plan.mount_point.c_str(), "overlay", 0, data.c_str()),
          [&] { return fmt::format("mount the overlay of {} layers on '{}'", plan.layers.size(), plan.mount_point); });
    const kernel::ScopedMount attached{plan.mount_point};
    return UniqueFd{check(::open_tree(AT_FDCWD, plan.mount_point.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
                          [] { return "take hold of the overlay"; })};
}

/// Before Linux 6.7: all layers in one option.
UniqueFd mount_with_one_string(const RootfsPlan& plan) {
    NumberedFolders folders;
    std::string layers, upper, work;
    for (auto layer = plan.layers.rbegin(); layer != plan.layers.rend(); ++layer) {
        layers += (layers.empty() ? "" : ":") + folders.name(*layer);
    }
    if (!plan.upper.empty()) {
        upper = folders.name(plan.upper);
        work = folders.name(plan.work);
    }
    if (layers.size() > longest_fsconfig_string) {
        return mount_with_page(plan, layers, upper, work);
    }
    const UniqueFd fs = open_overlay();
    set_option(fs.get(), "lowerdir", layers);
    if (!upper.empty()) {
        set_option(fs.get(), "upperdir", upper);
        set_option(fs.get(), "workdir", work);
    }
    set_words(fs.get(), plan.overlay_options);
    return take_mount(fs.get(), plan);
}

UniqueFd bind_only_layer(const std::string& layer) {
    UniqueFd tree{check(::open_tree(AT_FDCWD, layer.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
                        [&] { return fmt::format("take hold of layer '{}'", layer); })};
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
          [] { return "make a layer read-only"; });
    return tree;
}

/// The kernel does not mount an upper folder that was mounted as "volatile" before, since a power cut in between would
/// have left it half-written (Documentation/filesystems/overlayfs, "Volatile mount"). What we mount so does not outlive
/// a power cut: layers of a build that was cut short, and containers that are removed when they end.
void forget_volatile(const std::string& work) {
    ::unlink((work + "/work/incompat/volatile/dirty").c_str());
    ::rmdir((work + "/work/incompat/volatile").c_str());
    ::rmdir((work + "/work/incompat").c_str());
}

/// The overlay makes a folder in `work` when it is mounted, and where that fails it is read-only. So a container that
/// has filled its space up gets a little more for that moment; XFS reserves more than a folder takes.
class RoomForMount {
public:
    explicit RoomForMount(const RootfsPlan& plan) : limit_{plan.storage_limit} {
        if (limit_ > 0) {
            upper_ = kernel::open_at(AT_FDCWD, plan.upper, O_RDONLY | O_DIRECTORY);
            project_ = kernel::project_of(upper_.get());
            kernel::limit_project(upper_.get(), project_, Bytes{limit_ + room});
        }
    }
    RoomForMount(const RoomForMount&) = delete;
    RoomForMount& operator=(const RoomForMount&) = delete;
    ~RoomForMount() = default;

    void end() const {
        if (limit_ > 0) {
            kernel::limit_project(upper_.get(), project_, Bytes{limit_});
        }
    }

private:
    static constexpr std::int64_t room = 4 << 20;
    std::int64_t limit_;
    std::uint32_t project_{0};
    UniqueFd upper_;
};

UniqueFd mount_layers(const RootfsPlan& plan) {
    if (!plan.upper.empty()) {
        forget_volatile(plan.work);
    }
    const UniqueFd fs = open_overlay();
    if (!append_layers(fs.get(), plan.layers)) {
        return mount_with_one_string(plan);
    }
    if (!plan.upper.empty()) {
        set_option(fs.get(), "upperdir", plan.upper);
        set_option(fs.get(), "workdir", plan.work);
    }
    set_words(fs.get(), plan.overlay_options);
    return take_mount(fs.get(), plan);
}

}  // namespace

UniqueFd mount_overlay_detached(const RootfsPlan& plan) {
    if (plan.layers.empty()) {
        throw Error(Errc::internal, "a root without layers");
    }
    if (plan.upper.empty() && plan.layers.size() == 1) {
        return bind_only_layer(plan.layers.front());  // an overlay wants two layers or an upper one
    }
    const RoomForMount room{plan};
    UniqueFd mounted = mount_layers(plan);
    room.end();
    return mounted;
}

UniqueFd mount_rootfs_private(const RootfsPlan& plan) {
    return mount_overlay_detached(plan);
}

UniqueFd open_running_root(pid_t pid, int pidfd) {
    UniqueFd root = kernel::open_at(AT_FDCWD, fmt::format("/proc/{}/root", pid), O_PATH | O_DIRECTORY);
    // The pid may have been another's by now; the pidfd tells whether ours lives.
    if (!kernel::pidfd_send_signal(pidfd, 0)) {
        throw Error(Errc::not_found, "the container is not running any more");
    }
    return root;
}

}  // namespace stack::runtime
