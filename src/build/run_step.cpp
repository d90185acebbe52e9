#include "build/run_step.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build/builder.hpp"
#include "engine/runtime/cgroup.hpp"
#include "net/hosts_file.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"
#include "support/random.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;

constexpr const char* run_host_name = "buildkitsandbox";  // what other builders call it; scripts may look

std::string cgroup_parent(const Paths& paths) {
    return "stack-" + paths.tag();
}

void make_tables(const Database& database) {
    database.execute(
        "CREATE TABLE IF NOT EXISTS build_runs (id TEXT PRIMARY KEY, pid INTEGER NOT NULL, start_ticks INTEGER NOT "
        "NULL, run_dir TEXT NOT NULL) WITHOUT ROWID");
}

/// All paths above and including `path`: "/a/b" gives "/a", "/a/b".
std::vector<std::string> steps_of(const std::string& path) {
    std::vector<std::string> steps;
    std::string here;
    for (const auto part : split(path, '/')) {
        if (!part.empty()) {
            here += "/" + std::string{part};
            steps.push_back(here);
        }
    }
    return steps;
}

/// SIGKILL is only the beginning of an end: a cgroup can be removed when the last process has left it.
void kill_all_in(const runtime::CgroupPlacement& placement) {
    runtime::kill_cgroup(placement);
    const UniqueFd events = runtime::open_cgroup_events(placement);
    while (events && runtime::is_populated(placement)) {
        char text[256];
        (void)!::pread(events.get(), text, sizeof text, 0);  // poll(2) tells of changes since the last read
        if (runtime::is_populated(placement)) {
            pollfd changed{events.get(), POLLPRI, 0};
            (void)::poll(&changed, 1, -1);
        }
    }
}

void remove_cgroup_of(const Paths& paths, const std::string& id) {
    const auto host = runtime::CgroupHost::detect();
    auto placement = runtime::find_cgroup(host, cgroup_parent(paths), id);
    kill_all_in(placement);
    runtime::remove_cgroup(placement);
    // The last one takes the parent with it; others keep it (ENOTEMPTY, EBUSY).
    placement.v1_dirs.push_back(placement.v2_dir);
    for (const auto& dir : placement.v1_dirs) {
        if (!dir.empty()) {
            (void)::rmdir(fs::path{dir}.parent_path().c_str());
        }
    }
}

}  // namespace

RunStep::RunStep(const Paths& paths, const Database& database, const image::ImageStore& store,
                 const BuildRequest& build, const StageState& state, RunRequest request)
    : paths_{paths},
      database_{database},
      build_{build},
      state_{state},
      request_{std::move(request)},
      place_{store.begin_layer()},
      empty_layer_{paths.temporary(), "image-empty-"},
      id_{random_hex(32)},
      run_dir_{paths.container_run(id_)} {
    try {
        remember();
        write_run_files();
        start();
    } catch (...) {
        kill();
        forget();
        throw;
    }
}

RunStep::~RunStep() {
    kill();
    forget();
}

void RunStep::remember() {
    make_tables(database_);
    auto row = database_.prepare("INSERT INTO build_runs VALUES (?,?,?,?)");
    row.bind_all(id_, std::int64_t{::getpid()}, static_cast<std::int64_t>(kernel::process_start_ticks(::getpid())),
                 run_dir_.string());
    row.run();
}

void RunStep::forget() noexcept {
    ErrorList errors;
    network_.reset();
    errors.attempt("remove a build's cgroup", [&] { remove_cgroup_of(paths_, id_); });
    errors.attempt("remove a build's run folder", [&] { fs::remove_all(run_dir_); });
    errors.attempt("forget a build's container", [&] {
        auto row = database_.prepare("DELETE FROM build_runs WHERE id = ?");
        row.bind(id_);
        row.run();
    });
    for (const auto& error : errors.errors()) {
        log_warning("{}", error.what());
    }
}

