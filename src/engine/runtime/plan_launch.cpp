#include "engine/runtime/plan_launch.hpp"

#include <algorithm>
#include <climits>
#include <map>

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include "desired/possible.hpp"
#include "engine/runtime/capabilities.hpp"
#include "engine/runtime/default_mounts.hpp"
#include "engine/runtime/plan_mounts.hpp"
#include "engine/runtime/plan_process.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/runtime/sysctls.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

using desired::ContainerSpec;

NamespaceMode mode_of(const std::string& text, const char* key) {
    if (text.empty() || text == "private" || text == "shareable" || text == "none") {
        return NamespaceMode::create;
    }
    if (text == "host") {
        return NamespaceMode::host;
    }
    if (text.rfind("container:", 0) == 0 || text.rfind("service:", 0) == 0) {
        return NamespaceMode::join;
    }
    throw Error(Errc::invalid_input, fmt::format("unknown {} mode '{}'", key, text));
}

NamespacePlan plan_namespaces(const ContainerSpec& spec) {
    NamespacePlan namespaces;
    namespaces.network = spec.network_mode == "host" ? NamespaceMode::host : NamespaceMode::join;
    namespaces.pid = mode_of(spec.pid, "pid");
    namespaces.ipc = mode_of(spec.ipc, "ipc");
    namespaces.uts = mode_of(spec.uts, "uts");
    namespaces.cgroup = mode_of(spec.cgroup, "cgroup");
    if (spec.cgroup.empty() && spec.privileged) {
        namespaces.cgroup = NamespaceMode::host;
    }
    return namespaces;
}

/// Made here, not in the child: what is on disk outlives the launch and belongs to the engine.
RootfsPlan plan_rootfs(const LaunchInput& input) {
    RootfsPlan rootfs;
    rootfs.layers = input.layers;
    rootfs.upper = input.container_dir / "upper";
    rootfs.work = input.container_dir / "work";
    rootfs.mount_point = input.container_dir / "merged";
    rootfs.read_only = input.spec.read_only;
    if (input.spec.auto_remove) {
        // Nobody will see it again: without this the end of the process waits for all of the disk to be written
        // (overlayfs syncs its upper file system when it is unmounted).
        rootfs.overlay_options = "volatile";
    }
    rootfs.storage_limit = make_storage(input.container_dir, input.spec.storage_opt);
    return rootfs;
}

std::vector<FileStep> plan_files(const ContainerSpec& spec) {
    std::vector<FileStep> files;
    for (const desired::FileMount& file : spec.files) {
        FileStep step;
        step.target = file.target;
        step.content = file.content;
        step.host_path = file.host_path;
        step.uid = file.uid;
        step.gid = file.gid;
        step.mode = file.mode;
        files.push_back(std::move(step));
    }
    return files;
}

bool system_paths_unconfined(const ContainerSpec& spec) {
    return std::find(spec.security_opt.begin(), spec.security_opt.end(), "systempaths=unconfined") !=
           spec.security_opt.end();
}

/// With the host's network or names the host's name, as with Docker, unless another is asked for.
std::string plan_hostname(const LaunchInput& input, const NamespacePlan& namespaces) {
    if (!input.spec.hostname.empty()) {
        return input.spec.hostname;
    }
    if (namespaces.network == NamespaceMode::host || namespaces.uts == NamespaceMode::host) {
        char name[HOST_NAME_MAX + 1] = {};
        check(::gethostname(name, HOST_NAME_MAX), [] { return "read the host's name"; });
        return name;
    }
    return input.hostname;
}

}  // namespace

PlannedLaunch make_launch_plan(const LaunchInput& input) {
    desired::require_possible(desired::impossible_values(input.spec));
    PlannedLaunch planned;
    LaunchPlan& plan = planned.plan;
    plan.container_id = input.container_id;
    plan.namespaces = plan_namespaces(input.spec);
    plan.cgroup = input.cgroup;
    plan.rootfs = plan_rootfs(input);
    plan.mounts = plan_mounts(input, plan.namespaces);
    plan.files = plan_files(input.spec);
    plan.devices = plan_devices(input.spec);
    plan.devices.insert(plan.devices.end(), input.device_edits.nodes.begin(), input.device_edits.nodes.end());
    if (!input.spec.privileged && !system_paths_unconfined(input.spec)) {
        plan.masked_paths = default_masked_paths();
        plan.read_only_paths = default_read_only_paths();
    }
    plan.sysctls = plan_sysctls(input.spec.sysctls, plan.namespaces);
    plan.hostname = plan_hostname(input, plan.namespaces);
    plan.domainname = input.spec.domainname;
    plan.init = input.spec.init;
    plan.process = plan_process(input, plan.hostname, planned.warnings);
    const auto& warnings = input.device_edits.warnings;
    planned.warnings.insert(planned.warnings.end(), warnings.begin(), warnings.end());
    return planned;
}

ExecPlan make_exec_plan(const LaunchPlan& container, const ExecRequest& request) {
    ExecPlan plan;
    plan.cgroup = container.cgroup;
    plan.own_user_namespace = container.namespaces.user == NamespaceMode::create;
    plan.process = container.process;
    ProcessPlan& process = plan.process;
    process.args = request.args;
    process.env = merge_environment(container.process.env, request.env);
    process.create_cwd = false;
    if (!request.user.empty()) {
        process.user = request.user;
    }
    if (!request.working_dir.empty()) {
        process.cwd = request.working_dir;
    }
    process.oom_score_adj.reset();
    process.tty = request.tty;
    process.rows = request.rows;
    process.columns = request.columns;
    if (request.tty) {
        process.env = merge_environment({"TERM=xterm"}, process.env);
    }
    if (request.privileged) {
        process.capabilities = ~CapabilityMask{0};
        process.seccomp_file.clear();
        process.apparmor_profile.clear();
    }
    return plan;
}

}  // namespace stack::runtime
