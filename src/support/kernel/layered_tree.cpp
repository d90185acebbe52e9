#include "support/kernel/layered_tree.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::kernel {
namespace {

constexpr int max_links = 40;

std::optional<struct stat> status_at(int dir, const std::string& name) {
    struct stat status {};
    if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return status;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return std::nullopt;
    }
    throw SysError(errno, fmt::format("stat '{}' in a layer", name));
}

UniqueFd open_dir_at(int dir, const std::string& name) {
    return open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::string read_link_at(int dir, const std::string& name) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = check(::readlinkat(dir, name.c_str(), target.data(), target.size()),
                                 [&] { return fmt::format("read the link '{}' in a layer", name); });
    target.resize(static_cast<size_t>(length));
    return target;
}

struct CloseDir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

std::vector<std::string> names_in(int fd) {
    // fdopendir(3) takes the descriptor over and shares its position: a fresh open keeps ours unmoved.
    UniqueFd own = open_at(fd, ".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, CloseDir> dir{::fdopendir(own.get())};
    if (!dir) {
        throw SysError(errno, "read a folder of a layer");
    }
    (void)own.release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
        const std::string_view name{entry->d_name};
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    return names;
}

/// Walks a path component by component, links included.
class Walker {
public:
    explicit Walker(const LayeredDir& root) : root_{root} {}

    ResolvedPath walk(std::string_view path, bool follow_last) {
        push(path);
        while (!pending_.empty()) {
            const std::string part = std::move(pending_.back());
            pending_.pop_back();
            if (part.empty() || part == ".") {
                continue;
            }
            if (part == "..") {
                leave();
                continue;
            }
            step(part, follow_last || !pending_.empty());
        }
        return result();
    }

private:
    const LayeredDir& here() const { return trail_.empty() ? root_ : trail_.back().dir; }

    void push(std::string_view path) {
        const auto parts = split(path, '/');
        pending_.insert(pending_.end(), parts.rbegin(), parts.rend());
    }

    void leave() {
        if (!missing_.empty()) {
            missing_.pop_back();
        } else if (leaf_) {
            leaf_.reset();
        } else if (!trail_.empty()) {
            trail_.pop_back();
        }
    }

    void step(const std::string& name, bool follow) {
        if (!missing_.empty() || leaf_) {
            missing_.push_back(name);
            return;
        }
        const auto entry = here().find(name);
        if (!entry) {
            missing_.push_back(name);
            return;
        }
        if (S_ISLNK(entry->status.st_mode) && follow) {
            follow_link(*entry);
        } else if (S_ISDIR(entry->status.st_mode)) {
            auto dir = here().enter(name);
            trail_.push_back({name, std::move(*dir)});
        } else {
            leaf_ = Leaf{name, entry->status};
        }
    }

    void follow_link(const LayeredEntry& entry) {
        if (++links_ > max_links) {
            throw SysError(ELOOP, fmt::format("resolve '{}' in the image", entry.name));
        }
        const std::string target = read_link_at(entry.parent, entry.name);
        if (target.starts_with('/')) {
            trail_.clear();
        }
        push(target);
    }

    ResolvedPath result() const {
        ResolvedPath resolved;
        for (const auto& [name, dir] : trail_) {
            resolved.path += "/" + name;
        }
        if (leaf_) {
            resolved.path += "/" + leaf_->name;
        }
        for (const auto& name : missing_) {
            resolved.path += "/" + name;
        }
        if (resolved.path.empty()) {
            resolved.path = "/";
        }
        resolved.exists = missing_.empty();
        if (resolved.exists) {
            if (leaf_) {
                resolved.status = leaf_->status;
            } else {
                check(::fstat(here().fd(), &resolved.status), [] { return "stat a folder of a layer"; });
            }
        }
        return resolved;
    }

    struct Step {
        std::string name;
        LayeredDir dir;
    };
    struct Leaf {
        std::string name;
        struct stat status;
    };
    const LayeredDir& root_;
    std::vector<Step> trail_;
    std::optional<Leaf> leaf_;
    std::vector<std::string> missing_;
    std::vector<std::string> pending_;  ///< the next component is the last
    int links_{0};
};

}  // namespace

