// What `RUN --mount=` brings into the container.
#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "build/run_mounts.hpp"
#include "build/stage_builder.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;
using Type = RunMount::Type;

/// A path in the container against WORKDIR, without a slash at its end.
std::string target_of(const StageState& state, const std::string& target) {
    auto path = state.absolute(target);
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    return path;
}

runtime::ResolvedMount bind_of(const std::string& source, const std::string& target, bool read_only) {
    runtime::ResolvedMount mount;
    mount.type = runtime::ResolvedMount::Type::bind;
    mount.source = source;
    mount.target = target;
    mount.read_only = read_only;
    return mount;
}

/// The folder of a cache mount, by id. It belongs to nobody's layer and lives until it is pruned.
fs::path cache_folder(const Paths& paths, const RunMount& mount) {
    auto folder = paths.build_cache() / "mounts" / sha256_hex(mount.id);
    if (!fs::exists(folder)) {
        fs::create_directories(folder);
        check(::chmod(folder.c_str(), mount.mode.value_or(0755)), [] { return "change the mode of a cache folder"; });
        check(::chown(folder.c_str(), mount.uid, mount.gid), [] { return "change the owner of a cache folder"; });
    }
    return folder;
}

/// What a run writes into a tree bound with `rw` is thrown away, as BuildKit does: it gets a copy, whose files share
/// their extents with the tree's where the file system can. Works on every kernel, other than an overlay mounted
/// elsewhere.
fs::path copy_for_writing(const SourceTree& tree, const SourceTree::Match& match, const fs::path& place) {
    auto folder = place / "tree";
    fs::create_directories(folder);
    fs::create_directories(place / "staging");
    const UniqueFd into = kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    const UniqueFd staging = kernel::open_at(AT_FDCWD, place / "staging", O_RDONLY | O_DIRECTORY);
    kernel::CopyOptions options;
    const auto prefix = match.is_folder && !match.path.empty() ? match.path + "/" : std::string{};
    options.skip = [&tree, prefix](const std::string& path, bool is_folder) {
        return tree.hides(prefix + path, is_folder);
    };
    kernel::TreeCopier copier{staging.get(), std::move(options)};
    if (match.is_folder) {
        copier.copy_folder(tree.folder(match.path), into.get());
        return folder;
    }
    const auto parent = tree.parent_of(match);
    const auto name = fs::path{match.path}.filename().string();
    if (const auto entry = parent.find(name)) {
        copier.copy_entry(parent, *entry, into.get(), name);
    }
    return folder / name;
}

/// A layer that, above a context, takes away what the .dockerignore leaves out: whiteouts, in folders like those of the
/// context, whose owners and times are seen in their place. Nothing of the context is copied.
class IgnoreMask {
public:
    IgnoreMask(const SourceTree& tree, fs::path folder) : tree_{tree}, folder_{std::move(folder)} {}

    /// Covers all below `path`; whether anything there is hidden at all.
    bool cover(const std::string& path) { return cover(tree_.folder(path), path); }

private:
    bool cover(const kernel::LayeredDir& dir, const std::string& path) {
        bool any = false;
        for (const auto& entry : dir.list()) {
            const auto below = path.empty() ? entry.name : path + "/" + entry.name;
            const bool is_folder = S_ISDIR(entry.status.st_mode);
            if (tree_.hides(below, is_folder)) {
                fs::create_directories(folder_ / path);
                check(::mknod((folder_ / below).c_str(), S_IFCHR, makedev(0, 0)),
                      [&] { return fmt::format("hide '{}' of the context", below); });
                any = true;
            } else if (is_folder) {
                any = cover(dir.enter(entry.name).value(), below) || any;
            }
        }
        if (any) {
            look_like(dir, folder_ / path);
        }
        return any;
    }

