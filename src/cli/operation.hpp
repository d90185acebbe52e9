#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/context.hpp"
#include "engine/events.hpp"

namespace stack::engine {
class SupervisorClient;
}

namespace stack::cli {

/// What a command asks of the supervisor: uses the client, hands the events on.
using OperationBody = std::function<void(engine::SupervisorClient&, const engine::EventSink&)>;

/// An operation of the engine on a thread of its own, so that the caller's loop can draw, copy logs and hear signals
/// meanwhile. All events and the end are handed over on the caller's thread.
class Operation {
public:
    Operation(const Context& context, const std::string& project, OperationBody body);
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    /// Cancels what is under way and waits for it.
    ~Operation();

    /// Readable when take_events() has something.
    int fd() const;
    void take_events(const engine::EventSink& sink);
    /// True when it is over and all events were taken.
    bool done() const;
    /// After done(): throws what made it fail.
    void rethrow() const;
    void cancel();

private:
    class Shared;
    std::unique_ptr<Shared> shared_;
};

/// The usual case: runs it, draws the events (see ProgressView), throws what made it fail.
void run_operation(const Context& context, const std::string& project, const std::string& title,
                   const OperationBody& body);

}  // namespace stack::cli
