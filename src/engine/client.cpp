#include "engine/client.hpp"

#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "desired/json.hpp"
#include "engine/rendezvous.hpp"
#include "engine/state/container_store.hpp"
#include "engine/wire.hpp"
#include "support/database.hpp"
#include "support/error.hpp"

namespace stack::engine {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

class SupervisorClient::Impl {
public:
    Impl(const Paths& paths, std::string project, const std::filesystem::path& program)
        : cancelled_{check(::eventfd(0, EFD_CLOEXEC), [] { return "eventfd"; })} {
        const auto folder = supervisor_folder(paths, project);
        socket_ = connect_supervisor(folder);
        if (socket_ && greeted()) {
            return;
        }
        // Nobody there, or one that was just leaving. Whoever holds this lock is the only one that starts another.
        const UniqueFd lock = lock_supervisor(paths, project, SupervisorLock::spawn);
        socket_ = connect_supervisor(folder);
        if (socket_ && greeted()) {
            return;
        }
        start_supervisor(paths, project, program, lock);
        socket_ = connect_supervisor(folder);
        if (!socket_ || !greeted()) {
            throw Error(Errc::internal, fmt::format("the supervisor of project '{}' does not answer", project))
                .hint(fmt::format("see {}", (folder / "supervisor.log").string()));
        }
    }

    /// Sends a request and passes on events until the answer comes. Returns its member "ok".
    Json run(const Json& request, const EventSink& sink) {
        wire::send_frame(socket_.get(), dump(request));
        for (;;) {
            const auto text = receive();
            if (!text) {
                throw Error(Errc::internal, "the supervisor ended in the middle of the operation")
                    .hint("run the command again; what was done is kept");
            }
            const Json message = Json::parse(*text);
            if (message.contains("event")) {
                if (sink) {
                    sink(wire::parse_event(message["event"].dump()));
                }
            } else if (message.contains("error")) {
                throw Error{wire::parse_error(message["error"].dump())};
            } else if (message.contains("ok")) {
                return message["ok"];
            }
        }
    }

    UniqueFd take_fd() {
        if (fds_.empty()) {
            return {};
        }
        UniqueFd fd = std::move(fds_.front());
        fds_.erase(fds_.begin());
        return fd;
    }

    int fd() const noexcept { return socket_.get(); }
    void cancel() const noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(cancelled_.get(), &one, sizeof one);
    }

private:
    bool greeted() {
        reader_ = {};
        const auto text = receive();
        return text && Json::parse(*text).contains("hello");
    }

    std::optional<std::string> receive() {
        for (;;) {
            if (auto frame = reader_.next()) {
                return frame;
            }
            std::array<pollfd, 2> waiting{pollfd{socket_.get(), POLLIN, 0}, pollfd{cancelled_.get(), POLLIN, 0}};
            if (::poll(waiting.data(), waiting.size(), -1) < 0) {
                if (errno == EINTR) {
                    continue;
                }
                throw SysError(errno, "wait for the supervisor");
            }
            if (waiting[1].revents != 0) {
                socket_.reset();
                throw Error(Errc::conflict, "cancelled");
            }
            if (wire::receive_some(socket_.get(), reader_, fds_) == 0) {
                return std::nullopt;
            }
        }
    }

    UniqueFd cancelled_, socket_;
    wire::FrameReader reader_;
    std::vector<UniqueFd> fds_;
};

SupervisorClient::SupervisorClient(const Paths& paths, std::string project, std::filesystem::path program)
    : impl_{std::make_unique<Impl>(paths, std::move(project), program)} {}
SupervisorClient::SupervisorClient(SupervisorClient&&) noexcept = default;
SupervisorClient& SupervisorClient::operator=(SupervisorClient&&) noexcept = default;
SupervisorClient::~SupervisorClient() = default;

void SupervisorClient::up(const desired::DesiredState& state, const UpOptions& options, const EventSink& sink) {
    impl_->run({{"op", "up"}, {"state", desired::to_json(state)}, {"options", wire::to_json(options)}}, sink);
}

void SupervisorClient::down(const desired::DesiredState& state, const DownOptions& options, const EventSink& sink) {
    impl_->run({{"op", "down"}, {"state", desired::to_json(state)}, {"options", wire::to_json(options)}}, sink);
}

void SupervisorClient::start(const Targets& targets, const EventSink& sink) {
    impl_->run({{"op", "start"}, {"targets", wire::to_json(targets)}}, sink);
}

void SupervisorClient::stop(const Targets& targets, const StopOptions& options, const EventSink& sink) {
    impl_->run({{"op", "stop"}, {"targets", wire::to_json(targets)}, {"options", wire::to_json(options)}}, sink);
}

void SupervisorClient::restart(const Targets& targets, const RestartOptions& options, const EventSink& sink) {
    impl_->run({{"op", "restart"},
                {"targets", wire::to_json(targets)},
                {"options", wire::to_json(options.stop)},
                {"no_deps", options.no_deps}},
               sink);
}

void SupervisorClient::kill(const Targets& targets, const std::string& signal, const EventSink& sink) {
    impl_->run({{"op", "kill"}, {"targets", wire::to_json(targets)}, {"signal", signal}}, sink);
}