void RunStep::write_run_files() {
    fs::create_directories(run_dir_);
    const bool host = request_.network == "host";
    write_file(run_dir_ / "resolv.conf", resolv_conf_for_build(host));
    std::vector<net::HostsEntry> extra;
    for (const auto& line : build_.extra_hosts) {
        const auto separator = line.find_first_of(":=");
        if (separator == std::string::npos) {
            throw Error(Errc::invalid_input, fmt::format("extra host '{}' is not of the form name:address", line));
        }
        extra.push_back({line.substr(separator + 1), {line.substr(0, separator)}});
    }
    write_file(run_dir_ / "hosts", net::render_hosts_file({}, extra));
    write_file(run_dir_ / "hostname", std::string{run_host_name} + "\n");
    if (request_.script) {
        const auto file = run_dir_ / "script";
        write_file(file, request_.script->content, 0755);
        runtime::ResolvedMount mount;
        mount.source = file;
        mount.target = request_.script->target;
        mount.read_only = true;
        request_.mounts.push_back(std::move(mount));
    }
}

runtime::LaunchInput RunStep::launch_input() {
    runtime::LaunchInput input;
    input.container_id = id_;
    input.spec.entrypoint = request_.args;
    input.spec.command = Strings{};
    input.spec.environment = request_.environment;
    std::ranges::copy(request_.mount_environment, std::back_inserter(input.spec.environment));
    input.spec.network_mode = request_.network == "host" ? "host" : "";
    input.spec.privileged = request_.privileged;
    input.spec.shm_size = build_.shm_size;
    input.spec.ulimits = build_.ulimits;
    input.spec.files = request_.files;
    input.image = state_.config;
    for (const auto& layer : state_.layers) {
        input.layers.push_back(layer);
    }
    if (input.layers.empty()) {
        input.layers.push_back(empty_layer_.path());
    }
    input.container_dir = place_.path();
    input.run_dir = run_dir_;
    input.seccomp_cache = paths_.root() / "seccomp";
    input.mounts = request_.mounts;
    input.cgroup = cgroup_;
    input.hostname = run_host_name;
    return input;
}

/// A mount point that the image lacks is made by the runtime, in the layer to be. Which ones is decided before.
void RunStep::note_missing_targets(const runtime::LaunchPlan& plan) {
    if (state_.layers.empty()) {
        return;
    }
    Strings targets;
    for (const auto& mount : plan.mounts) {
        targets.push_back(mount.target);
    }
    for (const auto& file : plan.files) {
        targets.push_back(file.target);
    }
    const auto root = kernel::LayeredDir::root(state_.layers);
    for (const auto& target : targets) {
        for (auto& step : steps_of(target)) {
            if (!kernel::resolve_in_layers(root, step).exists) {
                stubs_.push_back(kernel::resolve_in_layers(root, step).path);
            }
        }
    }
    std::ranges::sort(stubs_, std::greater<>{});
}

void RunStep::start() {
    std::vector<std::string> warnings;
    runtime::CgroupSpec limits;
    limits.parent = cgroup_parent(paths_);
    limits.name = id_;
    limits.resources = build_.resources;
    desired::ContainerSpec rules;
    rules.privileged = request_.privileged;
    limits.devices = runtime::device_rules(rules);
    cgroup_ = runtime::create_cgroup(runtime::CgroupHost::detect(), limits, warnings);
    runtime::LaunchFds fds;
    if (request_.network != "host") {
        network_.emplace(paths_, database_, id_, request_.network != "none");
        fds.network_namespace = network_->netns();
    }
    auto planned = runtime::make_launch_plan(launch_input());
    // Nobody reads the layer after a power cut before it is complete: no sync in the container reaches the disk.
    planned.plan.rootfs.overlay_options = "volatile";
    note_missing_targets(planned.plan);

    Pipe output = make_pipe();
    Pipe report = make_pipe();
    fds.standard_output = output.write.get();
    fds.standard_error = output.write.get();
    if (request_.interactive) {
        fds.standard_input = STDIN_FILENO;
        fds.standard_output = STDOUT_FILENO;
        fds.standard_error = STDERR_FILENO;
    }
    fds.error_pipe = report.write.get();
    process_ = runtime::launch(planned.plan, fds);
    output.write.reset();
    report.write.reset();
    const auto outcome = runtime::read_launch_error(report.read.get());
    if (outcome.failure) {
        StepFailed failed{fmt::format("cannot run '{}': {}", join(request_.args, " "), outcome.failure->text),
                          outcome.failure->exit_code};
        failed.step = request_.name;
        throw failed;
    }
    check(::fcntl(output.read.get(), F_SETFL, O_NONBLOCK), [] { return "fcntl of a pipe"; });
    output_ = std::move(output.read);
}

