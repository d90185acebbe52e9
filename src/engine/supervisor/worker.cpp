#include "engine/supervisor/worker.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/rendezvous.hpp"
#include "engine/signals.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/keeper.hpp"
#include "engine/supervisor/operations.hpp"
#include "support/error.hpp"
#include "support/kernel/own_memory.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

/// How long the supervisor of containers without a project waits for the next of them. Starting anew costs a run more
/// than all else it does: a keeper, a worker, a bridge and a rule set are made, after the last ones were removed.
constexpr std::chrono::milliseconds linger_time{300};

/// After that long without a client the worker gives memory back.
constexpr std::chrono::seconds quiet_time{2};

class Worker {
public:
    explicit Worker(const std::string& project)
        : paths_{Paths::from_environment()},
          project_{loop_, paths_, project, UniqueFd{control_fd}, listening_fd, life_lock_fd},
          accepting_{loop_, listening_fd} {}

    void run() {
        const auto adopted = project_.adopt();
        project_.keeper.run();
        if (!adopted.empty()) {
            spawn(loop_, restore(project_, turns_, adopted), "take up what was begun");
        }
        spawn(loop_, restart_dependents(project_, turns_), "restart dependents");
        spawn(loop_, accept(), "accept clients");
        spawn(loop_, leave_when_idle(), "leave when idle");
        spawn(loop_, give_back_memory(), "give back memory");
        loop_.run();
    }

private:
    Task<> accept() {
        while (true) {
            const bool ready = co_await accepting_.readable();
            if (!ready) {
                break;
            }
            take_clients();
        }
    }

    /// True if somebody was waiting.
    bool take_clients() {
        bool any = false;
        for (;;) {
            UniqueFd client{::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC)};
            if (!client) {
                return any;
            }
            any = true;
            greeted_ = true;
            ++sessions_;
            ++served_;
            spawn(loop_, serve(std::make_shared<Session>(project_, turns_, std::move(client))), "serve a client");
        }
    }

    Task<> serve(std::shared_ptr<Session> session) {
        co_await session->run();
        --sessions_;
        project_.changed.notify();
    }

    bool is_idle() const {
        if (sessions_ > 0 || !turns_.holder.empty() || !project_.execs.empty()) {
            return false;
        }
        for (const auto& [id, container] : project_.containers) {
            const ContainerStatus status = container->row().status;
            const bool goes = status == ContainerStatus::removing ||
                              (status == ContainerStatus::exited && container->spec().auto_remove);
            if (container->is_up() || container->is_forwarding() || goes) {
                return false;
            }
        }
        return true;
    }

    /// Supervisors mostly wait. What a burst of work took is given back once it is over.
    Task<> give_back_memory() {
        for (;;) {
            while (sessions_ > 0) {
                co_await wait_for(project_.changed, never);
            }
            const std::uint64_t seen = served_;
            const Clock::time_point quiet = Clock::now() + quiet_time;
            while (served_ == seen && Clock::now() < quiet) {
                co_await wait_for(project_.changed, quiet);
            }
            if (served_ != seen) {
                continue;
            }
            kernel::give_back_memory();
            while (served_ == seen) {
                co_await wait_for(project_.changed, never);
            }
        }
    }

    Task<> leave_when_idle() {
        // Whoever started us is about to connect.
        const Clock::time_point patience = Clock::now() + std::chrono::seconds{10};
        for (;;) {
            while (!is_idle() || (!greeted_ && Clock::now() < patience)) {
                co_await wait_for(project_.changed, greeted_ ? never : patience);
            }
            const bool still_idle = co_await linger();
            if (!still_idle) {
                continue;
            }
            if (try_leave()) {
                loop_.stop();
                co_return;
            }
            const Clock::time_point later = Clock::now() + std::chrono::seconds{1};
            co_await wait_for(project_.changed, later);
        }
    }

    /// Containers without a project come one after another, as a script runs them: the next one finds us, the bridge
    /// and the rules there. A project's client is told that we are gone, and waits for that.
    Task<bool> linger() {
        const Clock::time_point end = Clock::now() + linger_time;
        const bool may_come = project_.name.empty() && greeted_;
        while (may_come && is_idle() && Clock::now() < end) {
            co_await wait_for(project_.changed, end);
        }
        co_return is_idle();
    }

    /// Nobody can start another supervisor while we hold the spawn lock, and nobody who connected is left behind. A
    /// client that connects after the last look is reset without a greeting, and comes back by way of the lock.
    ///
    /// The keeper goes first: if we were killed in the middle, it would start a worker that no client can reach, which
    /// holds the life lock and waits for the spawn lock of the very client that waits for it.
    bool try_leave() {
        const UniqueFd lock = try_lock_supervisor(paths_, project_.name, SupervisorLock::spawn);
        if (!lock || take_clients()) {
            return false;
        }
        project_.keeper.leave();
        const auto folder = supervisor_folder(paths_, project_.name);
        ::unlink((folder / "supervisor.sock").c_str());
        try {
            project_.networks.remove_unused_rules();
        } catch (const Error& error) {
            log_warning("remove unused rules: {}", error.what());
        }
        try {
            runtime::remove_parent_cgroup(project_.cgroups, "stack-" + project_.paths.tag());
        } catch (const Error& error) {
            log_warning("remove the engine's cgroup: {}", error.what());
        }
        if (project_.containers.empty()) {
            std::error_code ignored;
            std::filesystem::remove_all(folder, ignored);
            for (const char* empty : {"projects", "containers", "networks"}) {
                ::rmdir((paths_.run() / empty).c_str());
            }
        }
        return true;
    }

    Loop loop_{1};
    Paths paths_;
    TurnKeeper turns_;
    Project project_;
    Watched accepting_;
    int sessions_{0};
    std::uint64_t served_{0};  ///< sessions that ever were
    bool greeted_{false};
};

void prepare_process() {
    ::prctl(PR_SET_NAME, "stack-worker");
    for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) {
        ignore_signal(signal);
    }
    // One arena and early give-back: the worker's memory is counted.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    for (const int fd : {control_fd, listening_fd, life_lock_fd}) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    ::fcntl(listening_fd, F_SETFL, ::fcntl(listening_fd, F_GETFL) | O_NONBLOCK);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

int run_worker(const std::string& project) {
    prepare_process();
    try {
        // Never taken apart: the process ends, and the kernel gives everything back at once.
        auto* worker = new Worker{project};
        worker->run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "worker of project '{}': {}\n", project, error.what());
        ::_exit(1);
    }
    ::_exit(0);
}

}  // namespace stack::engine::supervisor
