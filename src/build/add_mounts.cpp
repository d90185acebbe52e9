// What `RUN --mount=` brings into the container.
#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "build/run_mounts.hpp"
#include "build/stage_builder.hpp"
#include "engine/runtime/rootfs.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
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
    const auto folder = paths.build_cache() / "mounts" / sha256_hex(mount.id);
    if (!fs::exists(folder)) {
        fs::create_directories(folder);
        check(::chmod(folder.c_str(), mount.mode.value_or(0755)), [] { return "change the mode of a cache folder"; });
        check(::chown(folder.c_str(), mount.uid, mount.gid), [] { return "change the owner of a cache folder"; });
    }
    return folder;
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
        request.environment.push_back(fmt::format("{}={}", mount.env, secret->second.content));
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

void StageBuilder::add_ssh_mount(const RunMount& mount, RunRequest& request) const {
    const auto agent = job_.request.ssh.find(mount.id);
    if (agent == job_.request.ssh.end()) {
        if (mount.required) {
            throw Error(Errc::not_found, fmt::format("ssh agent '{}' was not given", mount.id))
                .hint(fmt::format("pass --ssh {}", mount.id));
        }
        return;
    }
    const auto target = mount.target.empty() ? "/run/buildkit/ssh_agent.0" : target_of(state_, mount.target);
    request.mounts.push_back(bind_of(agent->second, target, false));
    request.environment.push_back("SSH_AUTH_SOCK=" + target);
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
    runtime::RootfsPlan plan;
    for (const auto& layer : tree->layers()) {
        plan.layers.push_back(layer);
    }
    // Writes of the run stay in a scratch upperdir that is thrown away, as BuildKit does for `rw`.
    std::string source = plan.layers.front() + "/" + found.path;
    if (plan.layers.size() > 1 || !mount.read_only) {
        request.scratch.push_back(std::make_unique<TempDir>(job_.store.begin_layer()));
        const auto& place = request.scratch.back()->path();
        plan.upper = place / "upper";
        plan.work = place / "work";
        fs::create_directories(plan.upper);
        fs::create_directories(plan.work);
        UniqueFd root = runtime::mount_overlay_detached(plan);
        request.held.push_back(kernel::open_in_root(root.get(), "/" + found.path, O_PATH));
        source = fmt::format("/proc/{}/fd/{}", ::getpid(), request.held.back().get());
    }
    request.mounts.push_back(bind_of(source, target_of(state_, mount.target), mount.read_only));
    return true;
}

bool StageBuilder::add_mounts(const Instruction& run, const std::vector<RunMount>& mounts, RunRequest& request,
                              std::string& key) {
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
                add_ssh_mount(mount, request);
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
