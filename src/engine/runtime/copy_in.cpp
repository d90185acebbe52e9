#include <algorithm>
#include <span>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/runtime/copy.hpp"
#include "engine/runtime/root_paths.hpp"
#include "image/tar/header.hpp"
#include "image/tar/input.hpp"
#include "image/tar/reader.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

namespace tar = image::tar;

class FdInput final : public tar::Input {
public:
    explicit FdInput(int fd) : fd_{fd} {}
    std::string_view next() override {
        ssize_t got;
        do {
            got = ::read(fd_, buffer_.data(), buffer_.size());
        } while (got < 0 && errno == EINTR);
        check(got, [] { return "read the archive"; });
        return {buffer_.data(), static_cast<size_t>(got)};
    }

private:
    int fd_;
    std::vector<char> buffer_ = std::vector<char>(size_t{128} << 10U);
};

/// Components of a name from the tar; "." and slashes vanish, ".." is refused.
std::vector<std::string> components(const std::string& name) {
    std::vector<std::string> parts;
    for (const auto part : split(name, '/')) {
        if (part == "..") {
            throw Error(Errc::invalid_input, fmt::format("the archive's entry '{}' leads out of the target", name));
        }
        if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
    }
    return parts;
}

class Unpacker {
public:
    Unpacker(int root, std::string target, const CopyInOptions& options)
        : root_{root}, target_{std::move(target)}, options_{options} {}

    void unpack(tar::Reader& reader, const tar::Entry& entry) {
        const std::vector<std::string> parts = components(entry.path);
        if (parts.empty()) {
            return;  // the target folder itself
        }
        const std::string parent = target_ + "/" + join(std::span{parts}.first(parts.size() - 1), "/");
        const UniqueFd folder = ensure_in_root(root_, parent, Missing::folder);
        const std::string& name = parts.back();
        if (!make_way(folder.get(), name, entry)) {
            return;
        }
        make(reader, folder.get(), name, entry);
        if (entry.type != tar::EntryType::hard_link) {
            set_metadata(folder.get(), name, entry);
        }
    }

private:
    /// Takes away what stands in the way; false if a folder is there already and stays.
    bool make_way(int folder, const std::string& name, const tar::Entry& entry) const {
        struct stat info {};
        if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            return true;
        }
        const bool is_folder = S_ISDIR(info.st_mode), wanted_folder = entry.type == tar::EntryType::directory;
        if (is_folder && wanted_folder) {
            if (options_.keep_owner) {
                set_metadata(folder, name, entry);
            }
            return false;
        }
        if (is_folder != wanted_folder && options_.no_overwrite_dir_non_dir) {
            throw Error(Errc::conflict, fmt::format("'{}' is {} in the container, but {} in the archive", entry.path,
                                                    is_folder ? "a folder" : "no folder", is_folder ? "none" : "one"));
        }
        check(::unlinkat(folder, name.c_str(), is_folder ? AT_REMOVEDIR : 0),
              [&] { return fmt::format("replace '{}' in the container", entry.path); });
        return true;
    }

    void make(tar::Reader& reader, int folder, const std::string& name, const tar::Entry& entry) const {
        int result = 0;
        switch (entry.type) {
            case tar::EntryType::file:
                write_content(reader, folder, name, entry);
                return;
            case tar::EntryType::directory:
                result = ::mkdirat(folder, name.c_str(), 0700);
                break;
            case tar::EntryType::symlink:
                result = ::symlinkat(entry.link_target.c_str(), folder, name.c_str());
                break;
            case tar::EntryType::hard_link:
                make_hard_link(folder, name, entry);
                return;
            case tar::EntryType::fifo:
                result = ::mknodat(folder, name.c_str(), S_IFIFO | 0600, 0);
                break;
            case tar::EntryType::char_device:
            case tar::EntryType::block_device: {
                const mode_t kind = entry.type == tar::EntryType::char_device ? S_IFCHR : S_IFBLK;
                result = ::mknodat(folder, name.c_str(), kind | 0600, makedev(entry.device_major, entry.device_minor));
                break;
            }
        }
        check(result, [&] { return fmt::format("make '{}' in the container", entry.path); });
    }

    void make_hard_link(int folder, const std::string& name, const tar::Entry& entry) const {
        const UniqueFd first =
            kernel::open_in_root(root_, target_ + "/" + join(components(entry.link_target), "/"), O_PATH | O_NOFOLLOW);
        check(::linkat(first.get(), "", folder, name.c_str(), AT_EMPTY_PATH),
              [&] { return fmt::format("make the hard link '{}' in the container", entry.path); });
    }

    static void write_content(tar::Reader& reader, int folder, const std::string& name, const tar::Entry& entry) {
        const UniqueFd file = kernel::open_at(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        if (entry.sparse.empty()) {
            reader.content([&](std::string_view bytes) { write_all(file.get(), bytes, entry.path); });
            return;
        }
        size_t run = 0;
        std::int64_t done = 0;
        reader.content([&](std::string_view bytes) {
            while (!bytes.empty() && run < entry.sparse.size()) {
                const auto& piece = entry.sparse[run];
                const auto fits = static_cast<size_t>(
                    std::min<std::int64_t>(piece.length - done, static_cast<std::int64_t>(bytes.size())));
                check(::lseek(file.get(), piece.offset + done, SEEK_SET),
                      [&] { return fmt::format("write '{}'", entry.path); });
                write_all(file.get(), bytes.substr(0, fits), entry.path);
                bytes.remove_prefix(fits);
                done += static_cast<std::int64_t>(fits);
                if (done == piece.length) {
                    ++run;
                    done = 0;
                }
            }
        });
        check(::ftruncate(file.get(), entry.size), [&] { return fmt::format("write '{}'", entry.path); });
    }

    void set_metadata(int folder, const std::string& name, const tar::Entry& entry) const {
        const uid_t uid = options_.keep_owner ? static_cast<uid_t>(entry.uid) : options_.uid;
        const gid_t gid = options_.keep_owner ? static_cast<gid_t>(entry.gid) : options_.gid;
        check(::fchownat(folder, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("set the owner of '{}'", entry.path); });
        if (entry.type == tar::EntryType::symlink) {
            return;
        }
        // fchmodat(2) follows links: the name is held by a descriptor that is no link.
        const UniqueFd held = kernel::open_at(folder, name, O_PATH | O_NOFOLLOW);
        check(::chmod(kernel::fd_path(held.get()).c_str(), entry.mode),
              [&] { return fmt::format("set the mode of '{}'", entry.path); });
        for (const auto& [key, value] : entry.xattrs) {
            if (key.rfind("security.capability", 0) == 0 || key.rfind("user.", 0) == 0) {
                ::setxattr(kernel::fd_path(held.get()).c_str(), key.c_str(), value.data(), value.size(), 0);
            }
        }
        const timespec times[2] = {{entry.mtime, 0}, {entry.mtime, 0}};
        ::utimensat(folder, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    }

    int root_;
    std::string target_;
    const CopyInOptions& options_;
};

}  // namespace

void copy_in(int root, const std::string& path, int in, const CopyInOptions& options) {
    if (!find_in_root(root, path, O_PATH | O_DIRECTORY)) {
        throw Error(Errc::not_found, fmt::format("there is no folder '{}' in the container", path));
    }
    FdInput input{in};
    tar::Reader reader{input};
    Unpacker unpacker{root, path, options};
    while (const auto entry = reader.next()) {
        unpacker.unpack(reader, *entry);
    }
}

}  // namespace stack::runtime