std::string RunStep::read_output() {
    if (!output_) {
        return {};
    }
    std::string text(65536, '\0');
    const ssize_t got = ::read(output_.get(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    if (got == 0) {
        output_.reset();  // all writers have gone; a poll on it would never sleep again
    }
    return text;
}

bool RunStep::reap() {
    if (exit_code_) {
        return true;
    }
    int status = 0;
    if (::waitpid(process_.pid, &status, WNOHANG) != process_.pid) {
        return false;
    }
    exit_code_ = runtime::exit_code_of(status);
    return true;
}

void RunStep::kill() noexcept {
    if (process_.pid <= 0 || exit_code_) {
        return;
    }
    // The first process of a pid namespace takes all others with it (pid_namespaces(7)).
    ::kill(process_.pid, SIGKILL);
    int status = 0;
    while (::waitpid(process_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = runtime::exit_code_of(status);
}

fs::path RunStep::take_layer() {
    auto upper = place_.path() / "upper";
    for (const auto& stub : stubs_) {
        const fs::path path = upper.string() + stub;
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0) {
            continue;
        }
        // Only what is still as empty as the runtime made it.
        if (S_ISDIR(status.st_mode)) {
            (void)::rmdir(path.c_str());
        } else if (S_ISREG(status.st_mode) && status.st_size == 0) {
            (void)::unlink(path.c_str());
        }
    }
    if (build_.classic) {
        discard_volumes();
    }
    return upper;
}

/// What the classic builder had in volumes while a RUN went on was not in its layer. Links are not followed: they are
/// the command's own.
void RunStep::discard_volumes() const {
    const UniqueFd upper = kernel::open_at(AT_FDCWD, place_.path() / "upper", O_PATH | O_DIRECTORY);
    for (const auto& volume : state_.config.volumes) {
        const auto path = fs::path{volume}.lexically_normal().relative_path();
        if (path.empty()) {
            continue;
        }
        try {
            const UniqueFd parent = kernel::open_in_root(
                upper.get(), path.has_parent_path() ? path.parent_path().string() : ".", O_PATH | O_DIRECTORY);
            fs::remove_all(kernel::fd_path(parent.get()) + "/" + path.filename().string());
        } catch (const SysError& error) {
            if (error.err() != ENOENT && error.err() != ENOTDIR) {
                throw;
            }
        }
    }
}

double RunStep::seconds() const {
    return std::chrono::duration<double>{std::chrono::steady_clock::now() - begin_}.count();
}

void sweep_killed_builds(const Paths& paths, const Database& database) {
    make_tables(database);
    std::vector<std::pair<std::string, fs::path>> dead;
    auto row = database.prepare("SELECT id, pid, start_ticks, run_dir FROM build_runs");
    while (row.step()) {
        const auto ticks = kernel::process_start_ticks(static_cast<pid_t>(row.integer(1)));
        if (ticks == 0 || static_cast<std::int64_t>(ticks) != row.integer(2)) {
            dead.emplace_back(row.text(0), row.text(3));
        }
    }
    for (const auto& [id, run_dir] : dead) {
        log_info("cleaning up after a build that was killed ({})", id.substr(0, 12));
        remove_cgroup_of(paths, id);
        release_network(paths, database, id);
        fs::remove_all(run_dir);
        auto gone = database.prepare("DELETE FROM build_runs WHERE id = ?");
        gone.bind(id);
        gone.run();
    }
    if (!dead.empty()) {
        image::ImageStore{paths}.collect_garbage();  // the half-made layer
    }
}

}  // namespace stack::build
