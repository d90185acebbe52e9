#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/logs/writer.hpp"
#include "engine/supervisor/keeper_link.hpp"
#include "engine/supervisor/log_forward.hpp"
#include "engine/supervisor/loop.hpp"

namespace stack::engine::supervisor {

/// Moves a container's output into its log while it comes. The pipes are kept with the keeper, so that a worker that
/// dies leaves the bytes in them:
///
///   <id>/stdout, <id>/stderr   FIFOs in the container's run directory
///   <id>/tty                   the terminal's master; its bytes go through the pipe <id>/tty-read, <id>/tty-write
class LogPump {
public:
    LogPump(Loop& loop, KeeperLink& keeper, std::string id, std::filesystem::path run_folder,
            std::filesystem::path log_folder, logs::Limits limits, logs::Sequence& sequence);
    ~LogPump();

    /// Tells the driver's forwarding of everything that was moved.
    void forward_to(std::shared_ptr<LogForward> forward) { forward_ = std::move(forward); }
    /// From now on nothing is kept, or everything is again. What was kept is given up.
    void keep(bool wanted);

    /// Makes the FIFOs, if they are not there, and begins to move.
    void open_fifos();
    /// Ends for the container's process: they block, and are read and write so that a missing reader is no error.
    struct Ends {
        UniqueFd out, err;
    };
    Ends process_ends() const;
    /// The terminal's master, from now on kept as <id>/tty.
    void open_terminal(UniqueFd master);
    /// After a worker's restart: goes on with what the keeper kept.
    void resume();

    /// Takes all that is there. To be called when the process has ended, before its end is told.
    void drain();
    /// Stops moving and lets go of pipes and terminal.
    void close();

private:
    struct Flow;
    void follow(const std::string& key, logs::Stream stream, bool is_terminal);
    Task<> move(std::shared_ptr<Flow> flow);
    /// True if something was moved.
    bool take(Flow& flow);
    /// As much of left generations as of what is taken at once, so that packing keeps up. False: all is packed.
    bool pack_some();
    bool take_from(int pipe, logs::Stream stream);

    Loop& loop_;
    KeeperLink& keeper_;
    std::string id_;
    std::filesystem::path run_folder_;
    std::filesystem::path log_folder_;
    std::shared_ptr<logs::Writer> writer_;
    std::shared_ptr<LogForward> forward_;
    bool keeps_{true};
    std::vector<std::shared_ptr<Flow>> flows_;
};

}  // namespace stack::engine::supervisor