    static void look_like(const kernel::LayeredDir& dir, const fs::path& made) {
        struct stat status {};
        check(::fstat(dir.fd(), &status), [] { return "look at a folder of the context"; });
        check(::chown(made.c_str(), status.st_uid, status.st_gid), [&] { return "give away " + made.string(); });
        check(::chmod(made.c_str(), status.st_mode & 07777), [&] { return "change the mode of " + made.string(); });
        const timespec times[2] = {status.st_atim, status.st_mtim};
        check(::utimensat(AT_FDCWD, made.c_str(), times, 0), [&] { return "set the times of " + made.string(); });
    }

    const SourceTree& tree_;
    fs::path folder_;
};

/// Whether overlay takes folders of this file system as layers. It refuses some, as vfat, whose names have rules of
/// their own, and says so only where the container starts.
bool can_be_a_layer(const fs::path& folder) {
    struct statfs info {};
    if (::statfs(folder.c_str(), &info) != 0) {
        return false;
    }
    const auto type = static_cast<unsigned long>(info.f_type);
    return type == EXT4_SUPER_MAGIC || type == XFS_SUPER_MAGIC || type == BTRFS_SUPER_MAGIC || type == TMPFS_MAGIC;
}

runtime::ResolvedMount layered_bind(std::vector<std::string> layers, const std::string& path,
                                    const std::string& target) {
    runtime::ResolvedMount layered;
    layered.type = runtime::ResolvedMount::Type::overlay;
    layered.layers = {layers.begin(), layers.end()};
    layered.subpath = path;
    layered.target = target;
    layered.read_only = true;
    return layered;
}

/// One folder, as it is or without what its rules hide.
runtime::ResolvedMount folder_bind(const SourceTree& tree, const SourceTree::Match& match, const std::string& target,
                                   const std::function<fs::path()>& scratch) {
    const std::string whole = tree.layers().front();
    const auto as_it_is = bind_of(whole + "/" + match.path, target, true);
    if (!tree.has_rules() || !match.is_folder) {
        return as_it_is;
    }
    const auto place = scratch();
    if (!can_be_a_layer(whole)) {
        return bind_of(copy_for_writing(tree, match, place), target, true);
    }
    const auto mask = place / "mask";
    if (!IgnoreMask{tree, mask}.cover(match.path)) {
        return as_it_is;
    }
    return layered_bind({whole, mask.string()}, match.path, target);
}

}  // namespace

void StageBuilder::add_cache_mount(const RunMount& mount, RunRequest& request) const {
    auto id = mount;
    if (mount.sharing == "private") {
        id.id += "\nprivate " + job_.id;
    }
    const auto folder = cache_folder(job_.paths, id);
    if (mount.sharing == "locked") {
        request.locks.push_back(kernel::FileLock::acquire(folder.string() + ".lock"));
    }
    request.mounts.push_back(bind_of(folder, target_of(state_, mount.target), mount.read_only));
}

void StageBuilder::add_secret_mount(const RunMount& mount, RunRequest& request) const {
    const auto secret = job_.request.secrets.find(mount.id);
    if (secret == job_.request.secrets.end()) {
        if (mount.required) {
            throw Error(Errc::not_found, fmt::format("secret '{}' was not given", mount.id))
                .hint(fmt::format("pass --secret id={},src=FILE", mount.id));
        }
        return;
    }
    if (!mount.env.empty()) {
        request.mount_environment.push_back(fmt::format("{}={}", mount.env, secret->second.content));
    }
    if (!mount.target.empty()) {
        desired::FileMount file;
        file.target = target_of(state_, mount.target);
        file.content = secret->second.content;
        file.mode = mount.mode.value_or(0400);
        file.uid = std::to_string(mount.uid);
        file.gid = std::to_string(mount.gid);
        file.secret = true;
        request.files.push_back(std::move(file));
    }
}

