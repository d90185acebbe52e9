#include "engine/supervisor/keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/rendezvous.hpp"
#include "engine/runtime/exec.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/signals.hpp"
#include "engine/supervisor/exit_info.hpp"
#include "engine/supervisor/keeper_tables.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

// Static, so that they are zero pages until used.
Table<KeptChild, 16384> children;
Table<KeptFd, 32768> kept_fds;

std::int64_t wall_clock_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class Keeper {
public:
    Keeper(std::string project, UniqueFd listening, UniqueFd lock)
        : project_{std::move(project)},
          listening_{std::move(listening)},
          lock_{std::move(lock)},
          epoll_{check(::epoll_create1(EPOLL_CLOEXEC), [] { return "epoll_create1"; })} {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &signals, nullptr);
        for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) {
            ignore_signal(signal);
        }
        signals_ = UniqueFd{check(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), [] { return "signalfd"; })};
        timer_ = UniqueFd{
            check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), [] { return "timerfd_create"; })};
        watch(signals_.get(), EPOLLIN, this_signal);
        watch(timer_.get(), EPOLLIN, this_timer);
    }

    void start_worker() {
        int pair[2];
        check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), [] { return "socketpair"; });
        const UniqueFd theirs{pair[1]};
        take_control(UniqueFd{pair[0]});
        Started worker = stack::engine::supervisor::start_worker(project_, theirs.get(), listening_.get(), lock_.get());
        worker_pid_ = worker.pid;
        worker_pidfd_ = std::move(worker.pidfd);
        worker_started_ns_ = wall_clock_ns();
    }

    void take_control(UniqueFd control) {
        control_ = std::move(control);
        watch(control_.get(), EPOLLIN, this_control);
    }

    int run() {
        std::array<epoll_event, 64> events;
        while (!leaving_) {
            const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                handle(events[static_cast<size_t>(i)]);
            }
        }
        return 0;
    }

