#include "engine/supervisor/container.hpp"

#include <csignal>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "desired/json.hpp"
#include "desired/possible.hpp"
#include "engine/container_files.hpp"
#include "engine/logs/format.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/signals.hpp"
#include "engine/supervisor/container_turn.hpp"
#include "engine/supervisor/exec.hpp"
#include "engine/supervisor/health.hpp"
#include "support/error.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {

namespace {

/// A stop whose patience does not end.
constexpr std::int64_t no_kill = std::numeric_limits<std::int64_t>::max();

}  // namespace

Container::Container(Project& project, ContainerRow its_row)
    : project_{project}, row_{std::move(its_row)}, spec_{desired::container_spec_from_json(row_.spec_json)} {
    try {
        image_ = project_.image_facts(row_.image_id);
    } catch (const Error& error) {
        // It cannot be started any more, but it can still be listed, stopped and removed.
        log_warning("container '{}': {}", row_.name, error.what());
        image_ = std::make_shared<ImageFacts>();
    }
}

Container::~Container() = default;

bool Container::has_healthcheck() const noexcept {
    return effective_healthcheck(spec_, image_->config).has_value();
}

void Container::save() {
    project_.store.update(row_);
    logs::nudge_followers(log_folder(project_.paths, row_.id));
    changed.notify();
    project_.changed.notify();
}

void Container::tell(Progress progress, std::string detail, std::optional<int> exit_code) {
    Event event;
    event.subject = Subject::container;
    event.name = row_.name;
    event.progress = progress;
    event.detail = std::move(detail);
    event.id = row_.id;
    event.service = row_.service;
    event.time_ns = wall_clock_ns();
    event.exit_code = exit_code;
    project_.tell(event);
}

void Container::record(const std::string& action, const std::string& attribute, const std::string& value) {
    LoggedEvent event{"container", action, row_.id, row_.labels, wall_clock_ns()};
    event.attributes["name"] = row_.name;
    event.attributes["image"] = row_.image;
    if (!attribute.empty()) {
        event.attributes[attribute] = value;
    }
    project_.event_log.append(event);
}

void Container::record_network(const std::string& action, const std::string& network) {
    project_.event_log.append(
        {"network", action, network, {{"name", network}, {"container", row_.id}}, wall_clock_ns()});
}

runtime::CgroupPlacement Container::cgroup() const {
    return runtime::find_cgroup(project_.cgroups, cgroup_parent(project_, spec_), row_.id);
}

std::string cgroup_parent(const Project& project, const desired::ContainerSpec& spec) {
    return spec.cgroup_parent.empty() ? "stack-" + project.paths.tag() : spec.cgroup_parent;
}

std::chrono::nanoseconds Container::grace(const StopOptions& options) const {
    if (options.timeout) {
        return *options.timeout;
    }
    return spec_.stop_grace_period.value_or(std::chrono::seconds{10});
}

Task<> Container::wait_turn() {
    while (busy_) {
        co_await wait_for(changed, never);
    }
}

Task<> Container::start() {
    const auto self = shared_from_this();
    co_await wait_turn();
    const Turn turn{*this};
    if (gone_) {
        throw Error(Errc::not_found, fmt::format("no such container: {}", row_.name));
    }
    if (has_process()) {
        if (row_.status == ContainerStatus::paused) {
            throw Error(Errc::conflict, fmt::format("cannot start paused container '{}'", row_.name))
                .hint("unpause it instead");
        }
        co_return;
    }
    ++run_;
    restarter_ = {};
    owes_dependents_ = false;  // whoever starts it sees to them
    row_.restart_count = 0;
    row_.stopped_by_user = false;
    row_.stop = {};
    co_await launch();
    co_await run_hooks(spec_.post_start, "post_start");
}

