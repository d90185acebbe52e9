// What follows when a container's process has ended, or when a worker comes up and finds it running or ended.
#include <fmt/format.h>

#include "engine/container_files.hpp"
#include "engine/reconcile/plan.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/container_turn.hpp"
#include "engine/supervisor/health.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {

void Container::ended(const Message& message) {
    if (launching_) {
        early_end_ = message;
        changed.notify();
        return;
    }
    if (!has_process() || message.pid != row_.pid) {  // the second may tell of a run before this one
        project_.keeper.forget(row_.id);
        return;
    }
    finish_run(message);
}

void Container::finish_run(const Message& message) {
    const auto self = shared_from_this();
    health_.reset();
    pidfd_.reset();
    make_log();
    log_->drain();
    if (forward_) {
        forward_->end_run();
    }
    row_.pid = 0;
    row_.start_ticks = 0;
    row_.finished_ns = message.end_ns;
    row_.stop = {};
    row_.exit_code.reset();
    if (message.status_known != 0) {
        row_.exit_code = runtime::exit_code_of(message.status);
        row_.error.clear();
    } else {
        row_.error = "nobody saw how it ended: its supervisor was dead";
    }
    row_.oom_killed = runtime::oom_kills(cgroup()) > oom_kills_before_;
    ++ends_;
    EndOfRun end;
    end.exit_code = row_.exit_code;
    end.stopped_by_user = row_.stopped_by_user;
    end.restart_count = row_.restart_count;
    end.ran = std::chrono::nanoseconds{row_.finished_ns - row_.started_ns};
    const auto delay = restarter_.decide(spec_.restart, end);
    row_.status = delay ? ContainerStatus::restarting : ContainerStatus::exited;
    if (row_.health.status != HealthStatus::none) {
        row_.health.status = HealthStatus::unhealthy;
    }
    if (!delay) {
        settle_down();
    }
    save();
    project_.keeper.forget(row_.id);
    if (row_.oom_killed) {
        record("oom");
    }
    record("die", "exitCode", row_.exit_code ? std::to_string(*row_.exit_code) : "unknown");
    tell(Progress::exited, row_.error, row_.exit_code);
    if (delay) {
        schedule_restart(*delay);
    } else if (spec_.auto_remove) {
        spawn(project_.loop, remove_self(), "remove " + row_.name);
    }
}

Task<> Container::remove_self() {
    const auto self = shared_from_this();
    while (attachments_ > 0) {
        co_await wait_for(changed, never);
    }
    if (!is_up()) {
        co_await remove(true);
    }
}

void Container::schedule_restart(std::chrono::nanoseconds delay) {
    const Clock::time_point when = Clock::now() + delay;
    spawn(project_.loop, restart_later(run_, when), "restart " + row_.name);
}

Task<> Container::restart_later(std::uint64_t run, Clock::time_point when) {
    const auto self = shared_from_this();
    co_await sleep_until(when);
    while (run == run_ && !gone_ && waits_for_dependencies()) {
        co_await wait_for(project_.changed, never);
    }
    co_await wait_turn();
    if (run != run_ || gone_ || row_.status != ContainerStatus::restarting) {
        co_return;
    }
    const Turn turn{*this};
    ++row_.restart_count;
    bool failed = false;
    try {
        co_await launch();
    } catch (const Error& error) {
        log_warning("{}", error.what());
        failed = true;
    }
    if (failed) {
        // A start that cannot work now may work later, as with Docker.
        EndOfRun end;
        end.restart_count = row_.restart_count;
        if (const auto delay = restarter_.decide(spec_.restart, end)) {
            row_.status = ContainerStatus::restarting;
            save();
            schedule_restart(*delay);
        }
    } else {
        came_back();
    }
}

bool Container::waits_for_dependencies() const {
    using Condition = desired::Dependency::Condition;
    const auto label = row_.labels.find("com.docker.compose.depends_on");
    if (row_.one_off || label == row_.labels.end()) {
        return false;
    }
    const auto needed = reconcile::parse_depends_on_label(label->second);
    const auto on_its_way = [&](const desired::Dependency& dependency, const Container& other) {
        if (other.row().service != dependency.service || other.row().one_off || !other.is_up()) {
            return false;  // what does not come back by itself is not waited for
        }
        switch (dependency.condition) {
            case Condition::started:
                return !other.has_process();
            case Condition::healthy:
                return !other.has_process() ||
                       (other.has_healthcheck() && other.row().health.status != HealthStatus::healthy);
            case Condition::completed_successfully:
                return true;
        }
        return false;
    };
    return std::any_of(needed.begin(), needed.end(), [&](const desired::Dependency& dependency) {
        return std::any_of(project_.containers.begin(), project_.containers.end(),
                           [&](const auto& other) { return on_its_way(dependency, *other.second); });
    });
}

void Container::came_back() {
    if (has_healthcheck()) {
        owes_dependents_ = true;
    } else {
        project_.service_came_back(row_.service);
    }
}