private:
    // What an epoll event is about; higher values are `watched + index of a child`.
    enum : std::uint64_t { this_signal, this_timer, this_control, this_worker, watched };

    void watch(int fd, std::uint32_t events, std::uint64_t what) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = what;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), [] { return "epoll_ctl"; });
    }

    void handle(const epoll_event& event) {
        switch (event.data.u64) {
            case this_signal:
                reap();
                break;
            case this_timer:
                restart_worker_after_pause();
                break;
            case this_control:
                read_control();
                break;
            case this_worker:
                // Not our child: its end is only seen here.
                ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker_pidfd_.get(), nullptr);
                worker_is_gone();
                break;
            default:
                foreign_ended(children.begin()[event.data.u64 - watched]);
        }
    }

    void reap() {
        signalfd_siginfo info;
        while (::read(signals_.get(), &info, sizeof info) > 0) {
        }
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
            if (pid == worker_pid_) {
                worker_is_gone();
                continue;
            }
            KeptChild* child = children.find([&](const KeptChild& it) {
                return it.used && !it.about.has_ended && !it.foreign && it.about.pid == pid;
            });
            if (child != nullptr) {
                tell_end(*child, status, true);
            }
        }
    }

    void tell_end(KeptChild& child, int status, bool known) {
        child.about.has_ended = 1;
        child.about.status = status;
        child.about.status_known = known ? 1 : 0;
        child.about.end_ns = wall_clock_ns();
        Message message = child.about;
        message.type = MessageType::ended;
        send_message(control_.get(), message);
    }

    /// First its exit is seen (EPOLLIN), then that it was reaped (EPOLLHUP), for which whoever has to may take his
    /// time.
    void foreign_ended(KeptChild& child) {
        if (!child.used || child.about.has_ended) {
            return;
        }
        const auto status = exit_status_of(child.about.pid, child.pidfd.get());
        const bool reaped = !kernel::pidfd_send_signal(child.pidfd.get(), 0);
        if (!status && !reaped) {
            epoll_event event{};
            event.events = EPOLLHUP;
            event.data.u64 = watched + static_cast<std::uint64_t>(&child - children.begin());
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, child.pidfd.get(), &event);
            return;
        }
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, child.pidfd.get(), nullptr);
        tell_end(child, status.value_or(0), status.has_value());
    }

    // --- the worker's life

    void worker_is_gone() {
        worker_pid_ = -1;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, control_.get(), nullptr);
        // A worker that leaves says so first; its message may still be waiting.
        drain_control();
        control_.reset();
        if (leaving_) {
            return;
        }
        // One that dies at once, again and again, must not eat the machine.
        const bool lived = wall_clock_ns() - worker_started_ns_ > 2'000'000'000;
        quick_deaths_ = lived ? 0 : quick_deaths_ + 1;
        if (quick_deaths_ <= 10) {
            start_worker();
            return;
        }
        itimerspec pause{};
        pause.it_value.tv_sec = 2;
        ::timerfd_settime(timer_.get(), 0, &pause, nullptr);
    }

    void restart_worker_after_pause() {
        std::uint64_t expirations = 0;
        if (::read(timer_.get(), &expirations, sizeof expirations) > 0 && worker_pid_ < 0) {
            start_worker();
        }
    }

    // --- messages

    void read_control() {
        if (drain_control() != Receive::closed) {
            return;
        }
        if (worker_pidfd_) {
            // The worker's end will be told by SIGCHLD or its pidfd.
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, control_.get(), nullptr);
        } else {
            worker_is_gone();  // the one that started us died before it could say who it is
        }
    }

    Receive drain_control() {
        Received received;
        Receive how = Receive::closed;
        while (control_ && (how = receive_message(control_.get(), received)) == Receive::message) {
            obey(received);
        }
        return how;
    }

    void obey(Received& received) {
        const Message& message = received.message;
        switch (message.type) {
            case MessageType::hello:
                hand_over();
                break;
            case MessageType::launch:
            case MessageType::launch_exec:
                launch(received);
                break;
            case MessageType::adopt:
                adopt(received);
                break;
            case MessageType::forget:
                forget(message.key_view());
                break;
            case MessageType::store:
                store(received);
                break;
            case MessageType::drop:
                drop(message.key_view());
                break;
            case MessageType::adopt_worker:
                worker_pid_ = -1;
                worker_started_ns_ = wall_clock_ns();
                worker_pidfd_ = std::move(received.fds[0]);
                watch(worker_pidfd_.get(), EPOLLIN, this_worker);
                break;
            case MessageType::leave:
                leaving_ = true;
                break;
            case MessageType::child:
            case MessageType::stored:
            case MessageType::handover_end:
            case MessageType::launched:
            case MessageType::refused:
            case MessageType::ended:
                break;  // ours to say
        }
    }

    void hand_over() {
        for (KeptChild& child : children) {
            if (child.used) {
                Message message = child.about;
                message.type = MessageType::child;
                const int fd = child.pidfd.get();
                send_message(control_.get(), message, &fd, 1);
            }
        }
        for (KeptFd& kept : kept_fds) {
            if (kept.fd) {
                Message message;
                message.type = MessageType::stored;
                message.key = kept.key;
                const int fd = kept.fd.get();
                send_message(control_.get(), message, &fd, 1);
            }
        }
        Message end;
        end.type = MessageType::handover_end;
        send_message(control_.get(), end);
    }

    KeptChild* remember(const Message& about, UniqueFd pidfd, bool foreign) {
        KeptChild* child = children.take([](const KeptChild& it) { return !it.used; });
        if (child != nullptr) {
            child->about = about;
            child->pidfd = std::move(pidfd);
            child->foreign = foreign;
            child->used = true;
        }
        return child;
    }

    void launch(Received& received) {
        Message answer;
        answer.key = received.message.key;
        answer.is_exec = received.message.type == MessageType::launch_exec ? 1 : 0;
        try {
            runtime::Launched launched = clone_process(received);
            answer.pid = launched.pid;
            answer.type = MessageType::launched;
            const int fd = launched.pidfd.get();
            if (remember(answer, std::move(launched.pidfd), false) == nullptr) {
                log_warning("more processes than a keeper can keep; {} is not watched", answer.key_view());
            }
            send_message(control_.get(), answer, &fd, 1);
        } catch (const SysError& error) {
            answer.err = error.err();
            refuse(answer, error);
        } catch (const std::exception& error) {
            refuse(answer, error);
        }
    }

    void refuse(Message& answer, const std::exception& error) const {
        answer.type = MessageType::refused;
        answer.set_text(error.what());
        send_message(control_.get(), answer);
    }

    static runtime::Launched clone_process(const Received& received) {
        std::array<int, static_cast<size_t>(LaunchFd::count)> fds{};
        fds.fill(-1);
        size_t slot = 1;
        for (size_t i = 0; i < fds.size(); ++i) {
            if ((received.message.fd_mask & (1U << i)) != 0) {
                fds[i] = received.fds.at(slot++).get();
            }
        }
        const auto fd = [&](LaunchFd which) { return fds[static_cast<size_t>(which)]; };
        const std::string plan = read_all(received.fds[0].get(), "a launch plan");
        if (received.message.type == MessageType::launch_exec) {
            const runtime::ExecFds given{fd(LaunchFd::container),       fd(LaunchFd::standard_input),
                                         fd(LaunchFd::standard_output), fd(LaunchFd::standard_error),
                                         fd(LaunchFd::console_socket),  fd(LaunchFd::error_pipe)};
            return runtime::launch_exec(runtime::parse_exec_plan(plan), given, runtime::Caller::goes_on);
        }
        const runtime::LaunchFds given{
            fd(LaunchFd::standard_input), fd(LaunchFd::standard_output), fd(LaunchFd::standard_error),
            fd(LaunchFd::console_socket), fd(LaunchFd::error_pipe),      fd(LaunchFd::network_namespace),
            fd(LaunchFd::pid_namespace),  fd(LaunchFd::ipc_namespace),   fd(LaunchFd::uts_namespace)};
        return runtime::launch(runtime::parse_launch_plan(plan), given);
    }

    void adopt(Received& received) {
        Message about = received.message;
        const int fd = received.fds[0].get();
        KeptChild* child = remember(about, std::move(received.fds[0]), true);
        if (child != nullptr && !about.has_ended) {
            watch(fd, EPOLLIN | EPOLLONESHOT, watched + static_cast<std::uint64_t>(child - children.begin()));
        }
    }

    static void forget(std::string_view key) {
        KeptChild* child = children.find(
            [&](const KeptChild& it) { return it.used && it.about.has_ended && it.about.key_view() == key; });
        if (child != nullptr) {
            child->pidfd.reset();
            child->used = false;
        }
    }

    static void store(Received& received) {
        const auto same = [&](const KeptFd& it) { return it.fd && received.message.key_view() == it.key.data(); };
        KeptFd* kept = kept_fds.find(same);
        if (kept == nullptr) {
            kept = kept_fds.take([](const KeptFd& it) { return !it.fd; });
        }
        if (kept != nullptr) {
            kept->key = received.message.key;
            kept->fd = std::move(received.fds[0]);
        }
    }

    /// "<container>/" drops all of a container's.
    static void drop(std::string_view key) {
        for (KeptFd& kept : kept_fds) {
            const std::string_view its{kept.key.data()};
            if (kept.fd && (its == key || (key.ends_with('/') && its.starts_with(key)))) {
                kept.fd.reset();
            }
        }
    }

    std::string project_;
    UniqueFd listening_, lock_, epoll_, signals_, timer_, control_, worker_pidfd_;
    pid_t worker_pid_{-1};
    std::int64_t worker_started_ns_{0};
    int quick_deaths_{0};
    bool leaving_{false};
};

