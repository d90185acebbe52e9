#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/logs/forwarder.hpp"
#include "engine/supervisor/loop.hpp"

namespace stack::engine::supervisor {

/// Hands a container's log on to where its driver wants it, beside the container's life: a far end that is slow or gone
/// holds up nothing. What it does not take stays in our files, and is sent when it answers again.
class LogForward : public std::enable_shared_from_this<LogForward> {
public:
    /// `container_folder` holds the log's folder, json-file's files and the cursor. `idle` is notified when is_busy()
    /// becomes false.
    LogForward(Loop& loop, Signal& idle, logs::DriverConfig config, logs::Origin origin,
               std::filesystem::path container_folder, std::filesystem::path log_folder);

    /// Opens the far end, so that a start can fail with its reason. Does nothing if it is open.
    Task<> open();
    /// There is something new in the log.
    void more();
    /// Nothing more comes from this run: a rest without newline is a line, too. For files this is done on return.
    void end_run();
    /// Its container is being removed.
    void stop();
    /// Lines are on their way, and somebody takes them.
    bool is_busy() const noexcept { return !caught_up_ && !failing_ && !stopped_; }

private:
    Task<> run();
    Task<> wait_to_send();
    bool advance();

    Loop& loop_;
    Signal& idle_;
    logs::DriverConfig config_;
    logs::Origin origin_;
    std::filesystem::path container_folder_, log_folder_;
    std::unique_ptr<logs::Forwarder> forwarder_;
    Signal news_;
    bool running_{false}, stopped_{false}, ended_{false}, failing_{false}, caught_up_{true}, opening_{false};
};

}  // namespace stack::engine::supervisor
