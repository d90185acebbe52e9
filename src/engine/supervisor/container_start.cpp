// How a container gets its process: network, files, mounts, cgroup, plan, clone.
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/container_files.hpp"
#include "engine/runtime/cdi/registry.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/plan_launch.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/container_turn.hpp"
#include "engine/supervisor/health.hpp"
#include "engine/supervisor/links.hpp"
#include "engine/supervisor/mounts.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"
#include "volumes/copy_up.hpp"

namespace stack::engine::supervisor {
namespace {

/// Container that "service:<name>" or "container:<name>" means; empty for other words.
std::shared_ptr<Container> joined_container(Project& project, const std::string& mode) {
    if (mode.starts_with("container:")) {
        return project.find(mode.substr(10));
    }
    if (mode.starts_with("service:")) {
        for (const auto& [id, container] : project.containers) {
            if (container->row().service == mode.substr(8) && !container->row().one_off) {
                return container;
            }
        }
    }
    return nullptr;
}

bool joins(const std::string& mode) {
    return mode.starts_with("container:") || mode.starts_with("service:");
}

/// A row of any project.
ContainerRow joined_row(Project& project, const std::string& mode) {
    if (const auto container = joined_container(project, mode)) {
        return container->row();
    }
    if (mode.starts_with("container:")) {
        return project.store.get(mode.substr(10));
    }
    throw Error(Errc::not_found, fmt::format("there is no container of service '{}' to join", mode.substr(8)));
}

/// A pidfd stands for all namespaces of the process.
UniqueFd open_process(const ContainerRow& row, const char* which) {
    if (!is_alive(row)) {
        throw Error(Errc::conflict,
                    fmt::format("cannot join the {} namespace of container '{}': it is not running", which, row.name));
    }
    return kernel::pidfd_open(static_cast<pid_t>(row.pid));
}

Task<std::string> read_to_end(Loop& loop, int fd) {
    Watched watched{loop, fd};
    std::string text;
    std::array<char, 4096> buffer;
    while (true) {
        const bool ready = co_await watched.readable();
        if (!ready) {
            break;
        }
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got <= 0) {
            break;
        }
        text.append(buffer.data(), static_cast<size_t>(got));
    }
    co_return text;
}

}  // namespace

Task<> Container::launch() {
    co_await project_.launches.take();
    const Slot slot{project_.launches};
    tell(Progress::starting);
    launching_ = true;
    early_end_.reset();
    start_exit_code_ = 128;
    std::optional<Error> failure;
    while (true) {
        bool keeper_lost = false;
        try {
            co_await end_strays();
            co_await begin_process();
        } catch (const KeeperLost&) {
            keeper_lost = true;
        } catch (const Error& error) {
            failure = error;
        } catch (const std::exception& error) {
            failure = Error(Errc::internal, error.what());
        }
        if (!keeper_lost) {
            break;  // otherwise once more, with the new keeper
        }
    }
    launching_ = false;
    if (failure) {
        try {
            co_await end_strays();
        } catch (const std::exception& error) {
            log_warning("container '{}': {}", row_.name, error.what());
        }
        failure->add_step(fmt::format("start '{}'", row_.name));
        start_failed(*failure, start_exit_code_);
        throw Error{*failure};
    }
    record("start");
    tell(Progress::started);
    if (early_end_) {
        finish_run(*early_end_);
    }
}

desired::ContainerSpec Container::spec_with_joined_containers() const {
    desired::ContainerSpec spec = spec_;
    for (std::string* mode : {&spec.network_mode, &spec.ipc, &spec.pid, &spec.uts}) {
        if (joins(*mode)) {
            *mode = "container:" + joined_row(project_, *mode).id;
        }
    }
    return spec;
}

void Container::join_namespaces(const desired::ContainerSpec& spec, LaunchRequest& request,
                                std::vector<UniqueFd>& held) const {
    const auto join = [&](const std::string& mode, const char* which, LaunchFd place) {
        if (joins(mode)) {
            held.push_back(open_process(joined_row(project_, mode), which));
            request.fd(place) = held.back().get();
        }
    };
    join(spec.network_mode, "network", LaunchFd::network_namespace);
    join(spec.pid, "pid", LaunchFd::pid_namespace);
    join(spec.ipc, "ipc", LaunchFd::ipc_namespace);
    join(spec.uts, "uts", LaunchFd::uts_namespace);
}

