#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/runtime/copy.hpp"
#include "engine/runtime/root_paths.hpp"
#include "image/tar/header.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

namespace tar = image::tar;

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path.empty() ? "/" : path;
}

std::string last_component(const std::string& path) {
    const std::string name = without_slash(path).substr(without_slash(path).rfind('/') + 1);
    return name.empty() ? "/" : name;
}

std::string link_text(int fd, const std::string& path) {
    char text[PATH_MAX];
    const ssize_t size =
        check(::readlinkat(fd, "", text, sizeof text), [&] { return fmt::format("read the link '{}'", path); });
    return {text, static_cast<size_t>(size)};
}

/// What is at `path`, itself (O_PATH), with its status.
struct Place {
    UniqueFd fd;
    struct stat info {};
};

Place place_at(int root, const std::string& path, bool follow) {
    Place place;
    place.fd = find_in_root(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!place.fd) {
        throw Error(Errc::not_found, fmt::format("there is no '{}' in the container", path));
    }
    check(::fstat(place.fd.get(), &place.info), [&] { return fmt::format("look at '{}'", path); });
    return place;
}

tar::EntryType type_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return tar::EntryType::directory;
        case S_IFLNK:
            return tar::EntryType::symlink;
        case S_IFCHR:
            return tar::EntryType::char_device;
        case S_IFBLK:
            return tar::EntryType::block_device;
        case S_IFIFO:
            return tar::EntryType::fifo;
        default:
            return tar::EntryType::file;
    }
}

/// security.capability and user.*: what a file takes along to another place.
std::map<std::string, std::string> xattrs_of(const Place& place) {
    const std::string file = kernel::fd_path(place.fd.get());
    std::vector<char> names(size_t{64} << 10U);  // XATTR_LIST_MAX
    const ssize_t listed = ::listxattr(file.c_str(), names.data(), names.size());
    std::map<std::string, std::string> all;
    for (ssize_t at = 0; at < listed; at += static_cast<ssize_t>(std::strlen(&names[static_cast<size_t>(at)])) + 1) {
        const std::string name = &names[static_cast<size_t>(at)];
        if (name != "security.capability" && !name.starts_with("user.")) {
            continue;
        }
        std::vector<char> value(size_t{64} << 10U);  // XATTR_SIZE_MAX
        const ssize_t size = ::getxattr(file.c_str(), name.c_str(), value.data(), value.size());
        if (size >= 0) {  // else it has gone meanwhile
            all[name] = std::string(value.data(), static_cast<size_t>(size));
        }
    }
    return all;
}

class TarWriter {
public:
    explicit TarWriter(int out) : out_{out} {}

    void write_tree(int root, const std::string& path, const std::string& name, bool follow) {
        const Place place = place_at(root, path, follow);
        if (S_ISSOCK(place.info.st_mode)) {
            return;
        }
        tar::Entry entry = entry_of(place, path, name);
        if (entry.type == tar::EntryType::file) {
            write_file_entry(place, path, entry);
            return;
        }
        write_all(out_, tar::encode_header(entry), "archive");
        if (entry.type == tar::EntryType::directory) {
            write_children(place, path, name + "/");
        }
    }

    /// What is in a folder, under names that begin with `prefix`.
    void write_children(const Place& place, const std::string& path, const std::string& prefix) {
        // Names are collected first, so that no more than one folder is open however deep the tree is.
        for (const std::string& child : children(place, path)) {
            const UniqueFd folder = kernel::open_at(AT_FDCWD, kernel::fd_path(place.fd.get()), O_PATH | O_DIRECTORY);
            write_tree(folder.get(), child, prefix + child, false);
        }
    }