/// Hundreds of containers need thousands of descriptors.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

int run_keeper(const std::string& project) {
    const Paths paths = Paths::from_environment();
    // Closed by the process's end if it does not come up: who waits for readiness reads the log then.
    const int ready = control_fd;
    UniqueFd spawn_lock{listening_fd};
    ::prctl(PR_SET_NAME, "stack-keeper");
    ::umask(022);
    raise_descriptor_limit();
    const auto folder = supervisor_folder(paths, project);
    // Whoever leaves holds it until the end; it does not take long.
    UniqueFd lock = lock_supervisor(paths, project, SupervisorLock::life, 30);
    if (!lock) {
        throw Error(Errc::conflict, fmt::format("one lives already, but nobody can reach it: somebody removed {}",
                                                (folder / "supervisor.sock").string()))
            .hint(fmt::format("end it, by pkill -9 -f '^stack supervise [a-z]+ {}( |$)'; the containers go on, and the "
                              "next command takes them over",
                              project));
    }
    UniqueFd listening = listen_as_supervisor(folder);
    Keeper keeper{project, std::move(listening), std::move(lock)};
    keeper.start_worker();
    // Who started us may be gone by now: the next one finds us listening all the same.
    [[maybe_unused]] const auto told = ::write(ready, "1", 1);
    ::close(ready);
    spawn_lock.reset();
    return keeper.run();
}

int run_keeper_again(const std::string& project) {
    ::prctl(PR_SET_NAME, "stack-keeper");
    for (const int fd : {control_fd, listening_fd, life_lock_fd}) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    Keeper keeper{project, UniqueFd{listening_fd}, UniqueFd{life_lock_fd}};
    keeper.take_control(UniqueFd{control_fd});
    return keeper.run();
}

}  // namespace stack::engine::supervisor
