#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/cgroup.hpp"
#include "engine/runtime/exec.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/plan_launch.hpp"
#include "harness/test_root.hpp"
#include "support/files.hpp"

namespace stack::runtime::test {

/// A busybox root as one image layer, made once per test program, with a few users.
const std::filesystem::path& busybox_layer();

struct Finished {
    int exit_code{-1};
    std::string out, err;
    ExecOutcome outcome;
};

/// One container of its own folder, network namespace and (if asked for) cgroup; taken apart on destruction.
class Box {
public:
    Box();
    ~Box();
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;

    LaunchInput input;  ///< change it before run() or start()
    std::vector<std::string> warnings;
    const std::filesystem::path& folder() const { return root_.dir(); }

    /// Runs `sh -c script` to its end.
    Finished run(const std::string& script);
    /// Runs what the spec says.
    Finished run();
    /// Starts `sh -c script`, which must write a line "ready" before this returns.
    void start(const std::string& script);
    Finished exec(const ExecRequest& request);
    Finished exec(const std::string& script);
    void kill(int signal);
    int wait();

    /// Gives the container cgroups with the spec's limits; called by run() and start() unless done before.
    void make_cgroup();
    const CgroupPlacement& cgroup() const { return input.cgroup; }

    const LaunchPlan& plan() const { return plan_; }
    pid_t pid() const { return running_ ? running_->pid : -1; }
    int pidfd() const { return running_ ? running_->pidfd.get() : -1; }

private:
    ExecOutcome launch_with(const Pipe& out, const Pipe& err);
    stack::testing::TestRoot root_;
    LaunchPlan plan_;
    UniqueFd netns_;
    std::optional<Launched> running_;
    UniqueFd out_, console_;
};

/// Reads two pipes to their ends.
std::pair<std::string, std::string> drain(int out, int err);

}  // namespace stack::runtime::test