    void finish() { write_all(out_, tar::end_of_archive(), "archive"); }

private:
    static tar::Entry entry_of(const Place& place, const std::string& path, const std::string& name) {
        tar::Entry entry;
        entry.path = name;
        entry.type = type_of(place.info.st_mode);
        entry.mode = place.info.st_mode & 07777U;
        entry.uid = place.info.st_uid;
        entry.gid = place.info.st_gid;
        entry.mtime = place.info.st_mtim.tv_sec;
        if (entry.type == tar::EntryType::file || entry.type == tar::EntryType::directory) {
            entry.xattrs = xattrs_of(place);
        }
        if (entry.type == tar::EntryType::symlink) {
            entry.link_target = link_text(place.fd.get(), path);
        } else if (entry.type == tar::EntryType::char_device || entry.type == tar::EntryType::block_device) {
            entry.device_major = major(place.info.st_rdev);
            entry.device_minor = minor(place.info.st_rdev);
        }
        return entry;
    }

    void write_file_entry(const Place& place, const std::string& path, tar::Entry& entry) {
        const auto [first, fresh] = names_.try_emplace({place.info.st_dev, place.info.st_ino}, entry.path);
        if (!fresh && place.info.st_nlink > 1) {
            entry.type = tar::EntryType::hard_link;
            entry.link_target = first->second;
            write_all(out_, tar::encode_header(entry), "archive");
            return;
        }
        // The very file that was looked at, not what its name may stand for by now.
        const UniqueFd file =
            kernel::open_at(AT_FDCWD, kernel::fd_path(place.fd.get()), O_RDONLY | O_NONBLOCK | O_NOCTTY);
        entry.size = place.info.st_size;
        write_all(out_, tar::encode_header(entry), "archive");
        write_content(file.get(), path, entry.size);
        write_all(out_, tar::padding(entry.size), "archive");
    }

    /// Exactly as many bytes as the header says: a file that shrinks meanwhile is filled up with zeros.
    void write_content(int file, const std::string& path, std::int64_t left) {
        std::vector<char> buffer(size_t{256} << 10U);
        while (left > 0) {
            const size_t want = std::min(buffer.size(), static_cast<size_t>(left));
            ssize_t got = ::read(file, buffer.data(), want);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            check(got, [&] { return fmt::format("read '{}'", path); });
            if (got == 0) {
                std::fill(buffer.begin(), buffer.end(), '\0');
                got = static_cast<ssize_t>(want);
            }
            write_all(out_, {buffer.data(), static_cast<size_t>(got)}, "archive");
            left -= got;
        }
    }

    static std::set<std::string> children(const Place& place, const std::string& path) {
        UniqueFd fd = kernel::open_at(AT_FDCWD, kernel::fd_path(place.fd.get()), O_RDONLY | O_DIRECTORY);
        const std::unique_ptr<DIR, int (*)(DIR*)> folder{::fdopendir(fd.get()), ::closedir};
        if (!folder) {
            throw SysError(errno, fmt::format("list '{}'", path));
        }
        static_cast<void>(fd.release());
        std::set<std::string> names;
        while (const dirent* entry = ::readdir(folder.get())) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") {
                names.insert(name);
            }
        }
        return names;
    }

    int out_;
    std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

}  // namespace

PathStat stat_in_root(int root, const std::string& path, bool follow) {
    const Place place = place_at(root, path, follow);
    PathStat result{last_component(path), place.info.st_mode, place.info.st_size, place.info.st_mtim.tv_sec, {}};
    if (S_ISLNK(place.info.st_mode)) {
        result.link_target = link_text(place.fd.get(), path);
    }
    return result;
}

void copy_out(int root, const std::string& path, int out, bool follow, const std::string& as) {
    const bool content_only = path.size() >= 2 && path.substr(path.size() - 2) == "/.";
    TarWriter writer{out};
    const std::string name = !as.empty() ? as : content_only ? "." : last_component(path);
    writer.write_tree(root, without_slash(path), name == "/" ? "." : name, follow || content_only);
    writer.finish();
}

void copy_out_all(int root, int out) {
    TarWriter writer{out};
    writer.write_children(place_at(root, "/", true), "/", "");
    writer.finish();
}

}  // namespace stack::runtime