namespace {

/// What is mounted is the agent's own socket, with its owner and mode. A wish that it does not fulfil is told.
void check_agent(const RunMount& mount, const fs::path& socket) {
    struct stat info {};
    check(::stat(socket.c_str(), &info), [&] { return fmt::format("look at the socket '{}'", socket.string()); });
    const bool by_owner = mount.uid == info.st_uid && (info.st_mode & S_IWUSR) != 0;
    const bool by_group = mount.gid == info.st_gid && (info.st_mode & S_IWGRP) != 0;
    const bool usable = mount.uid == 0 || by_owner || by_group || (info.st_mode & S_IWOTH) != 0;
    constexpr mode_t of_others = S_IWGRP | S_IWOTH;
    const bool wide_enough = (mount.mode.value_or(0) & of_others & ~info.st_mode) == 0;
    if (!usable || !wide_enough) {
        throw Error(Errc::unsupported,
                    fmt::format("the socket of ssh agent '{}' is mounted as it is, owned by {}:{} with mode {:04o}: "
                                "--mount=type=ssh cannot give it another owner or mode",
                                mount.id, info.st_uid, info.st_gid, info.st_mode & 07777U))
            .hint(fmt::format("chown or chmod '{}' on this host, or run this step as root", socket.string()));
    }
}

}  // namespace

void StageBuilder::add_ssh_mount(const RunMount& mount, int number, RunRequest& request) const {
    const auto agent = job_.request.ssh.find(mount.id);
    if (agent == job_.request.ssh.end()) {
        if (mount.required) {
            throw Error(Errc::not_found, fmt::format("ssh agent '{}' was not given", mount.id))
                .hint(fmt::format("pass --ssh {}", mount.id));
        }
        return;
    }
    check_agent(mount, agent->second);
    const auto target =
        mount.target.empty() ? fmt::format("/run/buildkit/ssh_agent.{}", number) : target_of(state_, mount.target);
    request.mounts.push_back(bind_of(agent->second, target, false));
    if (number == 0) {
        request.mount_environment.push_back("SSH_AUTH_SOCK=" + target);
    }
}

/// False: the stage it reads from is not finished yet.
bool StageBuilder::add_bind_mount(const Instruction& run, const RunMount& mount, RunRequest& request,
                                  std::string& key) {
    const auto* tree = mount.from.empty() ? &job_.context(run.pos) : job_.tree(mount.from, stage_.index, run.pos);
    if (tree == nullptr) {
        return false;
    }
    const auto found = tree->match(mount.source.empty() ? "." : mount.source, false).front();
    key += tree->digest(found, {}, true) + "\n";
    const auto target = target_of(state_, mount.target);
    const auto scratch = [&] {
        request.scratch.push_back(std::make_unique<TempDir>(job_.store.begin_layer()));
        return request.scratch.back()->path();
    };
    if (!mount.read_only) {
        request.mounts.push_back(bind_of(copy_for_writing(*tree, found, scratch()), target, false));
    } else if (tree->layers().size() == 1) {
        request.mounts.push_back(folder_bind(*tree, found, target, scratch));
    } else {
        request.mounts.push_back(layered_bind({tree->layers().begin(), tree->layers().end()}, found.path, target));
    }
    return true;
}

bool StageBuilder::add_mounts(const Instruction& run, const std::vector<RunMount>& mounts, RunRequest& request,
                              std::string& key) {
    int agents = 0;
    for (const auto& mount : mounts) {
        key += fmt::format("mount {} {} {} {} {}\n", static_cast<int>(mount.type), mount.target, mount.id, mount.from,
                           mount.source);
        switch (mount.type) {
            case Type::cache:
                add_cache_mount(mount, request);
                break;
            case Type::secret:
                add_secret_mount(mount, request);
                break;
            case Type::ssh:
                add_ssh_mount(mount, agents++, request);
                break;
            case Type::bind:
                if (!add_bind_mount(run, mount, request, key)) {
                    return false;
                }
                break;
            case Type::tmpfs: {
                runtime::ResolvedMount tmpfs;
                tmpfs.type = runtime::ResolvedMount::Type::tmpfs;
                tmpfs.target = target_of(state_, mount.target);
                tmpfs.tmpfs_flags = MS_NOSUID | MS_NODEV;
                if (mount.size > 0) {
                    tmpfs.tmpfs_data = fmt::format("size={}", mount.size);
                }
                request.mounts.push_back(std::move(tmpfs));
                break;
            }
        }
    }
    return true;
}

}  // namespace stack::build
