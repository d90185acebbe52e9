#include "cli/compose/build_many.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compose/desired/desired.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {
namespace {

using nlohmann::json;
using Services = std::vector<const compose::Service*>;

/// What a child tells its parent: the image's id, or the Error.
std::string report_of(const Error& error) {
    json report{{"code", static_cast<int>(error.code())},
                {"what", error.what()},
                {"hint", error.hint()},
                {"trail", error.trail()}};
    if (error.pos()) {
        report["pos"] = {error.pos()->file, error.pos()->line, error.pos()->column};
    }
    return report.dump(-1, ' ', false, json::error_handler_t::replace);
}

Error error_of(const json& report) {
    Error error{static_cast<Errc>(report["code"].get<int>()), report["what"].get<std::string>()};
    error.set_hint(report["hint"].get<std::string>());
    for (const auto& step : report["trail"]) {
        error.add_step(step.get<std::string>());
    }
    if (report.contains("pos")) {
        const auto& pos = report["pos"];
        return Error{error}.at({pos[0].get<std::string>(), pos[1].get<int>(), pos[2].get<int>()});
    }
    return error;
}

/// SIGINT and SIGTERM as a readable descriptor: the children are told, and we wait until they have ended.
class HeldSignals {
public:
    HeldSignals() {
        sigset_t held;
        sigemptyset(&held);
        sigaddset(&held, SIGINT);
        sigaddset(&held, SIGTERM);
        sigprocmask(SIG_BLOCK, &held, &before_);
        fd_ = UniqueFd{check(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK), [] { return "signalfd"; })};
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    ~HeldSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    const sigset_t& before() const { return before_; }
    int fd() const noexcept { return fd_.get(); }
    /// Whether one came since the last call.
    bool take() const {
        signalfd_siginfo taken{};
        return ::read(fd_.get(), &taken, sizeof taken) > 0;
    }

private:
    sigset_t before_{};
    UniqueFd fd_;
};

class Builders {
public:
    Builders(const Context& context, const compose::LoadedProject& loaded, bool quiet, const BuildOverrides& overrides)
        : context_{context}, loaded_{loaded}, quiet_{quiet}, overrides_{overrides} {
        const auto processors = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
        most_ = static_cast<size_t>(context.parallel > 0 ? context.parallel : processors);
    }

    /// One wave: none of them needs another.
    void run(const Services& services, BuiltImages& ids) {
        const HeldSignals held;
        size_t next = 0;
        while ((next < services.size() && !failure_) || !children_.empty()) {
            if (next < services.size() && !failure_ && children_.size() < most_) {
                start(*services[next++], held.before(), ids);
            } else {
                wait(held, ids);
            }
        }
        if (failure_) {
            throw Error{*failure_};
        }
    }

private:
    struct Child {
        const compose::Service* service;
        pid_t pid;
        UniqueFd pidfd, answer;
        std::string text;
    };

    void start(const compose::Service& service, const sigset_t& signals, const BuiltImages& built) {
        auto answer = make_pipe();
        std::fflush(nullptr);  // what is buffered would be written twice
        const pid_t pid = check(::fork(), [] { return "fork"; });
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            sigprocmask(SIG_SETMASK, &signals, nullptr);
            build_and_exit(service, built, answer.write.get());
        }
        children_.push_back({&service, pid, kernel::pidfd_open(pid), std::move(answer.read), {}});
    }

    [[noreturn]] void build_and_exit(const compose::Service& service, const BuiltImages& built, int answer) const {
        std::string text;
        try {
            const auto image = compose::image_of(loaded_.project, service);
            text = json{{"id", build_service(context_, loaded_, service, image, quiet_, overrides_, built)}}.dump();
        } catch (const Error& error) {
            text = report_of(error);
        } catch (const std::exception& error) {
            text = report_of(Error{Errc::internal, error.what()});
        }
        write_all(answer, text, "the parent's pipe");
        std::fflush(nullptr);
        std::_Exit(0);
    }