Task<> Container::run_hooks(const std::vector<desired::Hook>& hooks, const char* which) {
    for (const desired::Hook& hook : hooks) {
        runtime::ExecRequest request;
        request.args = hook.command;
        request.env = hook.environment;
        request.user = hook.user;
        request.working_dir = hook.working_dir;
        request.privileged = hook.privileged;
        const std::chrono::nanoseconds no_limit{0};
        const ExecResult result = co_await run_in_container(project_, *this, request, no_limit);
        if (result.exit_code != 0) {
            throw Error(Errc::conflict, fmt::format("{} hook of '{}' exited with code {}", which, row_.name,
                                                    result.exit_code.value_or(-1)))
                .hint(result.output);
        }
    }
}

Task<> Container::stop(const StopOptions& options) {
    const auto self = shared_from_this();
    co_await wait_turn();
    const Turn turn{*this};
    if (!is_up()) {
        co_return;
    }
    row_.stopped_by_user = true;
    tell(Progress::stopping);
    if (!has_process()) {  // between two runs
        ++run_;
        row_.status = ContainerStatus::exited;
        settle_down();
        save();
        record("stop");
        tell(Progress::stopped);
        co_return;
    }
    const std::uint64_t before = ends_;
    if (row_.stop.stage != StopUnderWay::Stage::signalled) {
        row_.stop = {StopUnderWay::Stage::asked, 0};
        save();
        co_await ask_to_end(options);
    }
    co_await wait_or_kill(before);
    record("stop");
    tell(Progress::stopped);
}

Task<> Container::ask_to_end(const StopOptions& options) {
    if (row_.status == ContainerStatus::paused) {
        unpause();
    }
    try {
        co_await run_hooks(spec_.pre_stop, "pre_stop");
    } catch (const Error& error) {
        tell(Progress::warning, error.what());
    }
    if (!pidfd_) {
        co_return;  // it ended during the hooks
    }
    const std::string& image_signal = image_->config.stop_signal;
    const std::string& word = !options.signal.empty()      ? options.signal
                              : !spec_.stop_signal.empty() ? spec_.stop_signal
                                                           : image_signal;
    kernel::pidfd_send_signal(pidfd_.get(), word.empty() ? SIGTERM : signal_number(word));
    const auto patience = grace(options);
    const bool for_ever = patience.count() < 0;
    row_.stop = {StopUnderWay::Stage::signalled, for_ever ? no_kill : wall_clock_ns() + patience.count()};
    save();
}

/// Until the run that had seen `ends` ends before it is over.
Task<> Container::wait_or_kill(std::uint64_t ends) {
    const std::chrono::nanoseconds left{row_.stop.kill_ns == no_kill ? 0 : row_.stop.kill_ns - wall_clock_ns()};
    const Clock::time_point deadline = row_.stop.kill_ns == no_kill ? never : Clock::now() + left;
    while (ends_ == ends && has_process() && Clock::now() < deadline) {
        co_await wait_for(changed, deadline);
    }
    if (ends_ == ends && has_process()) {
        runtime::kill_cgroup(cgroup());
        kernel::pidfd_send_signal(pidfd_.get(), SIGKILL);
        while (ends_ == ends && has_process()) {
            co_await wait_for(changed, never);
        }
    }
}

Task<> Container::restart(const StopOptions& options) {
    tell(Progress::restarting);
    co_await stop(options);
    co_await start();
    record("restart");
    tell(Progress::restarted);
}

void Container::kill(int signal) {
    if (!has_process()) {
        throw Error(Errc::conflict, fmt::format("cannot kill container '{}': it is not running", row_.name));
    }
    // As Docker: a kill by hand is no reason to restart, a mere signal is not a stop.
    if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT) {
        row_.stopped_by_user = true;
        save();
    }
    tell(Progress::killing);
    if (signal == SIGKILL) {
        runtime::kill_cgroup(cgroup());
    }
    kernel::pidfd_send_signal(pidfd_.get(), signal);
    record("kill", "signal", std::to_string(signal));
    tell(Progress::killed, signal_name(signal));
}

