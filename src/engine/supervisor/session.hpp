#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/supervisor/operation.hpp"
#include "engine/supervisor/project.hpp"
#include "engine/wire.hpp"

namespace stack::engine::supervisor {

/// One connected client: reads its requests, runs them one after another, sends events and answers. Its end cancels
/// the operation that runs.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Project& project, TurnKeeper& turns, UniqueFd socket);
    ~Session();

    /// Until the client is gone.
    Task<> run();

    // --- for the operations
    void send(const std::string& json, const std::vector<int>& fds = {});
    /// "up (pid 4711)"
    std::string describe(const std::string& verb) const;
    Project& project;
    TurnKeeper& turns;
    std::shared_ptr<Operation> operation;
    /// Containers this client is attached to.
    std::vector<std::weak_ptr<Container>> attached;
    /// Containers that stand still for as long as this client is there.
    std::vector<std::weak_ptr<Container>> held;

private:
    Task<> run_request(std::string json);
    Task<> flush();
    void close();

    UniqueFd socket_;
    Watched watched_;
    wire::FrameReader reader_;
    std::string outgoing_;
    bool flushing_{false}, closed_{false};
    bool busy_{false};
    std::vector<std::string> waiting_;  ///< requests behind the one that runs
    int client_pid_{0};
};

}  // namespace stack::engine::supervisor