    void wait(const HeldSignals& held, BuiltImages& ids) {
        std::vector<pollfd> fds;
        for (const Child& child : children_) {
            fds.push_back({child.answer.get(), POLLIN, 0});
        }
        fds.push_back({held.fd(), POLLIN, 0});
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
            throw SysError(errno, "wait for builds");
        }
        if (held.take()) {
            failure_ = failure_ ? failure_ : Error{Errc::conflict, "the build was cancelled"};
            for (const Child& child : children_) {
                ::kill(child.pid, SIGTERM);  // a child of ours that is not reaped: the number is its own
            }
        }
        for (size_t i = children_.size(); i-- > 0;) {
            if (fds[i].revents != 0 && has_ended(children_[i])) {
                take(children_[i], ids);
                children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
    }

    static bool has_ended(Child& child) {
        char buffer[4096];
        const ssize_t got = ::read(child.answer.get(), buffer, sizeof buffer);
        if (got > 0) {
            child.text.append(buffer, static_cast<size_t>(got));
        }
        return got == 0 || (got < 0 && errno != EINTR);
    }

    void take(Child& child, BuiltImages& ids) {
        int status = 0;
        while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        const json report = json::parse(child.text, nullptr, false);
        if (report.is_object() && report.contains("id")) {
            ids[child.service->name] = report["id"].get<std::string>();
        } else if (!failure_) {
            failure_ =
                report.is_object()
                    ? error_of(report)
                    : Error{Errc::internal, fmt::format("the build of service '{}' was killed", child.service->name)};
        }
    }

    const Context& context_;
    const compose::LoadedProject& loaded_;
    bool quiet_;
    const BuildOverrides& overrides_;
    size_t most_;
    std::vector<Child> children_;
    std::optional<Error> failure_;
};

/// The services whose images this one copies from.
std::set<std::string> needed_by(const compose::Service& service) {
    constexpr std::string_view scheme = "service:";
    std::set<std::string> needed;
    for (const auto& [name, value] : service.build->additional_contexts) {
        if (value.starts_with(scheme)) {
            needed.insert(value.substr(scheme.size()));
        }
    }
    return needed;
}

/// `services` and what they need, each once. A name that is no service with `build:` is left to the build that has it.
Services with_needed(const compose::Project& project, Services services) {
    for (size_t i = 0; i < services.size(); ++i) {
        for (const auto& name : needed_by(*services[i])) {
            const auto* found = find_buildable(project, name);
            if (found != nullptr &&
                std::ranges::none_of(services, [&](const auto* known) { return known->name == name; })) {
                services.push_back(found);
            }
        }
    }
    return services;
}

/// Those that need none of the others that are left; all that are left if they need each other (their build says so).
Services next_wave(Services& left) {
    std::set<std::string> names;
    for (const auto* service : left) {
        names.insert(service->name);
    }
    Services wave;
    for (const auto* service : left) {
        const auto needed = needed_by(*service);
        if (std::ranges::none_of(needed, [&](const auto& name) { return names.contains(name); })) {
            wave.push_back(service);
        }
    }
    if (wave.empty()) {
        wave = left;
    }
    std::erase_if(left, [&](const auto* service) { return std::ranges::find(wave, service) != wave.end(); });
    return wave;
}

}  // namespace

std::vector<std::string> build_services(const Context& context, const compose::LoadedProject& loaded,
                                        const Services& services, bool quiet, const BuildOverrides& overrides) {
    Services left = with_needed(loaded.project, services);
    if (left.size() == 1) {
        const auto image = compose::image_of(loaded.project, *left[0]);
        return {build_service(context, loaded, *left[0], image, quiet, overrides)};
    }
    BuiltImages ids;
    while (!left.empty()) {
        Builders{context, loaded, quiet, overrides}.run(next_wave(left), ids);
    }
    std::vector<std::string> in_order;
    for (const auto* service : services) {
        in_order.push_back(ids.at(service->name));
    }
    return in_order;
}

}  // namespace stack::cli
