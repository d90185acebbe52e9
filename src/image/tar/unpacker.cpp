#include "image/tar/unpacker.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/tar/hole_writer.hpp"
#include "image/tar/reader.hpp"
#include "support/error.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::image::tar {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view opaque_marker = ".wh..wh..opq";
constexpr mode_t implied_folder_mode = 0755;
constexpr std::int64_t early_write = std::int64_t{1} << 20U;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
    throw Error(Errc::invalid_input, fmt::format("refused layer entry '{}': {}", abbreviate(path, 200), why));
}

/// "/" alone is the layer's own root, which kaniko writes so.
bool is_absolute(const std::string& written) {
    return written.starts_with('/') && written.find_first_not_of('/') != std::string::npos;
}

// Without "./", leading slashes and doubled ones; refuses "..". Empty for the root itself.
std::string clean_path(const std::string& written, const std::string& entry) {
    std::string clean;
    clean.reserve(written.size());
    for (const auto part : split(written, '/')) {
        if (part.empty() || part == ".") {
            continue;
        }
        if (part == "..") {
            refuse(entry, "'..' leads out of the layer");
        }
        if (part.find('\0') != std::string_view::npos) {
            refuse(entry, "a name must not hold a NUL byte");
        }
        clean += (clean.empty() ? "" : "/") + std::string{part};
    }
    return clean;
}

struct Place {
    std::string parent, name;
};

Place split_path(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? Place{"", path} : Place{path.substr(0, slash), path.substr(slash + 1)};
}

class Unpacker {
public:
    Unpacker(Reader& reader, const std::filesystem::path& root, const UnpackLimit& limit, bool is_layer)
        : reader_{reader},
          root_{kernel::open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY)},
          limit_{limit},
          is_layer_{is_layer} {}

    UnpackResult run() {
        while (auto entry = reader_.next()) {
            count(*entry);
            unpack(*entry);
        }
        settle_folder_times();
        return std::move(result_);
    }