std::vector<std::string> Container::exposed_ports() const {
    std::vector<std::string> ports(image_->config.exposed_ports.begin(), image_->config.exposed_ports.end());
    ports.insert(ports.end(), spec_.expose.begin(), spec_.expose.end());
    return ports;
}

logs::Origin Container::log_origin() const {
    logs::Origin origin;
    origin.id = row_.id;
    origin.name = row_.name;
    origin.image = row_.image;
    origin.image_id = row_.image_id;
    origin.command = row_.command;
    origin.labels = row_.labels;
    const auto add = [&](const desired::Strings& variables) {
        for (const std::string& variable : variables) {
            const size_t sign = variable.find('=');
            origin.environment[variable.substr(0, sign)] = sign == std::string::npos ? "" : variable.substr(sign + 1);
        }
    };
    add(image_->config.env);
    add(spec_.environment);
    return origin;
}

void Container::make_log() {
    if (log_) {
        return;
    }
    const auto config = logs::parse_driver(spec_.logging.driver, spec_.logging.options);
    log_ = std::make_unique<LogPump>(project_.loop, project_.keeper, row_.id, project_.paths.container_run(row_.id),
                                     log_folder(project_.paths, row_.id), config.limits, project_.log_sequence);
    const bool forwards = config.driver != logs::Driver::local && config.driver != logs::Driver::none;
    if (forwards && !forward_) {
        forward_ = std::make_shared<LogForward>(project_.loop, project_.changed, config, log_origin(),
                                                project_.paths.container(row_.id), log_folder(project_.paths, row_.id));
    }
    log_->forward_to(forward_);
    keep_log_if_wanted();
}

void Container::keep_log_if_wanted() {
    if (log_ && row_.log_driver == logs::to_string(logs::Driver::none)) {
        log_->keep(attachments_ > 0);
    }
}

Task<> Container::begin_process() {
    auto spec = spec_with_joined_containers();
    const auto run_folder = project_.paths.container_run(row_.id);
    std::filesystem::create_directories(run_folder);
    LaunchRequest request;
    request.key = row_.id;
    std::vector<UniqueFd> held;
    const NetworkWish wish{spec, exposed_ports()};
    request.fd(LaunchFd::network_namespace) = project_.networks.attach(row_, wish);
    for (const std::string& warning : project_.networks.take_warnings()) {
        tell(Progress::warning, warning);
    }
    for (const EndpointRow& endpoint : row_.endpoints) {
        record_network("connect", endpoint.network);
    }
    join_namespaces(spec, request, held);
    tell_of_links(project_, row_, spec);
    if (spec.network_mode.starts_with("container:")) {
        const auto folder = project_.paths.container_run(spec.network_mode.substr(10));
        for (const char* file : {"hosts", "hostname", "resolv.conf"}) {
            write_file(run_folder / file, find_file(folder / file).value_or(""));
        }
    } else {
        project_.networks.write_files(row_, spec);
    }
    // From here on a crash leaves traces in the kernel: let the database tell of them first.
    row_.error.clear();
    project_.store.update(row_);
    const runtime::LaunchPlan plan = co_await make_plan(spec);
    request.plan = runtime::serialize(plan);
    replace_volatile_file(launch_plan_file(project_.paths, row_.id), request.plan, 0600);
    make_log();
    if (forward_) {
        co_await forward_->open();
    }
    co_await run_process(request, spec.tty);
}

