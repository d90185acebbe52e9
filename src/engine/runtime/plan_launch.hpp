#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/cdi/edits.hpp"
#include "engine/runtime/launch_plan.hpp"
#include "image/config.hpp"
#include "volumes/resolved_mount.hpp"

namespace stack::runtime {

using volumes::ResolvedMount;

struct LaunchInput {
    std::string container_id;
    desired::ContainerSpec spec;
    image::ImageConfig image;
    std::vector<std::string> layers;      ///< host folders, lowest first
    std::filesystem::path container_dir;  ///< $STACK_ROOT/containers/<id>; upper/, work/ and merged/ are made in it
    std::filesystem::path run_dir;  ///< $STACK_RUN/containers/<id>: hosts, hostname, resolv.conf are bound if there
    std::filesystem::path seccomp_cache;  ///< folder for compiled filters, $STACK_ROOT/seccomp
    std::vector<ResolvedMount> mounts;    ///< sources are settled, see volumes/resolve_mounts.hpp
    CgroupPlacement cgroup;
    DeviceEdits device_edits;  ///< cdi::device_edits() of the spec
    std::string hostname;      ///< used when the spec names none: the short id
};

struct PlannedLaunch {
    LaunchPlan plan;
    std::vector<std::string> warnings;  ///< sentences for the user: what was asked for and cannot be had here
};

/// Merges the spec with the image's defaults and ours. Makes no process; makes the container's folders and compiles
/// the seccomp filter if its cache has none. Throws Errc::invalid_input for values that can never work (unknown
/// capability, sysctl that is not namespaced, no command), Errc::unsupported for what this build cannot do.
PlannedLaunch make_launch_plan(const LaunchInput& input);

/// What `docker exec` may say about a further process.
struct ExecRequest {
    std::vector<std::string> args;
    std::vector<std::string> env;  ///< added to the container's
    std::string user;              ///< empty: the container's
    std::string working_dir;       ///< empty: the container's
    bool tty{false}, privileged{false};
    std::uint16_t rows{0}, columns{0};
};

/// The plan for a further process, from the plan that the container was started with.
ExecPlan make_exec_plan(const LaunchPlan& container, const ExecRequest& request);

}  // namespace stack::runtime
