#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/launch_plan.hpp"
#include "image/config.hpp"

namespace stack::runtime {

/// A mount whose source is settled: named volumes, anonymous volumes and subpaths have become host paths.
struct ResolvedMount {
    desired::Mount::Type type{desired::Mount::Type::bind};
    std::string source;  ///< absolute host path; empty for tmpfs
    std::string target;  ///< absolute in the container
    bool read_only{false};
    std::string propagation;  ///< "" = rprivate
    std::string recursive;    ///< bind: "", enabled, disabled, writable, readonly
    std::int64_t tmpfs_size{0};
    std::optional<std::uint32_t> tmpfs_mode;
    std::vector<std::string> tmpfs_options;
    std::string idmap;
};

struct LaunchInput {
    std::string container_id;
    desired::ContainerSpec spec;
    image::ImageConfig image;
    std::vector<std::string> layers;      ///< host folders, lowest first
    std::filesystem::path container_dir;  ///< $STACK_ROOT/containers/<id>; upper/, work/ and merged/ are made in it
    std::filesystem::path run_dir;  ///< $STACK_RUN/containers/<id>: hosts, hostname, resolv.conf are bound if there
    std::filesystem::path seccomp_cache;  ///< folder for compiled filters, $STACK_ROOT/seccomp
    std::vector<ResolvedMount> mounts;
    CgroupPlacement cgroup;
    std::string hostname;  ///< used when the spec names none: the short id
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
