#pragma once

#include <memory>
#include <optional>
#include <string>

#include "desired/container_spec.hpp"
#include "engine/options.hpp"
#include "engine/supervisor/log_pump.hpp"
#include "engine/supervisor/project.hpp"
#include "engine/supervisor/restart_policy.hpp"

namespace stack::engine::supervisor {

class HealthMonitor;

/// Below which cgroup a container's own is made.
std::string cgroup_parent(const Project& project, const desired::ContainerSpec& spec);

/// One container of the project, as the worker drives it. The row in the database is the truth after each step.
///
///   created ─start─▶ running ─▶ exited ─start─▶ …        running ─▶ restarting ─▶ running   (restart policy)
///                      │ ▲                                 any ─remove─▶ removing ─▶ gone
///                    paused
class Container : public std::enable_shared_from_this<Container> {
public:
    Container(Project& project, ContainerRow its_row);
    ~Container();

    const ContainerRow& row() const noexcept { return row_; }
    const std::string& id() const noexcept { return row_.id; }
    const std::string& name() const noexcept { return row_.name; }
    const desired::ContainerSpec& spec() const noexcept { return spec_; }
    const ImageFacts& image() const noexcept { return *image_; }
    bool has_process() const noexcept { return static_cast<bool>(pidfd_); }
    /// Running, or will be again without anybody's doing.
    bool is_up() const noexcept { return has_process() || row_.status == ContainerStatus::restarting; }
    bool has_healthcheck() const noexcept;
    /// Counts the ends of its process; who waits for the next one looks whether it moved.
    std::uint64_t ends() const noexcept { return ends_; }
    bool is_gone() const noexcept { return gone_; }
    /// Its log driver is still at work.
    bool is_forwarding() const noexcept { return forward_ && forward_->is_busy(); }
    int pidfd() const noexcept { return pidfd_.get(); }

    /// Notified whenever the row changed.
    Signal changed;

    // --- operations; each waits for the one before it on this container

    Task<> start();
    /// Stop signal, grace period, SIGKILL. Returns when it has ended.
    Task<> stop(const StopOptions& options);
    Task<> restart(const StopOptions& options);
    void kill(int signal);
    void pause();
    void unpause();
    /// Kernel things, files, row, and with `volumes` its anonymous volumes. Errc::conflict while it runs.
    Task<> remove(bool volumes);
    void rename(const std::string& name);
    void update(const UpdateRequest& request);
    void connect_network(const desired::EndpointSpec& endpoint, const std::vector<desired::Link>& links);
    void disconnect_network(const std::string& network);
    /// Frozen without being called paused, until let_go() was called as often.
    void hold_still();
    void let_go();
    /// Its stdin's write end or its terminal, borrowed; -1 if it has neither.
    int stdin_fd();
    void close_stdin();
    /// While somebody is attached, a container with auto_remove stays.
    void add_attachment();
    void drop_attachment();

    // --- told by the project

    /// Its process ended. `status_known` false: nobody knows how.
    void ended(const Message& message);
    /// The worker came up and found it running.
    void adopt(pid_t pid, UniqueFd pidfd);
    /// Not running, though the row says so, and nobody saw its end. True if its policy wants it up again.
    bool end_unseen();
    /// A worker that died left something half-done: a stop, a removal, or a start of which nobody knows how far it got.
    bool needs_repair() const;
    /// Finishes the stop or the removal; undoes the start.
    Task<> repair();
    /// Begins its wait for a restart anew (the worker died meanwhile).
    void resume_restart();

    void set_health(const Health& health);
    void tell(Progress progress, std::string detail = {}, std::optional<int> exit_code = {});
    /// Writes a line of `docker events`.
    void record(const std::string& action, const std::string& attribute = {}, const std::string& value = {});
    /// The same of a network: "connect", "disconnect".
    void record_network(const std::string& action, const std::string& network);

private:
    class Turn;

    Task<> wait_turn();
    Task<> launch();
    Task<> end_strays();
    Task<> begin_process();
    Task<runtime::LaunchPlan> make_plan(const desired::ContainerSpec& spec);
    Task<> run_process(LaunchRequest& request, bool tty);
    desired::ContainerSpec spec_with_joined_containers() const;
    /// Opens the namespaces of other containers that the spec joins. The descriptors live in `held`.
    void join_namespaces(const desired::ContainerSpec& spec, LaunchRequest& request, std::vector<UniqueFd>& held) const;
    std::vector<std::string> exposed_ports() const;
    void make_log();
    logs::Origin log_origin() const;
    /// With driver none output is kept while somebody is attached.
    void keep_log_if_wanted();
    void came_up(pid_t pid, UniqueFd pidfd);
    Task<> ask_to_end(const StopOptions& options);
    Task<> wait_or_kill(std::uint64_t ends);
    void start_failed(const Error& error, int exit_code);
    Task<> run_hooks(const std::vector<desired::Hook>& hooks, const char* which);
    void finish_run(const Message& message);
    void settle_down();
    void release_kernel_things();
    void schedule_restart(std::chrono::nanoseconds delay);
    Task<> restart_later(std::uint64_t run, Clock::time_point when);
    /// What it depends on is on its way, but not there yet.
    bool waits_for_dependencies() const;
    /// Its policy brought it up again.
    void came_back();
    Task<> remove_self();
    void save();
    runtime::CgroupPlacement cgroup() const;
    std::chrono::nanoseconds grace(const StopOptions& options) const;

    Project& project_;
    ContainerRow row_;
    desired::ContainerSpec spec_;
    std::shared_ptr<const ImageFacts> image_;
    std::unique_ptr<LogPump> log_;
    std::shared_ptr<LogForward> forward_;  ///< the log driver's, if it has one
    std::unique_ptr<HealthMonitor> health_;
    Restarter restarter_;
    UniqueFd pidfd_;
    std::optional<Message> early_end_;  ///< came while the launch was under way
    bool launching_{false}, busy_{false}, gone_{false};
    bool owes_dependents_{false};  ///< they are to be restarted when it is healthy
    int attachments_{0};
    int holds_{0};
    std::uint64_t ends_{0};
    std::uint64_t run_{0};  ///< number of the current run; a timer of an older one does nothing
    std::uint64_t oom_kills_before_{0};
    int start_exit_code_{128};  ///< what the field gives a start that failed: 126, 127, 128
};

}  // namespace stack::engine::supervisor
