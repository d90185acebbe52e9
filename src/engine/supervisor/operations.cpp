#include "engine/supervisor/operations.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "desired/json.hpp"
#include "engine/reconcile/plan.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/signals.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/executor.hpp"
#include "engine/supervisor/make_container.hpp"
#include "engine/supervisor/preflight.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

using Json = nlohmann::json;

/// Passes the project's events on to a client for as long as it lives.
class Listening {
public:
    explicit Listening(Session& session) : project_{session.project}, number_{project_.next_listener++} {
        const std::weak_ptr<Session> weak = session.weak_from_this();
        project_.listeners[number_] = [weak](const Event& event) {
            if (const auto alive = weak.lock()) {
                alive->send(wire::event_frame(event));
            }
        };
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { project_.listeners.erase(number_); }

private:
    Project& project_;
    int number_;
};

void answer(Session& session, const Json& value = Json::object()) {
    session.send(Json{{"ok", value}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Ids of the containers an operation is for.
std::vector<std::string> resolve(Project& project, const Targets& targets) {
    std::vector<std::string> ids;
    const auto add = [&](const std::string& id) {
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
            ids.push_back(id);
        }
    };
    for (const std::string& name : targets.containers) {
        add(project.get(name)->id());
    }
    for (const std::string& service : targets.services) {
        bool found = false;
        for (const auto& [id, container] : project.containers) {
            if (container->row().service == service && (targets.include_one_off || !container->row().one_off)) {
                add(id);
                found = true;
            }
        }
        if (!found) {
            throw Error(Errc::not_found, fmt::format("service '{}' has no container", service));
        }
    }
    for (const auto& [id, container] : project.containers) {
        if (targets.all && (targets.include_one_off || !container->row().one_off)) {
            add(id);
        }
    }
    return ids;
}

Task<> up(Session& session, const Json& request) {
    const auto desired = desired::desired_state_from_json(request.at("state").get<std::string>());
    const UpOptions options = wire::parse_up_options(request.at("options").get<std::string>());
    Project& project = session.project;
    const Listening listening{session};
    const std::string verb = options.start ? "up" : "create";
    const ProjectTurn turn = co_await take_turn(session, verb);
    const reconcile::Observed observed = observe(project);
    const reconcile::Plan plan = reconcile::plan_up(desired, observed, options);
    check_before(project, plan, desired);
    ExecuteOptions how;
    how.stop.timeout = options.stop_timeout;
    how.keep_anonymous_volumes = !options.renew_anonymous_volumes;
    how.wait_timeout = options.wait_timeout;
    co_await execute(project, plan, desired, how, *session.operation);
    answer(session);
}

Task<> down(Session& session, const Json& request) {
    const auto desired = desired::desired_state_from_json(request.at("state").get<std::string>());
    const DownOptions options = wire::parse_down_options(request.at("options").get<std::string>());
    Project& project = session.project;
    const Listening listening{session};
    const std::string verb = "down";
    const ProjectTurn turn = co_await take_turn(session, verb);
    const reconcile::Observed observed = observe(project);
    const reconcile::Plan plan = reconcile::plan_down(desired, observed, options);
    ExecuteOptions how;
    how.stop.timeout = options.stop_timeout;
    how.remove_anonymous_volumes = options.volumes;
    co_await execute(project, plan, desired, how, *session.operation);
    answer(session);
}

/// start, stop, restart: a plan over containers that are there. Outside projects everybody goes their own way.
Task<> change(Session& session, const Json& request) {
    const std::string verb = request.at("op");
    Project& project = session.project;
    const Targets targets = wire::parse_targets(request.at("targets").get<std::string>());
    const Listening listening{session};
    std::optional<ProjectTurn> turn;
    if (!project.name.empty()) {
        ProjectTurn mine = co_await take_turn(session, verb);
        turn.emplace(std::move(mine));
    }
    const auto ids = resolve(project, targets);
    const reconcile::Observed observed = observe(project);
    const desired::DesiredState none;
    ExecuteOptions how;
    if (request.contains("options")) {
        how.stop = wire::parse_stop_options(request.at("options").get<std::string>());
    }
    reconcile::Plan plan;
    if (verb == "start") {
        plan = reconcile::plan_start(observed, ids);
    } else if (verb == "stop") {
        plan = reconcile::plan_stop(observed, ids, false);
    } else {
        const bool dependents = !request.value("no_deps", false) && !project.name.empty();
        plan = reconcile::plan_restart(observed, ids, dependents);
    }
    co_await execute(project, plan, none, how, *session.operation);
    answer(session);
}

Task<> remove(Session& session, const Json& request) {
    Project& project = session.project;
    const bool force = request.value("force", false), stop = request.value("stop", false);
    const Targets targets = wire::parse_targets(request.at("targets").get<std::string>());
    const Listening listening{session};
    const std::string verb = "rm";
    std::optional<ProjectTurn> turn;
    if (!project.name.empty()) {
        ProjectTurn mine = co_await take_turn(session, verb);
        turn.emplace(std::move(mine));
    }
    const auto ids = resolve(project, targets);
    for (const std::string& id : ids) {
        const auto container = project.get(id);
        if (container->is_up() && !force && !stop) {
            throw Error(Errc::conflict, fmt::format("cannot remove container '{}': it is {}", container->name(),
                                                    to_string(container->row().status)))
                .hint("stop the container before removing it, or force the removal");
        }
    }
    const reconcile::Observed observed = observe(project);
    const reconcile::Plan plan = reconcile::plan_stop(observed, ids, true);
    ExecuteOptions how;
    how.remove_anonymous_volumes = request.value("volumes", false);
    if (force && !stop) {
        how.stop.signal = "SIGKILL";
        how.stop.timeout = std::chrono::nanoseconds{0};
    }
    const desired::DesiredState none;
    co_await execute(project, plan, none, how, *session.operation);
    answer(session);
}

/// kill, pause, unpause: at once, whatever else is going on.
void signal_all(Session& session, const Json& request) {
    const std::string verb = request.at("op");
    const Listening listening{session};
    const Targets targets = wire::parse_targets(request.at("targets").get<std::string>());
    ErrorList errors;
    for (const std::string& id : resolve(session.project, targets)) {
        const auto container = session.project.get(id);
        if (!container->has_process() && targets.containers.empty()) {
            continue;  // "all" and services mean those that run
        }
        errors.attempt(fmt::format("{} '{}'", verb, container->name()), [&] {
            if (verb == "kill") {
                const std::string word = request.value("signal", "");
                container->kill(word.empty() ? SIGKILL : signal_number(word));
            } else if (verb == "pause") {
                container->pause();
            } else {
                container->unpause();
            }
        });
    }
    errors.throw_if_any();
    answer(session);
}

Task<> create(Session& session, const Json& request) {
    Project& project = session.project;
    const auto state = desired::desired_state_from_json(request.at("state").get<std::string>());
    CreateRequest wanted;
    wanted.spec = desired::container_spec_from_json(request.at("spec").get<std::string>());
    wanted.name = request.value("name", "");
    wanted.service = request.value("service", "");
    wanted.one_off = request.value("one_off", false);
    const Listening listening{session};
    std::optional<ProjectTurn> turn;
    if (!project.name.empty()) {
        const std::string verb = "run";
        ProjectTurn mine = co_await take_turn(session, verb);
        turn.emplace(std::move(mine));
    }
    runtime::require_storage(project.paths.containers(), wanted.spec.storage_opt);
    for (const auto& network : state.networks) {
        if (!network.external && !project.networks.store().find(network.name)) {
            project.networks.create(network, network_labels(state, network));
        }
    }
    for (auto volume : state.volumes) {
        volume.labels = volume_labels(state, volume);
        project.volumes.ensure(volume);
    }
    ContainerRow row = make_single_container(project, state, wanted);
    project.store.insert(row);
    const auto container = project.add(std::move(row));
    container->record("create");
    container->tell(Progress::created);
    answer(session, {{"id", container->id()}});
}

Json exit_result(const ContainerRow& row) {
    Json result{{"id", row.id}, {"oom_killed", row.oom_killed}, {"error", row.error}};
    if (row.exit_code) {
        result["exit_code"] = *row.exit_code;
    }
    return result;
}

Task<> wait(Session& session, const Json& request) {
    const std::string name = request.at("container");
    const int condition = request.value("for", 0);
    const auto container = session.project.find(name);
    if (!container) {
        if (const ContainerRow* removed = session.project.find_removed(name)) {
            answer(session, exit_result(*removed));
            co_return;
        }
        throw Error(Errc::not_found, fmt::format("no such container: {}", name));
    }
    const std::uint64_t ends_before = container->ends();
    const auto satisfied = [&] {
        switch (condition) {
            case 1:  // next exit
                return container->ends() != ends_before || container->is_gone();
            case 2:  // removed
                return container->is_gone();
            default:
                return !container->is_up() || container->is_gone();
        }
    };
    while (!satisfied()) {
        co_await session.operation->wait(container->changed, never);
    }
    answer(session, exit_result(container->row()));
}

void attach(Session& session, const Json& request) {
    const auto container = session.project.get(request.at("container"));
    container->add_attachment();
    session.attached.push_back(container);
    const int fd = container->stdin_fd();
    const Json result{{"tty", container->spec().tty}, {"stdin", fd >= 0}};
    session.send(Json{{"ok", result}}.dump(), fd >= 0 ? std::vector<int>{fd} : std::vector<int>{});
}

void detach(Session& session, const Json& request) {
    const std::string name = request.at("container");
    for (auto weak = session.attached.begin(); weak != session.attached.end(); ++weak) {
        const auto container = weak->lock();
        if (container && (container->id() == name || container->name() == name)) {
            container->drop_attachment();
            session.attached.erase(weak);
            break;
        }
    }
    answer(session);
}

void hold(Session& session, const Json& request) {
    for (const std::string& name : request.at("containers").get<std::vector<std::string>>()) {
        if (const auto container = session.project.find(name)) {
            container->hold_still();
            session.held.push_back(container);
        }
    }
    answer(session);
}

/// Short ones that change one container.
void adjust(Session& session, const Json& request) {
    const std::string verb = request.at("op");
    const auto container = session.project.get(request.at("container"));
    const Listening listening{session};
    if (verb == "rename") {
        container->rename(request.at("name"));
    } else if (verb == "close_stdin") {
        container->close_stdin();
    } else if (verb == "disconnect") {
        container->disconnect_network(request.at("network"));
    } else {
        const auto values = desired::container_spec_from_json(request.at("values").get<std::string>());
        if (verb == "connect") {
            container->connect_network(values.endpoints.at(0), values.links);
        } else {
            UpdateRequest update;
            if (request.value("resources", false)) {
                update.resources = values.resources;
            }
            if (request.value("restart", false)) {
                update.restart = values.restart;
            }
            container->update(update);
        }
    }
    answer(session);
}

}  // namespace

Task<ProjectTurn> take_turn(Session& session, const std::string& verb) {
    TurnKeeper& turns = session.turns;
    std::string told;
    while (!turns.holder.empty()) {
        if (told != turns.holder) {
            told = turns.holder;
            Event event;
            event.subject = Subject::project;
            event.name = session.project.name;
            event.progress = Progress::waiting;
            event.detail = fmt::format("{} is at work on this project", told);
            event.time_ns = wall_clock_ns();
            session.send(wire::event_frame(event));
        }
        co_await session.operation->wait(turns.freed, never);
    }
    const std::string holder = session.describe(verb);
    co_return ProjectTurn{turns, holder};
}

Task<> run_operation(Session& session, const std::string& text) {
    const Json request = Json::parse(text);
    const std::string verb = request.at("op");
    if (verb == "up") {
        co_await up(session, request);
    } else if (verb == "down") {
        co_await down(session, request);
    } else if (verb == "start" || verb == "stop" || verb == "restart") {
        co_await change(session, request);
    } else if (verb == "remove") {
        co_await remove(session, request);
    } else if (verb == "create") {
        co_await create(session, request);
    } else if (verb == "wait") {
        co_await wait(session, request);
    } else if (verb == "kill" || verb == "pause" || verb == "unpause") {
        signal_all(session, request);
    } else if (verb == "hold") {
        hold(session, request);
    } else if (verb == "attach") {
        attach(session, request);
    } else if (verb == "detach") {
        detach(session, request);
    } else if (verb == "rename" || verb == "close_stdin" || verb == "connect" || verb == "disconnect" ||
               verb == "update") {
        adjust(session, request);
    } else {
        throw Error(Errc::invalid_input, fmt::format("the supervisor does not know the operation '{}'", verb));
    }
}

namespace {

Task<> repair_one(Project& project, std::string id, size_t& left, Signal& done) {
    if (const auto container = project.find(id)) {
        try {
            co_await container->repair();
        } catch (const Error& error) {
            log_warning("finish what was begun with {}: {}", container->name(), error.what());
        }
    }
    --left;
    done.notify();
}

/// Side by side: a stop may take its whole grace period.
Task<> repair(Project& project, const std::vector<std::string>& ids) {
    size_t left = ids.size();
    Signal done;
    for (const std::string& id : ids) {
        spawn(project.loop, repair_one(project, id, left, done), "repair " + id);
    }
    while (left > 0) {
        co_await wait_for(done, never);
    }
}

}  // namespace

Task<> restore(Project& project, TurnKeeper& turns, const Project::Adopted& adopted) {
    const std::string holder = "'restore'";
    const ProjectTurn turn{turns, holder};
    co_await repair(project, adopted.half_done);
    if (adopted.wanted.empty()) {
        co_return;
    }
    Operation operation;
    const ExecuteOptions how;
    const desired::DesiredState none;
    const reconcile::Observed observed = observe(project);
    const reconcile::Plan plan = reconcile::plan_start(observed, adopted.wanted);
    co_await execute(project, plan, none, how, operation);
}

Task<> restart_dependents(Project& project, TurnKeeper& turns) {
    const desired::DesiredState none;
    const ExecuteOptions how;
    for (;;) {
        while (project.came_back.empty()) {
            co_await wait_for(project.changed, never);
        }
        while (!turns.holder.empty()) {
            co_await wait_for(turns.freed, never);
        }
        const auto services = std::exchange(project.came_back, {});
        const reconcile::Observed observed = observe(project);
        const reconcile::Plan plan = reconcile::plan_renewed(observed, services);
        if (plan.empty()) {
            continue;
        }
        const std::string holder = "'restart of dependents'";
        const ProjectTurn turn{turns, holder};
        Operation operation;
        try {
            co_await execute(project, plan, none, how, operation);
        } catch (const Error& error) {
            log_warning("restart of dependents: {}", error.what());
        }
    }
}

}  // namespace stack::engine::supervisor