void Container::pause() {
    if (row_.status == ContainerStatus::paused) {
        throw Error(Errc::conflict, fmt::format("container '{}' is already paused", row_.name));
    }
    if (!has_process()) {
        throw Error(Errc::conflict, fmt::format("cannot pause container '{}': it is not running", row_.name));
    }
    tell(Progress::pausing);
    runtime::freeze_cgroup(cgroup());
    row_.status = ContainerStatus::paused;
    save();
    record("pause");
    tell(Progress::paused);
}

void Container::unpause() {
    if (row_.status != ContainerStatus::paused) {
        throw Error(Errc::conflict, fmt::format("container '{}' is not paused", row_.name));
    }
    tell(Progress::unpausing);
    if (holds_ == 0) {
        runtime::thaw_cgroup(cgroup());
    }
    row_.status = ContainerStatus::running;
    save();
    record("unpause");
    tell(Progress::unpaused);
}

Task<> Container::remove(bool volumes) {
    const auto self = shared_from_this();
    co_await wait_turn();
    const Turn turn{*this};
    if (gone_) {
        co_return;
    }
    if (is_up()) {
        throw Error(Errc::conflict,
                    fmt::format("cannot remove container '{}': it is {}", row_.name, to_string(row_.status)))
            .hint("stop the container before removing it, or force the removal");
    }
    tell(Progress::removing);
    ++run_;
    row_.status = ContainerStatus::removing;
    save();
    settle_down();
    if (forward_) {
        forward_->stop();
    }
    const auto folder = project_.paths.container(row_.id);
    const std::function<void()> remove_files = [folder] {
        runtime::give_storage_back(folder);
        kernel::remove_tree(folder);
    };
    co_await offload(project_.loop, remove_files);
    for (const MountRow& mount : row_.mounts) {
        if (volumes && mount.anonymous) {
            const auto others = [&](const std::string& volume) {
                auto users = project_.users_of_volume(volume);
                std::erase(users, row_.name);
                return users;
            };
            try {
                project_.volumes.remove(mount.name, others, true);
            } catch (const Error& error) {
                tell(Progress::warning, error.what());
            }
        }
    }
    project_.store.remove(row_.id);
    gone_ = true;
    project_.remember_removed(row_);
    project_.forget(row_.id);
    changed.notify();
    record("destroy");
    tell(Progress::removed);
}

void Container::rename(const std::string& name) {
    const std::string before = row_.name;
    project_.store.rename(row_.id, name);
    row_.name = name;
    project_.networks.rename(row_, before);
    save();
    record("rename", "oldName", "/" + before);
}

void Container::update(const UpdateRequest& request) {
    using Json = nlohmann::json;
    desired::ContainerSpec wanted;
    wanted.resources = request.resources.value_or(desired::Resources{});
    if (request.resources) {
        // Members with their default value are not in the text, so this changes what was named and nothing else.
        Json merged = Json::parse(desired::to_json(spec_));
        merged.merge_patch(Json::parse(desired::to_json(wanted)));
        const auto changed_spec = desired::container_spec_from_json(merged.dump());
        desired::require_possible(desired::impossible_limits(changed_spec.resources));
        if (has_process()) {
            std::vector<std::string> warnings;
            auto placement = cgroup();
            runtime::update_cgroup(project_.cgroups, placement, wanted.resources, warnings);
            for (const std::string& warning : warnings) {
                tell(Progress::warning, warning);
            }
        }
        spec_ = changed_spec;
    }
    if (request.restart) {
        spec_.restart = *request.restart;
    }
    row_.spec_json = desired::to_json(spec_);
    save();
    record("update");
}

void Container::hold_still() {
    if (has_process() && holds_ == 0 && row_.status != ContainerStatus::paused) {
        runtime::freeze_cgroup(cgroup());
    }
    ++holds_;
}

