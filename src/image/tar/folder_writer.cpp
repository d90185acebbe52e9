#include "image/tar/folder_writer.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/tar/header.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::image::tar {
namespace {

constexpr size_t copy_buffer_size = size_t{256} << 10U;
constexpr std::string_view overlay_prefix = "trusted.overlay.";

std::vector<std::string> sorted_names(int folder, const std::string& shown) {
    struct Close {
        void operator()(DIR* dir) const noexcept { ::closedir(dir); }
    };
    UniqueFd own = kernel::open_at(folder, ".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, Close> dir{::fdopendir(own.get())};
    if (!dir) {
        throw SysError(errno, fmt::format("list '{}'", shown));
    }
    (void)own.release();
    std::vector<std::string> names;
    while (const dirent* item = ::readdir(dir.get())) {
        const std::string_view name = item->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The kernel's answer to a sized question may grow between two calls; nobody changes the folder, so one retry is
// enough.
template <class Ask>
std::string sized_answer(Ask&& ask, const std::string& what) {
    std::string answer(256, '\0');
    ssize_t got = ask(answer.data(), answer.size());
    if (got < 0 && errno == ERANGE) {
        answer.resize(static_cast<size_t>(check(ask(nullptr, 0), [&] { return what; })));
        got = ask(answer.data(), answer.size());
    }
    if (got < 0 && (errno == ENOTSUP || errno == ENODATA)) {
        got = 0;
    }
    answer.resize(static_cast<size_t>(check(got, [&] { return what; })));
    return answer;
}

// What describes this host's file system or security modules and not the image's file stays out of the tar.
bool belongs_to_image(std::string_view xattr) {
    return !xattr.starts_with(overlay_prefix) && !xattr.starts_with("user.overlay.") && xattr != "security.selinux" &&
           xattr != "security.ima" && xattr != "security.evm";
}

class FolderWriter {
public:
    FolderWriter(Sink& sink, bool is_layer) : sink_{sink}, is_layer_{is_layer} {}

    /// The entry of the folder itself.
    void root(int fd) {
        struct stat status {};
        check(::fstat(fd, &status), [] { return "stat the folder"; });
        Entry item = describe(status, "./");
        read_xattrs(fd, ".", item);
        header(item);
    }

    void folder(int fd, const std::string& prefix) {
        for (const std::string& name : sorted_names(fd, prefix)) {
            entry(fd, name, prefix.empty() ? name : prefix + '/' + name);
        }
    }

    const FolderSummary& summary() const noexcept { return summary_; }

private:
    void entry(int parent, const std::string& name, const std::string& path) {
        struct stat status {};
        check(::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("stat '{}'", path); });
        if (S_ISSOCK(status.st_mode)) {
            return;
        }
        Entry item = describe(status, path);
        if (is_layer_ && S_ISCHR(status.st_mode) && status.st_rdev == 0) {
            whiteout(std::move(item), name);
            return;
        }
        // A hard link repeats nothing but its name.
        if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
            const auto [first, is_new] = first_names_.try_emplace(status.st_ino, path);
            if (!is_new) {
                item.type = EntryType::hard_link;
                item.link_target = first->second;
                item.size = 0;
                header(item);
                return;
            }
        }
        const bool opaque = read_xattrs(parent, name, item) && is_layer_;
        if (S_ISLNK(status.st_mode)) {
            item.link_target = sized_answer(
                [&](char* data, size_t size) { return readlink_exact(parent, name, data, size); }, "readlink " + path);
        }
        header(item);
        if (S_ISREG(status.st_mode)) {
            content(parent, name, item);
        } else if (S_ISDIR(status.st_mode)) {
            const UniqueFd fd = kernel::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            if (opaque) {
                opaque_marker(item);
            }
            folder(fd.get(), path);
        }
    }

    static ssize_t readlink_exact(int parent, const std::string& name, char* data, size_t size) {
        if (size == 0) {
            return 4096;  // PATH_MAX: no symlink is longer
        }
        const ssize_t got = ::readlinkat(parent, name.c_str(), data, size);
        if (got == static_cast<ssize_t>(size) && size < 4096) {
            errno = ERANGE;
            return -1;
        }
        return got;
    }

    static Entry describe(const struct stat& status, const std::string& path) {
        Entry item;
        item.path = path;
        item.mode = status.st_mode & 07777U;
        item.uid = status.st_uid;
        item.gid = status.st_gid;
        item.mtime = status.st_mtim.tv_sec;
        switch (status.st_mode & S_IFMT) {
            case S_IFREG:
                item.size = status.st_size;
                break;
            case S_IFDIR:
                item.type = EntryType::directory;
                break;
            case S_IFLNK:
                item.type = EntryType::symlink;
                break;
            case S_IFIFO:
                item.type = EntryType::fifo;
                break;
            case S_IFCHR:
                item.type = EntryType::char_device;
                break;
            case S_IFBLK:
                item.type = EntryType::block_device;
                break;
            default:
                throw Error(Errc::internal, fmt::format("'{}' is of an unknown file type", path));
        }
        if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
            item.device_major = major(status.st_rdev);
            item.device_minor = minor(status.st_rdev);
        }
        return item;
    }

    // True if the folder hides what lower layers have below its name.
    bool read_xattrs(int parent, const std::string& name, Entry& item) const {
        const std::string place = kernel::fd_path(parent) + '/' + name;
        const std::string names = sized_answer(
            [&](char* data, size_t size) { return ::llistxattr(place.c_str(), data, size); }, "xattrs of " + item.path);
        bool opaque = false;
        for (size_t start = 0; start < names.size();) {
            const std::string key = names.c_str() + start;
            start += key.size() + 1;
            const auto value = [&] {
                return sized_answer(
                    [&](char* data, size_t size) { return ::lgetxattr(place.c_str(), key.c_str(), data, size); },
                    key + " of " + item.path);
            };
            if (is_layer_ && (key == "trusted.overlay.redirect" || key == "trusted.overlay.metacopy")) {
                throw Error(Errc::unsupported,
                            fmt::format("'{}' has {}: the layer was not mounted with redirect_dir=off,metacopy=off",
                                        item.path, key));
            }
            if (key == "trusted.overlay.opaque") {
                opaque = value() == "y";
            } else if (belongs_to_image(key)) {
                item.xattrs[key] = value();
            }
        }
        return opaque;
    }

    void header(const Entry& item) {
        sink_.raw(encode_header(item));
        ++summary_.entries;
    }

    void whiteout(Entry item, const std::string& name) {
        item.type = EntryType::file;
        item.path.resize(item.path.size() - name.size());
        item.path += ".wh." + name;
        item.mode = 0;
        item.mtime = 0;
        header(item);
    }

    void opaque_marker(const Entry& folder) {
        Entry item;
        item.path = folder.path + "/.wh..wh..opq";
        header(item);
    }

    void content(int parent, const std::string& name, const Entry& item) {
        summary_.file_bytes += item.size;
        if (item.size == 0) {
            return;
        }
        const UniqueFd fd = kernel::open_at(parent, name, O_RDONLY | O_NOFOLLOW);
        sink_.begin_payload(item.path, item.size);
        for (std::int64_t left = item.size; left > 0;) {
            const auto want = std::min(static_cast<size_t>(left), buffer_.size());
            const ssize_t got =
                check(::read(fd.get(), buffer_.data(), want), [&] { return fmt::format("read '{}'", item.path); });
            if (got == 0) {
                throw Error(Errc::conflict, fmt::format("'{}' became shorter while it was read", item.path));
            }
            sink_.payload({buffer_.data(), static_cast<size_t>(got)});
            left -= got;
        }
        sink_.raw(padding(item.size));
    }

    Sink& sink_;
    bool is_layer_;
    FolderSummary summary_;
    std::unordered_map<ino_t, std::string> first_names_;
    std::vector<char> buffer_ = std::vector<char>(copy_buffer_size);
};

}  // namespace

FolderSummary write_folder(const std::filesystem::path& folder, Sink& sink) {
    const UniqueFd root = kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    FolderWriter writer{sink, true};
    writer.folder(root.get(), "");
    sink.raw(end_of_archive());
    return writer.summary();
}

FolderSummary write_tree(const std::filesystem::path& folder, Sink& sink) {
    const UniqueFd root = kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    FolderWriter writer{sink, false};
    writer.root(root.get());
    writer.folder(root.get(), "");
    sink.raw(end_of_archive());
    return writer.summary();
}

}  // namespace stack::image::tar
