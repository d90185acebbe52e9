#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "build/build_network.hpp"
#include "build/request.hpp"
#include "build/stage_state.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/plan_launch.hpp"
#include "image/store.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/paths.hpp"

namespace stack::build {

/// What one RUN needs, settled.
struct RunRequest {
    std::string name;  ///< "[2/5] RUN make"
    int step{0};
    std::vector<std::string> args;
    Strings environment;        ///< besides the image's
    Strings mount_environment;  ///< of secrets and agents: part of no cache key and no history
    std::vector<runtime::ResolvedMount> mounts;
    std::vector<desired::FileMount> files;
    struct Script {
        std::string target, content;
    };
    std::optional<Script> script;                   ///< a here-document with `#!`, laid into the container as a program
    std::vector<kernel::FileLock> locks;            ///< of caches with sharing=locked; held while it runs
    std::vector<std::unique_ptr<TempDir>> scratch;  ///< copies of trees bound with `rw`; thrown away
    std::string network;                            ///< "", "default", "host", "none"
    bool privileged{false};
    bool interactive{false};  ///< with this process's standard streams instead of output_fd()
};

/// A RUN that has been started: a container whose upperdir will be the layer. Killed and cleaned up on destruction.
class RunStep {
public:
    /// Makes the container and starts it; returns when its command has been executed. Throws StepFailed if the command
    /// is not there. Only in a process with one thread.
    RunStep(const Paths& paths, const Database& database, const image::ImageStore& store, const BuildRequest& build,
            const StageState& state, RunRequest request);
    RunStep(const RunStep&) = delete;
    RunStep& operator=(const RunStep&) = delete;
    ~RunStep();

    /// Readable when there is output or all writers have gone; -1 after that.
    int output_fd() const noexcept { return output_.get(); }
    /// Readable when its first process has ended.
    int pidfd() const noexcept { return process_.pidfd.get(); }

    /// What it has written since the last call; empty if nothing.
    std::string read_output();
    /// True when it has ended; then the exit code is known and nothing of it runs any more.
    bool reap();
    int exit_code() const noexcept { return exit_code_.value_or(-1); }
    void kill() noexcept;

    const RunRequest& request() const noexcept { return request_; }
    /// The layer's folder, after reap(): mount points that the run needed and the image lacked are taken out.
    std::filesystem::path take_layer();
    double seconds() const;

private:
    void start();
    runtime::LaunchInput launch_input();
    void write_run_files();
    void discard_volumes() const;
    void note_missing_targets(const runtime::LaunchPlan& plan);
    void remember();
    void forget() noexcept;

    const Paths& paths_;
    const Database& database_;
    const BuildRequest& build_;
    const StageState& state_;
    RunRequest request_;
    TempDir place_;
    TempDir empty_layer_;
    std::string id_;
    std::filesystem::path run_dir_;
    std::optional<BuildNetwork> network_;
    runtime::CgroupPlacement cgroup_;
    runtime::Launched process_;
    UniqueFd output_;
    std::vector<std::string> stubs_;  ///< mount points to take out again, deepest first
    std::optional<int> exit_code_;
    std::chrono::steady_clock::time_point begin_{std::chrono::steady_clock::now()};
};

/// Kills and removes what builds left behind whose process is gone.
void sweep_killed_builds(const Paths& paths, const Database& database);

}  // namespace stack::build