void Container::settle_down() {
    if (log_) {
        log_->drain();
        log_->close();
        log_.reset();
    }
    if (forward_) {
        forward_->end_run();
    }
    release_kernel_things();
}

void Container::release_kernel_things() {
    ErrorList errors;
    const auto endpoints = row_.endpoints;
    errors.attempt("disconnect its networks", [&] { project_.networks.detach(row_); });
    for (const EndpointRow& endpoint : endpoints) {
        record_network("disconnect", endpoint.network);
    }
    errors.attempt("remove its cgroup", [&] {
        const auto placement = cgroup();
        runtime::kill_cgroup(placement);
        runtime::remove_cgroup(placement);
    });
    errors.attempt("remove its run directory",
                   [&] { std::filesystem::remove_all(project_.paths.container_run(row_.id)); });
    project_.keeper.drop(row_.id + "/");
    for (const Error& error : errors.errors()) {
        log_warning("container '{}': {}", row_.name, error.what());
    }
}

void Container::adopt(pid_t pid, UniqueFd pidfd) {
    pidfd_ = std::move(pidfd);
    make_log();
    log_->resume();
    if (forward_) {
        forward_->more();  // what the worker before us had not handed on
    }
    if (row_.status == ContainerStatus::running) {
        try {
            runtime::thaw_cgroup(cgroup());  // a worker that died may have held it still
        } catch (const Error& error) {
            // It is ending, and its cgroup went first: the end will be told, and must not be the end of us as well.
            log_warning("container '{}': {}", row_.name, error.what());
        }
    }
    try {
        const NetworkWish wish{spec_, exposed_ports()};
        project_.networks.resume(row_, wish);
        oom_kills_before_ = runtime::oom_kills(cgroup());
    } catch (const Error& error) {
        // A worker that ends over this is followed by one that ends over it, too, and nobody can stop the container.
        log_warning("container '{}' goes on without its names and ports: {}", row_.name, error.what());
    }
    const bool known = row_.status == ContainerStatus::running || row_.status == ContainerStatus::paused;
    if (!known || row_.pid != pid) {
        // It was cloned in the last moment of a worker that could not write it down any more.
        row_.pid = pid;
        row_.start_ticks = kernel::process_start_ticks(pid);
        row_.status = ContainerStatus::running;
        row_.started_ns = wall_clock_ns();
        save();
    }
    if (const auto check = effective_healthcheck(spec_, image_->config)) {
        if (row_.health.status == HealthStatus::none) {
            row_.health.status = HealthStatus::starting;
        }
        health_ = std::make_unique<HealthMonitor>(project_, weak_from_this(), *check);
    }
}

bool Container::end_unseen() {
    make_log();
    log_->resume();
    log_->drain();
    row_.pid = 0;
    row_.start_ticks = 0;
    row_.finished_ns = wall_clock_ns();
    row_.stop = {};
    row_.exit_code.reset();
    row_.error = "nobody saw how it ended: its supervisor was dead";
    row_.status = ContainerStatus::exited;
    ++ends_;
    settle_down();
    save();
    record("die", "exitCode", "unknown");
    EndOfRun end;
    end.stopped_by_user = row_.stopped_by_user;
    return restarter_.decide(spec_.restart, end).has_value();
}

bool Container::needs_repair() const {
    if (has_process()) {
        return row_.stop.stage != StopUnderWay::Stage::none;
    }
    return row_.status == ContainerStatus::removing || runtime::is_populated(cgroup());
}

Task<> Container::repair() {
    if (has_process()) {
        const StopOptions as_its_own;
        co_await stop(as_its_own);
        co_return;
    }
    if (row_.status == ContainerStatus::removing) {
        co_await remove(spec_.auto_remove);
        co_return;
    }
    const auto self = shared_from_this();
    co_await wait_turn();
    const Turn turn{*this};
    if (has_process() || gone_) {
        co_return;
    }
    co_await end_strays();
    settle_down();
    save();
    if (row_.status == ContainerStatus::restarting) {
        resume_restart();
    }
}

/// Ends processes in its cgroup that belong to no run that we know of: keeper and worker died while it was being
/// started, and it may be anywhere between the clone and a long life. What it said is kept. Two processes of one
/// container must never live side by side: their output would be mixed, and so would be their work.
Task<> Container::end_strays() {
    const auto placement = cgroup();
    if (!runtime::is_populated(placement)) {
        co_return;
    }
    const bool found_log = log_ != nullptr;
    make_log();
    if (!found_log) {
        log_->resume();  // before the last end of a FIFO is closed with the process, and the bytes in it are gone
    }
    runtime::kill_cgroup(placement);
    const std::function<void()> wait = [&placement] { runtime::wait_until_empty(placement); };
    co_await offload(project_.loop, wait);
    log_->drain();
}

void Container::resume_restart() {
    const EndOfRun end;
    if (const auto delay = restarter_.decide(spec_.restart, end)) {
        schedule_restart(*delay);
    }
}

}  // namespace stack::engine::supervisor
