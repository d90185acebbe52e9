#include "engine/access/commit.hpp"

#include <algorithm>
#include <climits>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "desired/json.hpp"
#include "engine/access/tree.hpp"
#include "engine/runtime/changes.hpp"
#include "image/rfc3339.hpp"
#include "image/store.hpp"
#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine {
namespace {

/// Copies what a container changed from its upper folder into a new layer's, as overlayfs wants layers to be.
class LayerCopy {
public:
    LayerCopy(const std::string& upper, const std::string& staged)
        : upper_{kernel::open_at(AT_FDCWD, upper, O_PATH | O_DIRECTORY)},
          staged_{kernel::open_at(AT_FDCWD, staged, O_PATH | O_DIRECTORY)} {
        copy_folder_attributes("");
    }

    void take(const runtime::Change& change) {
        const size_t slash = change.path.rfind('/');
        ensure_folder(change.path.substr(0, slash));
        const std::string path = change.path.substr(1);
        if (change.kind == runtime::Change::Kind::deleted) {
            check(::mknodat(staged_.get(), path.c_str(), S_IFCHR, makedev(0, 0)),
                  [&] { return fmt::format("note that '{}' is deleted", change.path); });
            return;
        }
        struct stat info {};
        if (::fstatat(upper_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            return;  // removed meanwhile, or a folder of the image that is named for what lies in it
        }
        S_ISDIR(info.st_mode) ? ensure_folder(change.path) : copy_leaf(path, info);
    }

    /// Last: what was put into folders has changed their times.
    void finish() {
        for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
            const timespec times[2] = {folder->second.st_atim, folder->second.st_mtim};
            const std::string name = folder->first.empty() ? "." : folder->first.substr(1);
            ::utimensat(staged_.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
        }
    }

private:
    void ensure_folder(const std::string& path) {
        if (path.empty() || folders_.contains(path)) {
            return;
        }
        ensure_folder(path.substr(0, path.rfind('/')));
        check(::mkdirat(staged_.get(), path.c_str() + 1, 0700), [&] { return fmt::format("make '{}'", path); });
        copy_folder_attributes(path);
    }

    void copy_folder_attributes(const std::string& path) {
        const std::string name = path.empty() ? "." : path.substr(1);
        const UniqueFd from = kernel::open_at(upper_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        const UniqueFd to = kernel::open_at(staged_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        struct stat info {};
        check(::fstat(from.get(), &info), [&] { return fmt::format("look at '{}'", path); });
        check(::fchown(to.get(), info.st_uid, info.st_gid), [&] { return fmt::format("give '{}' its owner", path); });
        kernel::copy_xattrs(from.get(), to.get());
        check(::fchmod(to.get(), info.st_mode & 07777U), [&] { return fmt::format("give '{}' its mode", path); });
        folders_[path] = info;
    }

    void copy_leaf(const std::string& path, const struct stat& info) {
        if (S_ISSOCK(info.st_mode)) {
            return;
        }
        const auto [first, fresh] = links_.try_emplace(info.st_ino, path);
        if (!fresh && info.st_nlink > 1) {
            check(::linkat(staged_.get(), first->second.c_str(), staged_.get(), path.c_str(), 0),
                  [&] { return fmt::format("link '{}'", path); });
            return;
        }
        if (S_ISREG(info.st_mode)) {
            const UniqueFd from = kernel::open_at(upper_.get(), path, O_RDONLY | O_NOFOLLOW);
            const UniqueFd to = kernel::open_at(staged_.get(), path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
            kernel::copy_content(from.get(), to.get(), info.st_size);
            check(::fchown(to.get(), info.st_uid, info.st_gid),
                  [&] { return fmt::format("give '{}' its owner", path); });
            kernel::copy_xattrs(from.get(), to.get());
            check(::fchmod(to.get(), info.st_mode & 07777U), [&] { return fmt::format("give '{}' its mode", path); });
        } else {
            make_special(path, info);
        }
        const timespec times[2] = {info.st_atim, info.st_mtim};
        ::utimensat(staged_.get(), path.c_str(), times, AT_SYMLINK_NOFOLLOW);
    }

    void make_special(const std::string& path, const struct stat& info) {
        int result = 0;
        if (S_ISLNK(info.st_mode)) {
            std::string target(PATH_MAX, '\0');
            const ssize_t size = check(::readlinkat(upper_.get(), path.c_str(), target.data(), target.size()),
                                       [&] { return fmt::format("read the link '{}'", path); });
            target.resize(static_cast<size_t>(size));
            result = ::symlinkat(target.c_str(), staged_.get(), path.c_str());
        } else {
            result = ::mknodat(staged_.get(), path.c_str(), info.st_mode, info.st_rdev);
        }
        check(result, [&] { return fmt::format("make '{}'", path); });
        check(::fchownat(staged_.get(), path.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("give '{}' its owner", path); });
        if (!S_ISLNK(info.st_mode)) {
            check(::fchmodat(staged_.get(), path.c_str(), info.st_mode & 07777U, 0),
                  [&] { return fmt::format("give '{}' its mode", path); });
        }
    }

    UniqueFd upper_, staged_;
    std::map<std::string, struct stat> folders_;
    std::map<ino_t, std::string> links_;
};

image::Image image_of(const Paths& paths, const ContainerRow& row) {
    auto image = image::ImageStore{paths}.find_by_id(row.image_id);
    if (!image) {
        throw Error(Errc::not_found, fmt::format("the image of container '{}' is not there any more", row.name));
    }
    return std::move(*image);
}

void set_variable(std::vector<std::string>& env, const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    const auto same = std::find_if(env.begin(), env.end(), [&](const auto& it) { return it.starts_with(name); });
    if (same == env.end()) {
        env.push_back(variable);
    } else {
        *same = variable;
    }
}

}  // namespace

image::ImageConfig committed_config(const Paths& paths, const ContainerRow& row) {
    image::ImageConfig config = image_of(paths, row).config;
    const desired::ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    if (spec.entrypoint) {
        config.entrypoint = *spec.entrypoint;
        config.cmd.reset();
    }
    if (spec.command) {
        config.cmd = *spec.command;
    }
    for (const std::string& variable : spec.environment) {
        set_variable(config.env, variable);
    }
    const auto replace = [](std::string& old, const std::string& fresh) { old = fresh.empty() ? old : fresh; };
    replace(config.user, spec.user);
    replace(config.working_dir, spec.working_dir);
    replace(config.stop_signal, spec.stop_signal);
    for (const auto& [name, value] : spec.labels) {
        config.labels[name] = value;
    }
    for (const std::string& port : spec.expose) {
        config.exposed_ports.insert(port.find('/') == std::string::npos ? port + "/tcp" : port);
    }
    return config;
}

std::string commit_container(const Paths& paths, const ContainerRow& row, image::ImageConfig config,
                             const CommitOptions& options) {
    image::ImageStore images{paths};
    const auto held = images.hold();
    const image::Image base = image_of(paths, row);
    const runtime::LaunchPlan plan = container_plan(paths, row);
    const TempDir folder = images.begin_layer();
    const auto staged = folder.path() / "upper";
    std::filesystem::create_directory(staged);
    LayerCopy copy{plan.rootfs.upper, staged};
    for (const runtime::Change& change : runtime::container_changes(plan)) {
        copy.take(change);
    }
    copy.finish();
    const std::string parent = base.chain_ids.empty() ? "" : base.chain_ids.back();
    const image::LayerInfo layer = images.add_layer_from_dir(parent, staged, "");
    config.diff_ids = base.config.diff_ids;
    config.diff_ids.push_back(layer.diff_id);
    config.created = image::creation_time();
    config.author = options.author.empty() ? config.author : options.author;
    image::HistoryEntry& entry = config.history.emplace_back();
    entry.created = config.created;
    entry.created_by = row.command;
    entry.author = options.author;
    entry.comment = options.message;
    return images.put_image(config, options.reference);
}

}  // namespace stack::engine
