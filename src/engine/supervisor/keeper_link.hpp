#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/supervisor/keeper_protocol.hpp"
#include "engine/supervisor/loop.hpp"
#include "support/error.hpp"

namespace stack::engine::supervisor {

/// A process as the keeper handed it over.
struct HandedChild {
    Message about;
    UniqueFd pidfd;
};

/// What comes with a launch besides the plan: positions are LaunchFd, -1 where there is none. All borrowed.
struct LaunchRequest {
    std::string key;  ///< container id, or a fresh id for an exec
    bool is_exec{false};
    std::string plan;  ///< serialized
    std::array<int, static_cast<size_t>(LaunchFd::count)> fds{};
    LaunchRequest() { fds.fill(-1); }
    int& fd(LaunchFd which) { return fds[static_cast<size_t>(which)]; }
};

struct LaunchedProcess {
    pid_t pid{-1};
    UniqueFd pidfd;
};

/// The keeper died with a launch in its hands: it may have cloned the process or not, and nobody else knows of it.
class KeeperLost : public Error {
public:
    KeeperLost() : Error(Errc::system, "the keeper died while it was starting the process") {}
};

/// The worker's end of the line to the keeper, and the descriptors that both hold: what is put in here survives the
/// death of either. When the keeper dies another one is started and is given everything again.
class KeeperLink {
public:
    KeeperLink(Loop& loop, std::string project, UniqueFd control, int listening, int lock);
    ~KeeperLink();

    /// Blocks until the keeper has handed over what it keeps; to be called before anything else.
    void take_over();
    /// The processes of the handover that nobody has asked for yet.
    std::map<std::string, HandedChild>& children() { return children_; }

    /// Told for each process that ended, in the order in which the keeper saw it. Set it before run().
    std::function<void(const Message&)> on_ended;
    /// Begins to listen.
    void run();

    /// Throws what the keeper could not do, or KeeperLost.
    Task<LaunchedProcess> launch(LaunchRequest& request);
    /// A process that the keeper has not cloned: it will watch it.
    void adopt(const std::string& key, pid_t pid, int pidfd);
    /// The end of a process is in the database.
    void forget(const std::string& key);

    /// Keeps a descriptor here and there. Returns it, borrowed.
    int keep(const std::string& key, UniqueFd fd);
    int find(const std::string& key) const;  ///< -1: none
    /// "<container>/" drops everything of a container.
    void drop(const std::string& key);
    std::vector<std::string> keys(const std::string& prefix) const;

    /// Tells the keeper to go.
    void leave();

private:
    struct Pending {
        Signal done;
        std::optional<Message> answer;
        bool lost{false};
        UniqueFd pidfd;
    };
    Task<> listen();
    void handle(Received& received);
    void send(const Message& message, const std::vector<int>& fds);
    void flush();
    Task<> flush_when_writable();
    void replace_keeper();

    Loop& loop_;
    std::string project_;
    UniqueFd control_;
    int listening_, lock_;
    std::unique_ptr<Watched> watched_;
    std::map<std::string, HandedChild> children_;
    std::map<std::string, UniqueFd, std::less<>> kept_;
    std::map<std::string, std::shared_ptr<Pending>> pending_;
    /// Processes that live and were not forgotten: a new keeper must watch them.
    struct Living {
        pid_t pid{-1};
        bool is_exec{false};
        UniqueFd pidfd;
    };
    std::map<std::string, Living> living_;
    struct Outgoing {
        Message message;
        std::vector<UniqueFd> fds;
    };
    std::deque<Outgoing> outgoing_;
    bool leaving_{false};
};

}  // namespace stack::engine::supervisor