void Container::let_go() {
    if (--holds_ == 0 && has_process() && row_.status != ContainerStatus::paused) {
        runtime::thaw_cgroup(cgroup());
    }
}

void Container::connect_network(const desired::EndpointSpec& endpoint, const std::vector<desired::Link>& links) {
    const std::string& mode = spec_.network_mode;
    if (mode == "host" || mode.starts_with("container:") || mode.starts_with("service:")) {
        throw Error(Errc::conflict,
                    fmt::format("container '{}' uses the network of {}: it cannot be connected to others", row_.name,
                                mode == "host" ? "the host" : "another container"));
    }
    if (mode == "none") {
        throw Error(Errc::conflict,
                    fmt::format("container '{}' has no network (none): it cannot be connected to one", row_.name));
    }
    desired::ContainerSpec wanted = spec_;
    if (!has_process() || !row_.endpoints.empty()) {
        wanted.endpoints = endpoints_of(spec_);  // the default bridge, where nothing was said
    }
    for (const auto& known : wanted.endpoints) {
        if (known.network == endpoint.network) {
            throw Error(Errc::conflict,
                        fmt::format("endpoint with name {} already exists in network {}", row_.name, endpoint.network));
        }
    }
    wanted.endpoints.push_back(endpoint);
    wanted.links.insert(wanted.links.end(), links.begin(), links.end());
    if (has_process()) {
        project_.networks.connect(row_, {wanted, exposed_ports()}, endpoint.network);
        record_network("connect", endpoint.network);
    } else {
        project_.networks.require_connectable(endpoint);
    }
    spec_ = std::move(wanted);
    row_.spec_json = desired::to_json(spec_);
    save();
}

void Container::disconnect_network(const std::string& network) {
    desired::ContainerSpec wanted = spec_;
    wanted.endpoints = endpoints_of(spec_);
    if (std::erase_if(wanted.endpoints, [&](const auto& it) { return it.network == network; }) == 0) {
        throw Error(Errc::not_found, fmt::format("container {} is not connected to network {}", row_.name, network));
    }
    if (has_process()) {
        project_.networks.disconnect(row_, {wanted, exposed_ports()}, network);
        record_network("disconnect", network);
    }
    spec_ = std::move(wanted);
    row_.spec_json = desired::to_json(spec_);
    save();
}

int Container::stdin_fd() {
    if (spec_.tty) {
        return project_.keeper.find(row_.id + "/tty");
    }
    if (!spec_.stdin_open) {
        return -1;
    }
    const std::string key = row_.id + "/stdin";
    if (project_.keeper.find(key) < 0 && !has_process()) {
        Pipe pipe = make_pipe();
        project_.keeper.keep(row_.id + "/stdin-read", std::move(pipe.read));
        project_.keeper.keep(key, std::move(pipe.write));
    }
    return project_.keeper.find(key);
}

void Container::close_stdin() {
    if (spec_.stdin_once && !spec_.tty) {
        project_.keeper.drop(row_.id + "/stdin");
    }
}

void Container::add_attachment() {
    ++attachments_;
    keep_log_if_wanted();
}

void Container::drop_attachment() {
    --attachments_;
    keep_log_if_wanted();
    changed.notify();
}

void Container::set_health(const Health& health) {
    const bool news = health.status != row_.health.status;
    row_.health = health;
    save();
    if (news && health.status == HealthStatus::unhealthy) {
        owes_dependents_ = true;
    } else if (news && health.status == HealthStatus::healthy && owes_dependents_) {
        owes_dependents_ = false;
        project_.service_came_back(row_.service);
    }
    if (news) {
        record(fmt::format("health_status: {}", to_string(health.status)));
    }
    if (news && health.status == HealthStatus::healthy) {
        tell(Progress::healthy);
    } else if (news && health.status == HealthStatus::unhealthy) {
        tell(Progress::unhealthy);
    }
}

}  // namespace stack::engine::supervisor
