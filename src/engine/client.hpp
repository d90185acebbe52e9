#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desired/desired_state.hpp"
#include "engine/events.hpp"
#include "engine/options.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::engine {

/// How a container ended. nullopt: nobody could see it (the supervisor was dead, the kernel too old to tell).
struct ExitResult {
    std::string id;
    std::optional<int> exit_code;
    bool oom_killed{false};
    std::string error;  ///< why it could not be started, if so
};

/// The descriptors of an attached container. The caller reads its output from the log (engine/logs/reader.hpp), for
/// terminals too.
struct Attachment {
    UniqueFd stdin_fd;  ///< write end of its stdin, or the terminal's master; none without stdin_open and tty
    bool tty{false};
};

/// A command's line to the supervisor of one project. Every operation streams events to `sink` while it blocks, returns
/// when it is done, and throws the Error that made it fail (code, hint, position and trail as it was thrown).
/// Closing the client (or dying) cancels the operation at its next step; what is done stays done, nothing is half-made.
/// Operations that change a project run one at a time: a second one waits and is told so (Progress::waiting about the
/// project). Not thread-safe; one operation at a time per client.
class SupervisorClient {
public:
    /// Connects to the project's supervisor and starts one if there is none. `project` empty: the supervisor of the
    /// containers without project. `program`: what is executed as supervisor with the words "supervise keeper …";
    /// its main() must begin with run_if_supervisor().
    SupervisorClient(const Paths& paths, std::string project, std::filesystem::path program = "/proc/self/exe");
    SupervisorClient(SupervisorClient&&) noexcept;
    SupervisorClient& operator=(SupervisorClient&&) noexcept;
    ~SupervisorClient();

    void up(const desired::DesiredState& state, const UpOptions& options, const EventSink& sink);
    /// `state` may hold no more than the project's name: then the labels of what is there tell what belongs to it.
    void down(const desired::DesiredState& state, const DownOptions& options, const EventSink& sink);

    void start(const Targets& targets, const EventSink& sink);
    void stop(const Targets& targets, const StopOptions& options, const EventSink& sink);
    void restart(const Targets& targets, const RestartOptions& options, const EventSink& sink);
    void kill(const Targets& targets, const std::string& signal, const EventSink& sink);
    void pause(const Targets& targets, const EventSink& sink);
    void unpause(const Targets& targets, const EventSink& sink);
    void remove(const Targets& targets, const RemoveOptions& options, const EventSink& sink);

    /// Makes one container, not started. Its networks and named volumes are made if they are part of `state`; others
    /// must exist. Returns the id. `docker run` is create + attach + start + wait.
    std::string create(const CreateRequest& request, const desired::DesiredState& state, const EventSink& sink);
    void rename(const std::string& container, const std::string& name);
    void update(const std::string& container, const UpdateRequest& request);

    /// Also answers for a container that was removed a moment ago.
    /// Until the container is not running (or, with `next_exit`, until it exits the next time; or `removed`).
    enum class WaitFor { not_running, next_exit, removed };
    ExitResult wait(const std::string& container, WaitFor condition);

    /// The way into a container's stdin or terminal.
    Attachment attach(const std::string& container);
    /// An attached container with auto_remove is kept, with its log, until this or until the client closes: attach
    /// before start, read the log to its end after wait(), then detach() and wait(removed).
    void detach(const std::string& container);
    /// No more input will come: a container with stdin_once gets end-of-file.
    void close_stdin(const std::string& container);

    /// Freezes these containers, if they run, until this client closes or dies: for a consistent look at their volumes.
    /// Nobody sees them as paused.
    void hold_still(const std::vector<std::string>& containers);

    /// Connect and disconnect a live container (`docker network connect`).
    void connect_network(const std::string& container, const desired::EndpointSpec& endpoint,
                         const std::vector<desired::Link>& links = {});
    void disconnect_network(const std::string& container, const std::string& network, bool force);

    /// A descriptor that becomes readable when the supervisor says something or goes away; for callers with a loop.
    int fd() const;
    /// From another thread or a signal handler's loop: makes a blocked operation of this client throw Errc::conflict
    /// "cancelled". Only this function may be called while an operation is under way. Async-signal-safe.
    void cancel() noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// True if a supervisor of this project is listening. Never starts one.
bool supervisor_is_running(const Paths& paths, const std::string& project);

/// Starts (if need be) the supervisors of every project with containers that should run, so that they adopt or restore
/// them: after a reboot, or after somebody killed a keeper. With `at_boot`, containers whose policy is `always` come
/// back even if they were stopped by hand, as with Docker. Returns the names of the projects touched; what goes wrong
/// with one project is told to `failed` and does not keep the others.
std::vector<std::string> restore_projects(const Paths& paths, bool at_boot,
                                          const std::function<void(const std::string& project, const Error&)>& failed,
                                          std::filesystem::path program = "/proc/self/exe");

/// First statement of main(): if `argv` are the words of a supervisor ("supervise keeper …"), runs it and returns its
/// exit status; else nullopt, at no cost.
std::optional<int> run_if_supervisor(int argc, char** argv);

}  // namespace stack::engine