private:
    void count_one() const {
        const auto made = result_.entries + std::ssize(result_.implied_folders);
        if (limit_.max_entries > 0 && made > limit_.max_entries) {
            throw Error(Errc::invalid_input,
                        fmt::format("refused a layer with more than {} entries", limit_.max_entries))
                .hint("if you trust the image, raise the limit by STACK_MAX_LAYER_ENTRIES");
        }
    }

    void count(const Entry& entry) {
        ++result_.entries;
        count_one();
        if (limit_.max_bytes > 0 && entry.stored_size > limit_.max_bytes - result_.file_bytes) {
            throw Error(Errc::invalid_input,
                        fmt::format("refused a layer with files of more than {} bytes", limit_.max_bytes))
                .hint("if you trust the image, raise the limit by STACK_MAX_LAYER_SIZE");
        }
        result_.file_bytes += entry.type == EntryType::file ? entry.stored_size : 0;
    }

    std::string path_of(const std::string& written, const Entry& entry) const {
        if (is_layer_ && !limit_.absolute_names && is_absolute(written)) {
            const std::string name = written == entry.path ? "" : fmt::format(" '{}'", abbreviate(written, 200));
            throw Error(Errc::invalid_input,
                        fmt::format("refused layer entry '{}': its {} an absolute name{}, and those of a layer count "
                                    "from its own root",
                                    abbreviate(entry.path, 200), name.empty() ? "name is" : "hard link leads to", name))
                .hint(
                    "if you trust the image, STACK_ABSOLUTE_LAYER_NAMES=1 takes such names from the layer's root, "
                    "as Docker does");
        }
        return clean_path(written, entry.path);
    }

    void unpack(Entry& entry) {
        const std::string path = path_of(entry.path, entry);
        if (path.empty()) {
            root_entry(entry);
            return;
        }
        const Place place = split_path(path);
        if (is_layer_ && place.name.starts_with(whiteout_prefix)) {
            whiteout(entry, place);
            return;
        }
        const int parent = open_parent(place.parent, entry.path);
        switch (entry.type) {
            case EntryType::directory:
                folder(parent, place, path, entry);
                return;
            case EntryType::file:
                file(parent, place.name, path, entry);
                break;
            case EntryType::hard_link:
                hard_link(parent, place.name, path, entry);
                return;
            case EntryType::symlink:
                symlink(parent, place.name, path, entry);
                break;
            case EntryType::char_device:
            case EntryType::block_device:
            case EntryType::fifo:
                node(parent, place.name, path, entry);
                break;
        }
    }

    // The layer's own root: only its metadata can be meant.
    void root_entry(const Entry& entry) {
        if (entry.type != EntryType::directory) {
            refuse(entry.path, "the root of the layer must be a folder");
        }
        const UniqueFd fd = kernel::open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY);
        set_metadata(fd.get(), entry);
        folder_times_["."] = {entry.mtime, entry.mtime_nanoseconds};
    }

    // Opens a folder of the layer, making what is missing. Cached, because entries come folder by folder.
    int open_parent(const std::string& path, const std::string& entry) {
        if (parent_ && !parent_is_stale_ && path == parent_path_) {
            return parent_.get();
        }
        parent_ = try_open_folder(path);
        if (!parent_) {
            make_implied_folders(path, entry);
            parent_ = try_open_folder(path);
        }
        if (!parent_) {
            refuse(entry, "its parent is not a folder");
        }
        parent_path_ = path;
        parent_is_stale_ = false;
        return parent_.get();
    }

    UniqueFd try_open_folder(const std::string& path, int flags = O_PATH) const {
        try {
            return kernel::open_in_root(root_.get(), path.empty() ? "." : path, flags | O_DIRECTORY);
        } catch (const SysError& error) {
            if (error.err() == ENOENT || error.err() == ENOTDIR || error.err() == ELOOP) {
                return {};
            }
            throw;
        }
    }

    void make_implied_folders(const std::string& path, const std::string& entry) {
        for (size_t end = 0; end != std::string::npos;) {
            end = path.find('/', end + 1);
            const std::string folder = path.substr(0, end);
            if (try_open_folder(folder)) {
                continue;
            }
            const Place place = split_path(folder);
            const UniqueFd parent = try_open_folder(place.parent);
            if (!parent) {
                refuse(entry, "its parent is not a folder");
            }
            const bool was_whiteout = remove_whiteout(parent.get(), place.name);
            if (::mkdirat(parent.get(), place.name.c_str(), implied_folder_mode) != 0) {
                if (errno == EEXIST) {
                    refuse(entry, fmt::format("its parent '{}' is not a folder", folder));
                }
                throw SysError(errno, fmt::format("make folder '{}'", folder));
            }
            result_.implied_folders.push_back(folder);
            count_one();  // one name may imply hundreds of them
            if (was_whiteout) {
                set_opaque(parent.get(), place.name);
            }
        }
    }

    // --- whiteouts

    void whiteout(const Entry& entry, const Place& place) {
        const int parent = open_parent(place.parent, entry.path);
        if (place.name == opaque_marker) {
            set_opaque(parent, ".");
            return;
        }
        const std::string hidden = place.name.substr(whiteout_prefix.size());
        if (hidden.starts_with(whiteout_prefix)) {
            return;  // aufs' own files (".wh..wh.plnk"): OCI image-spec "layer.md" knows only the marker above
        }
        if (hidden.empty() || hidden == "." || hidden == "..") {
            refuse(entry.path, "a whiteout must name something");
        }
        if (::mknodat(parent, hidden.c_str(), S_IFCHR, makedev(0, 0)) == 0) {
            return;
        }
        check_exists(hidden);
        // The same layer has the name too: that stays, and what lower layers have is hidden.
        struct stat status {};
        check(::fstatat(parent, hidden.c_str(), &status, AT_SYMLINK_NOFOLLOW), [&] { return "stat " + hidden; });
        if (S_ISDIR(status.st_mode)) {
            set_opaque(parent, hidden);
        }
    }

    static void check_exists(const std::string& name) {
        if (errno != EEXIST) {
            throw SysError(errno, fmt::format("make '{}'", name));
        }
    }

    void set_opaque(int parent, const std::string& name) const {
        const std::string place = kernel::fd_path(parent) + '/' + name;
        check(::setxattr(place.c_str(), "trusted.overlay.opaque", "y", 1, 0),
              [&] { return fmt::format("make folder '{}' opaque", name); });
    }

    static bool remove_whiteout(int parent, const std::string& name) {
        struct stat status {};
        if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISCHR(status.st_mode) ||
            status.st_rdev != 0) {
            return false;
        }
        check(::unlinkat(parent, name.c_str(), 0), [&] { return "remove whiteout " + name; });
        return true;
    }

    // --- entries

    // Runs `make` (a system call that fails with EEXIST); removes what is in the way first, if there is something.
    template <class Make>
    int make_new(int parent, const std::string& name, const std::string& path, Make&& make) {
        int made = make();
        if (made < 0 && errno == EEXIST) {
            replace(parent, name, path);
            made = make();
        }
        return check(made, [&] { return fmt::format("make '{}'", path); });
    }

    void replace(int parent, const std::string& name, const std::string& path) {
        if (remove_whiteout(parent, name)) {
            return;
        }
        result_.folder_holds_all_content = false;
        if (::unlinkat(parent, name.c_str(), 0) == 0) {
            return;
        }
        if (errno != EISDIR) {
            throw SysError(errno, fmt::format("replace '{}'", path));
        }
        remove_tree(parent, name, path);
    }

    // A folder that later turns out to be something else goes with all that is in it, as `tar -x` into an image does.
    void remove_tree(int parent, const std::string& name, const std::string& path) {
        parent_is_stale_ = true;
        const auto inside = [&](const std::string& other) {
            return other == path || (other.starts_with(path) && other[path.size()] == '/');
        };
        std::erase_if(folder_times_, [&](const auto& item) { return inside(item.first); });
        std::erase_if(result_.implied_folders, inside);
        kernel::remove_tree(kernel::fd_path(parent) + '/' + name);
    }

    void file(int parent, const std::string& name, const std::string& path, const Entry& entry) {
        const UniqueFd fd{make_new(parent, name, path, [&] {
            return ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        })};
        HoleWriter writer{fd.get(), entry};
        reader_.content([&](std::string_view bytes) { writer.write(bytes); });
        writer.finish();
        set_metadata(fd.get(), entry);
        set_times(fd.get(), entry);
        if (entry.stored_size >= early_write) {
            (void)::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);  // only a beginning: syncfs(2) waits less
        }
    }

    void folder(int parent, const Place& place, const std::string& path, const Entry& entry) {
        const bool was_whiteout = remove_whiteout(parent, place.name);
        if (::mkdirat(parent, place.name.c_str(), 0700) != 0) {
            check_exists(path);
            struct stat status {};
            check(::fstatat(parent, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW), [&] { return "stat " + path; });
            if (!S_ISDIR(status.st_mode)) {
                replace(parent, place.name, path);
                check(::mkdirat(parent, place.name.c_str(), 0700), [&] { return fmt::format("make '{}'", path); });
            }
        }
        const UniqueFd fd = kernel::open_at(parent, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        set_metadata(fd.get(), entry);
        if (was_whiteout) {
            set_opaque(parent, place.name);
        }
        folder_times_[path] = {entry.mtime, entry.mtime_nanoseconds};
        std::erase(result_.implied_folders, path);
    }

    void hard_link(int parent, const std::string& name, const std::string& path, const Entry& entry) {
        const std::string target = path_of(entry.link_target, entry);
        const Place place = split_path(target);
        const UniqueFd target_parent = try_open_folder(place.parent);
        struct stat status {};
        const bool here = !target.empty() && target_parent &&
                          ::fstatat(target_parent.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
        if (!here && is_layer_ && !target.empty()) {
            result_.missing_links.push_back({path, target});
            return;
        }
        if (!here) {
            refuse(entry.path, fmt::format("it is a hard link to '{}', which is not in this layer",
                                           abbreviate(entry.link_target, 200)));
        }
        if (S_ISDIR(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == 0)) {
            refuse(entry.path, "it is a hard link to a folder or a whiteout");
        }
        if (target == path) {
            return;
        }
        make_new(parent, name, path,
                 [&] { return ::linkat(target_parent.get(), place.name.c_str(), parent, name.c_str(), 0); });
    }

    void symlink(int parent, const std::string& name, const std::string& path, const Entry& entry) {
        if (entry.link_target.empty() || entry.link_target.find('\0') != std::string::npos) {
            refuse(entry.path, "it is a symbolic link to nothing");
        }
        make_new(parent, name, path, [&] { return ::symlinkat(entry.link_target.c_str(), parent, name.c_str()); });
        set_node_metadata(parent, name, path, entry);
    }

    void node(int parent, const std::string& name, const std::string& path, const Entry& entry) {
        const dev_t device = makedev(entry.device_major, entry.device_minor);
        mode_t kind = S_IFIFO;
        if (entry.type != EntryType::fifo) {
            kind = entry.type == EntryType::char_device ? S_IFCHR : S_IFBLK;
        }
        if (kind == S_IFCHR && device == 0) {
            refuse(entry.path, "character device 0:0 is overlay's whiteout");
        }
        make_new(parent, name, path, [&] { return ::mknodat(parent, name.c_str(), kind | 0600U, device); });
        set_node_metadata(parent, name, path, entry);
    }

    // --- metadata: owner first, because chown clears set-id bits and capabilities

    static void set_metadata(int fd, const Entry& entry) {
        check(::fchown(fd, static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)),
              [&] { return fmt::format("set the owner of '{}'", entry.path); });
        check(::fchmod(fd, entry.mode), [&] { return fmt::format("set the mode of '{}'", entry.path); });
        for (const auto& [key, value] : entry.xattrs) {
            if (wants_xattr(key) && ::fsetxattr(fd, key.c_str(), value.data(), value.size(), 0) != 0) {
                xattr_failed(entry, key);
            }
        }
    }

    void set_node_metadata(int parent, const std::string& name, const std::string& path, const Entry& entry) const {
        check(::fchownat(parent, name.c_str(), static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid),
                         AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("set the owner of '{}'", path); });
        const std::string place = kernel::fd_path(parent) + '/' + name;
        // O_NOFOLLOW is not needed: the node was made just now, with O_EXCL semantics, in a folder that is ours alone.
        if (entry.type != EntryType::symlink) {
            check(::fchmodat(parent, name.c_str(), entry.mode, 0),
                  [&] { return fmt::format("set the mode of '{}'", path); });
        }
        for (const auto& [key, value] : entry.xattrs) {
            if (wants_xattr(key) && ::lsetxattr(place.c_str(), key.c_str(), value.data(), value.size(), 0) != 0) {
                xattr_failed(entry, key);
            }
        }
        const std::array<timespec, 2> times = times_of(entry.mtime, entry.mtime_nanoseconds);
        check(::utimensat(parent, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("set the time of '{}'", path); });
    }

    static bool wants_xattr(std::string_view key) {
        return !key.starts_with("trusted.overlay.") && !key.starts_with("user.overlay.");
    }

    // A file system without such xattrs loses labels, which other engines tolerate too, but never capabilities or ACLs.
    static void xattr_failed(const Entry& entry, const std::string& key) {
        const bool optional = errno == ENOTSUP || ((errno == EPERM || errno == EINVAL) && key.starts_with("user."));
        if (!optional || key == "security.capability") {
            throw SysError(errno, fmt::format("set xattr {} of '{}'", abbreviate(key, 100), entry.path));
        }
    }

    static std::array<timespec, 2> times_of(std::int64_t seconds, std::uint32_t nanoseconds) {
        const timespec time{seconds, static_cast<long>(nanoseconds)};
        return {time, time};
    }

    static void set_times(int fd, const Entry& entry) {
        const auto times = times_of(entry.mtime, entry.mtime_nanoseconds);
        check(::futimens(fd, times.data()), [&] { return fmt::format("set the time of '{}'", entry.path); });
    }

    // At the end, because making an entry changes the time of its folder.
    void settle_folder_times() {
        for (const auto& folder : folder_times_) {  // no structured binding: clang 14 lets no lambda take one
            const auto& path = folder.first;
            const auto& time = folder.second;
            const UniqueFd fd = try_open_folder(path, O_RDONLY | O_NOFOLLOW);
            if (!fd) {
                continue;  // it was reached through a link that a later entry replaced
            }
            const auto times = times_of(time.first, time.second);
            check(::futimens(fd.get(), times.data()), [&] { return fmt::format("set the time of '{}'", path); });
        }
    }

    Reader& reader_;
    UniqueFd root_;
    UnpackLimit limit_;
    bool is_layer_;
    UnpackResult result_;
    UniqueFd parent_;
    std::string parent_path_;
    bool parent_is_stale_{false};
    std::unordered_map<std::string, std::pair<std::int64_t, std::uint32_t>> folder_times_;
};

}  // namespace

UnpackResult unpack_layer(Input& input, Sink* observer, const std::filesystem::path& root, const UnpackLimit& limit) {
    Reader reader{input, observer};
    return Unpacker{reader, root, limit, true}.run();
}

UnpackResult unpack_plain(Input& input, const std::filesystem::path& root, const UnpackLimit& limit) {
    Reader reader{input, nullptr};
    return Unpacker{reader, root, limit, false}.run();
}

}  // namespace stack::image::tar