void SupervisorClient::pause(const Targets& targets, const EventSink& sink) {
    impl_->run({{"op", "pause"}, {"targets", wire::to_json(targets)}}, sink);
}

void SupervisorClient::unpause(const Targets& targets, const EventSink& sink) {
    impl_->run({{"op", "unpause"}, {"targets", wire::to_json(targets)}}, sink);
}

void SupervisorClient::remove(const Targets& targets, const RemoveOptions& options, const EventSink& sink) {
    impl_->run({{"op", "remove"},
                {"targets", wire::to_json(targets)},
                {"force", options.force},
                {"volumes", options.volumes},
                {"stop", options.stop}},
               sink);
}

std::string SupervisorClient::create(const CreateRequest& request, const desired::DesiredState& state,
                                     const EventSink& sink) {
    const Json answer = impl_->run({{"op", "create"},
                                    {"spec", desired::to_json(request.spec)},
                                    {"name", request.name},
                                    {"service", request.service},
                                    {"one_off", request.one_off},
                                    {"state", desired::to_json(state)}},
                                   sink);
    return answer.at("id");
}

void SupervisorClient::rename(const std::string& container, const std::string& name) {
    impl_->run({{"op", "rename"}, {"container", container}, {"name", name}}, {});
}

void SupervisorClient::update(const std::string& container, const UpdateRequest& request) {
    // The spec's own JSON carries both values; which of them count is told beside it.
    desired::ContainerSpec values;
    values.resources = request.resources.value_or(desired::Resources{});
    values.restart = request.restart.value_or(desired::RestartPolicy{});
    impl_->run({{"op", "update"},
                {"container", container},
                {"values", desired::to_json(values)},
                {"resources", request.resources.has_value()},
                {"restart", request.restart.has_value()}},
               {});
}

ExitResult SupervisorClient::wait(const std::string& container, WaitFor condition) {
    const Json answer =
        impl_->run({{"op", "wait"}, {"container", container}, {"for", static_cast<int>(condition)}}, {});
    ExitResult result;
    result.id = answer.at("id");
    if (answer.contains("exit_code")) {
        result.exit_code = answer["exit_code"].get<int>();
    }
    result.oom_killed = answer.value("oom_killed", false);
    result.error = answer.value("error", "");
    return result;
}

Attachment SupervisorClient::attach(const std::string& container) {
    const Json answer = impl_->run({{"op", "attach"}, {"container", container}}, {});
    Attachment attachment;
    attachment.tty = answer.value("tty", false);
    if (answer.value("stdin", false)) {
        attachment.stdin_fd = impl_->take_fd();
    }
    return attachment;
}

void SupervisorClient::detach(const std::string& container) {
    impl_->run({{"op", "detach"}, {"container", container}}, {});
}

void SupervisorClient::close_stdin(const std::string& container) {
    impl_->run({{"op", "close_stdin"}, {"container", container}}, {});
}

void SupervisorClient::hold_still(const std::vector<std::string>& containers) {
    impl_->run({{"op", "hold"}, {"containers", containers}}, {});
}

void SupervisorClient::connect_network(const std::string& container, const desired::EndpointSpec& endpoint,
                                       const std::vector<desired::Link>& links) {
    desired::ContainerSpec carrier;
    carrier.endpoints.push_back(endpoint);
    carrier.links = links;
    impl_->run({{"op", "connect"}, {"container", container}, {"values", desired::to_json(carrier)}}, {});
}

void SupervisorClient::disconnect_network(const std::string& container, const std::string& network, bool force) {
    impl_->run({{"op", "disconnect"}, {"container", container}, {"network", network}, {"force", force}}, {});
}

int SupervisorClient::fd() const {
    return impl_->fd();
}

void SupervisorClient::cancel() noexcept {
    impl_->cancel();
}

bool supervisor_is_running(const Paths& paths, const std::string& project) {
    return static_cast<bool>(connect_supervisor(supervisor_folder(paths, project)));
}

std::vector<std::string> restore_projects(const Paths& paths, bool at_boot,
                                          const std::function<void(const std::string& project, const Error&)>& failed,
                                          std::filesystem::path program) {
    std::vector<std::string> touched;
    const Database database{paths.database()};
    const ContainerStore store{database};
    for (const std::string& project : store.projects()) {
        bool wanted = false;
        Targets stopped;
        for (const ContainerRow& row : store.list({.project = project})) {
            const bool rests = row.status == ContainerStatus::exited || row.status == ContainerStatus::created;
            wanted = wanted || !rests;
            using Condition = desired::RestartPolicy::Condition;
            if (at_boot && row.status == ContainerStatus::exited &&
                desired::container_spec_from_json(row.spec_json).restart.condition == Condition::always) {
                stopped.containers.push_back(row.id);
            }
        }
        if (!wanted && stopped.containers.empty()) {
            continue;
        }
        try {
            // A worker that comes up adopts what lives and starts what should live, before it greets anybody.
            SupervisorClient client{paths, project, program};
            if (!stopped.containers.empty()) {
                client.start(stopped, {});
            }
            touched.push_back(project);
        } catch (const Error& error) {
            failed(project, error);
        }
    }
    return touched;
}

}  // namespace stack::engine
