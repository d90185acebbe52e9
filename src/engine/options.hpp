#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"

/// The settings of the engine's operations: what the flags of compose and docker commands become.
namespace stack::engine {

enum class Recreate { diverged, force, never };

struct UpOptions {
    std::vector<std::string> services;  ///< empty: all active ones. Others are what these depend on
    bool start{true};                   ///< false: `create`, `up --no-start`
    bool no_deps{false};
    Recreate recreate{Recreate::diverged};
    Recreate recreate_dependencies{Recreate::diverged};  ///< --always-recreate-deps: force
    bool renew_anonymous_volumes{false};
    bool remove_orphans{false};
    std::map<std::string, int> scale;
    bool wait{false};  ///< until running or healthy
    std::optional<std::chrono::nanoseconds> wait_timeout;
    std::optional<std::chrono::nanoseconds> stop_timeout;  ///< for containers that are replaced
};

struct DownOptions {
    std::vector<std::string> services;  ///< empty: the whole project, its networks too
    bool remove_orphans{false};
    bool volumes{false};  ///< named ones of the project, and anonymous ones
    std::optional<std::chrono::nanoseconds> stop_timeout;
};

/// Which containers an operation is for: of the client's project, in dependency order if there are several.
struct Targets {
    std::vector<std::string> containers;  ///< names, ids or unique prefixes of ids
    std::vector<std::string> services;    ///< all their replicas
    bool all{false};                      ///< the whole project
    bool include_one_off{false};
};

struct StopOptions {
    std::optional<std::chrono::nanoseconds>
        timeout;         ///< unset: the container's own, then 10 s; negative: wait for ever
    std::string signal;  ///< empty: the container's stop signal
};

struct RestartOptions {
    StopOptions stop;
    bool no_deps{false};  ///< true: dependents with `restart: true` are left alone
};

struct RemoveOptions {
    bool force{false};    ///< kill running ones; else Errc::conflict
    bool volumes{false};  ///< anonymous ones too
    bool stop{false};     ///< stop running ones first
};

/// One container outside `up`: `docker run|create`, `compose run`.
struct CreateRequest {
    desired::ContainerSpec spec;
    std::string name;     ///< empty: one is made up ("brave_turing"), or "<project>-<service>-run-<hex>" for one_off
    std::string service;  ///< compose run
    bool one_off{false};
};

/// Live changes of a container (`docker update`). Unset members stay.
struct UpdateRequest {
    std::optional<desired::Resources> resources;
    std::optional<desired::RestartPolicy> restart;
};

}  // namespace stack::engine