bool is_whiteout(const struct stat& status) noexcept {
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

bool is_opaque(int fd) noexcept {
    std::array<char, 4> value{};
    const ssize_t length = ::fgetxattr(fd, "trusted.overlay.opaque", value.data(), value.size());
    return length == 1 && value[0] == 'y';
}

LayeredDir LayeredDir::root(const std::vector<std::filesystem::path>& layers) {
    LayeredDir dir;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        dir.parts_.push_back(open_at(AT_FDCWD, *layer, O_RDONLY | O_DIRECTORY));
    }
    if (dir.parts_.empty()) {
        throw Error(Errc::internal, "a layered tree needs at least one layer");
    }
    return dir;
}

std::optional<LayeredEntry> LayeredDir::find(const std::string& name) const {
    for (const auto& part : parts_) {
        if (const auto status = status_at(part.get(), name)) {
            if (is_whiteout(*status)) {
                return std::nullopt;
            }
            return LayeredEntry{name, part.get(), *status};
        }
    }
    return std::nullopt;
}

std::optional<LayeredDir> LayeredDir::enter(const std::string& name) const {
    LayeredDir dir;
    for (const auto& part : parts_) {
        const auto status = status_at(part.get(), name);
        if (!status) {
            continue;
        }
        if (!S_ISDIR(status->st_mode)) {
            break;  // a whiteout or another kind of file hides what is below
        }
        dir.parts_.push_back(open_dir_at(part.get(), name));
        if (is_opaque(dir.parts_.back().get())) {
            break;
        }
    }
    if (dir.parts_.empty()) {
        return std::nullopt;
    }
    return dir;
}

std::vector<LayeredEntry> LayeredDir::list() const {
    std::map<std::string, LayeredEntry> seen;
    std::set<std::string> hidden;
    for (const auto& part : parts_) {
        for (auto& name : names_in(part.get())) {
            if (seen.contains(name) || hidden.contains(name)) {
                continue;
            }
            const auto status = status_at(part.get(), name);
            if (!status) {
                continue;
            }
            if (is_whiteout(*status)) {
                hidden.insert(std::move(name));
            } else {
                seen.emplace(name, LayeredEntry{name, part.get(), *status});
            }
        }
    }
    std::vector<LayeredEntry> entries;
    entries.reserve(seen.size());
    for (auto& [name, entry] : seen) {
        entries.push_back(std::move(entry));
    }
    return entries;
}

ResolvedPath resolve_in_layers(const LayeredDir& root, std::string_view path, bool follow_last) {
    return Walker{root}.walk(path, follow_last);
}

std::optional<LayeredDir> open_layered_dir(const std::vector<std::filesystem::path>& layers, std::string_view path) {
    auto dir = LayeredDir::root(layers);
    const auto resolved = resolve_in_layers(dir, path);
    if (!resolved.exists || !S_ISDIR(resolved.status.st_mode)) {
        return std::nullopt;
    }
    for (const auto part : split(resolved.path, '/')) {
        if (!part.empty()) {
            dir = std::move(dir.enter(std::string{part}).value());
        }
    }
    return dir;
}

std::optional<UniqueFd> open_layered_file(const std::vector<std::filesystem::path>& layers, std::string_view path) {
    const auto root = LayeredDir::root(layers);
    const auto resolved = resolve_in_layers(root, path);
    if (!resolved.exists || !S_ISREG(resolved.status.st_mode)) {
        return std::nullopt;
    }
    const std::filesystem::path where{resolved.path};
    const auto parent = open_layered_dir(layers, where.parent_path().string());
    const auto entry = parent->find(where.filename());
    return open_at(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW);
}

}  // namespace stack::kernel