Task<runtime::LaunchPlan> Container::make_plan(const desired::ContainerSpec& spec) {
    runtime::LaunchInput input;
    const auto mounts = resolve_container_mounts(project_, *image_, row_, spec, true);
    const bool copies = std::any_of(mounts.begin(), mounts.end(), [](const auto& it) { return it.wants_copy_up; });
    if (copies) {
        std::vector<std::filesystem::path> layers(image_->layers.begin(), image_->layers.end());
        const std::function<void()> copy = [&mounts, &layers] { volumes::copy_up_all(mounts, layers); };
        co_await offload(project_.loop, copy);
    }
    row_.mounts = mount_rows(mounts);
    input.mounts = mounts;
    input.container_id = row_.id;
    input.spec = spec;
    input.image = image_->config;
    input.layers = image_->layers;
    input.container_dir = project_.paths.container(row_.id);
    input.run_dir = project_.paths.container_run(row_.id);
    input.seccomp_cache = project_.paths.root() / "seccomp";
    input.hostname = row_.id.substr(0, 12);
    runtime::CgroupSpec group;
    group.parent = cgroup_parent(project_, spec);
    group.name = row_.id;
    group.resources = spec.resources;
    input.device_edits = runtime::cdi::device_edits(spec, runtime::cdi::folders());
    group.devices = runtime::device_rules(spec);
    const auto& rules = input.device_edits.rules;
    if (!spec.privileged) {
        group.devices.insert(group.devices.end(), rules.begin(), rules.end());
    }
    std::vector<std::string> warnings;
    input.cgroup = runtime::create_cgroup(project_.cgroups, group, warnings);
    oom_kills_before_ = runtime::oom_kills(input.cgroup);
    runtime::PlannedLaunch planned = runtime::make_launch_plan(input);
    warnings.insert(warnings.end(), planned.warnings.begin(), planned.warnings.end());
    for (const std::string& warning : warnings) {
        tell(Progress::warning, warning);
    }
    co_return std::move(planned.plan);
}

Task<> Container::run_process(LaunchRequest& request, bool tty) {
    Pipe errors = make_pipe();
    request.fd(LaunchFd::error_pipe) = errors.write.get();
    LogPump::Ends ends;
    UniqueFd console_ours, console_theirs;
    if (tty) {
        int pair[2];
        check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), [] { return "socketpair"; });
        console_ours = UniqueFd{pair[0]};
        console_theirs = UniqueFd{pair[1]};
        request.fd(LaunchFd::console_socket) = console_theirs.get();
    } else {
        log_->open_fifos();
        ends = log_->process_ends();
        request.fd(LaunchFd::standard_output) = ends.out.get();
        request.fd(LaunchFd::standard_error) = ends.err.get();
        if (stdin_fd() >= 0) {
            request.fd(LaunchFd::standard_input) = project_.keeper.find(row_.id + "/stdin-read");
        }
    }
    LaunchedProcess process = co_await project_.keeper.launch(request);
    errors.write.reset();
    ends = {};
    console_theirs.reset();
    project_.keeper.drop(row_.id + "/stdin-read");
    if (tty) {
        // End-of-file is an answer too: then the error pipe tells why there is no terminal.
        Watched watched{project_.loop, console_ours.get()};
        co_await watched.readable();
        try {
            log_->open_terminal(runtime::receive_console(console_ours.get()));
        } catch (const Error& error) {
            log_debug("no terminal from '{}': {}", row_.name, error.what());
        }
    }
    const std::string report = co_await read_to_end(project_.loop, errors.read.get());
    const runtime::ExecOutcome outcome = runtime::parse_launch_report(report);
    for (const std::string& warning : outcome.warnings) {
        tell(Progress::warning, warning);
    }
    if (outcome.failure) {
        start_exit_code_ = outcome.failure->exit_code;
        while (!early_end_) {
            co_await wait_for(changed, never);
        }
        project_.keeper.forget(row_.id);
        throw Error(Errc::conflict, outcome.failure->text);
    }
    came_up(process.pid, std::move(process.pidfd));
}

void Container::came_up(pid_t pid, UniqueFd pidfd) {
    pidfd_ = std::move(pidfd);
    row_.pid = pid;
    row_.start_ticks = kernel::process_start_ticks(pid);
    row_.status = ContainerStatus::running;
    row_.oom_killed = false;
    row_.started_ns = wall_clock_ns();
    row_.health = {};
    if (const auto check = effective_healthcheck(spec_, image_->config)) {
        row_.health.status = HealthStatus::starting;
        health_ = std::make_unique<HealthMonitor>(project_, weak_from_this(), *check);
    }
    save();
}

void Container::start_failed(const Error& error, int exit_code) {
    row_.error = error.what();
    row_.exit_code = exit_code;
    row_.pid = 0;
    row_.start_ticks = 0;
    if (row_.started_ns != 0 || row_.status != ContainerStatus::created) {
        row_.status = ContainerStatus::exited;
        row_.finished_ns = wall_clock_ns();
    }
    pidfd_.reset();
    health_.reset();
    settle_down();
    save();
    tell(Progress::error, error.what());
    if (spec_.auto_remove) {
        spawn(project_.loop, remove_self(), "remove " + row_.name);
    }
}

}  // namespace stack::engine::supervisor
