#include "cli/build_view.hpp"

#include <cstdio>
#include <set>

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/classic_view.hpp"
#include "cli/image/provide.hpp"
#include "cli/terminal.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_lock.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

using Kind = build::BuildEvent::Kind;

/// SIGINT and SIGTERM as a readable descriptor while a build runs.
class CancelSignals {
public:
    CancelSignals() {
        sigset_t wanted;
        sigemptyset(&wanted);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGTERM);
        sigprocmask(SIG_BLOCK, &wanted, &before_);
        fd_ = UniqueFd{check(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), [] { return "signalfd"; })};
    }
    CancelSignals(const CancelSignals&) = delete;
    CancelSignals& operator=(const CancelSignals&) = delete;
    ~CancelSignals() {
        signalfd_siginfo taken{};
        while (::read(fd_.get(), &taken, sizeof taken) > 0) {
        }
        sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    int fd() const noexcept { return fd_.get(); }

private:
    sigset_t before_{};
    UniqueFd fd_;
};

/// Pulls what FROM and COPY --from name and the store lacks (or all of it, to have it fresh), each once.
std::function<void(const std::string&, const std::string&)> provider(const Context& context, bool refresh, bool quiet) {
    const auto policy = refresh ? image::PullPolicy::When::always : image::PullPolicy::When::missing;
    return [&context, policy, quiet, known = std::set<std::pair<std::string, std::string>>{}](
               const std::string& name, const std::string& platform) mutable {
        if (!known.insert({name, platform}).second) {
            return;
        }
        // Builds beside each other often begin with the same image: the first one gets it, the others look again.
        const auto alone =
            kernel::FileLock::acquire(context.paths.locks() / ("provide-" + sha256_hex(name).substr(0, 32)));
        const auto provided = provide_images(context, {{name, {policy, {}}, platform}}, quiet);
        if (provided[0].failure) {
            std::rethrow_exception(provided[0].failure);
        }
    };
}

}  // namespace

BuildView::BuildView(ProgressStyle style, bool colours, std::string title)
    : style_{style}, colours_{colours}, title_{std::move(title)} {}

void BuildView::line(int step, const std::string& text) const {
    const auto number = step > 0 ? fmt::format("#{} ", step) : std::string{};
    fmt::print(stderr, "{}{}{}\n", title_.empty() ? "" : title_ + " ", paint(number, "36", colours_), text);
}

void BuildView::show(const build::BuildEvent& event) {
    if (style_ == ProgressStyle::quiet) {
        return;
    }
    if (style_ == ProgressStyle::json) {
        json_.show(event);
        return;
    }
    switch (event.kind) {
        case Kind::started:
            line(event.step, paint(event.name, "1", colours_));
            break;
        case Kind::cached:
            line(event.step, event.name);
            line(event.step, paint("CACHED", "32", colours_));
            break;
        case Kind::output:
            show_output(event);
            break;
        case Kind::finished:
            line(event.step, fmt::format("DONE {:.1f}s", event.seconds));
            break;
        case Kind::failed:
            line(event.step, paint("ERROR", "31", colours_));
            break;
        case Kind::checked:
            show_warnings(event);
            break;
        case Kind::exported:
            line(0, fmt::format("image {}", event.text));
            break;
        case Kind::named:
            line(0, fmt::format("named {}", event.text));
            break;
        case Kind::instruction:
        case Kind::became:
            break;
    }
}

void BuildView::show_output(const build::BuildEvent& event) {
    auto& rest = unfinished_lines_[event.step];
    rest += event.text;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        std::string text = rest.substr(0, end);
        rest.erase(0, end + 1);
        if (const auto last = text.find_last_of('\r', text.size() < 2 ? 0 : text.size() - 2);
            last != std::string::npos) {
            text.erase(0, last + 1);  // a progress bar drew over its line: its last state
        }
        line(event.step, text);
    }
}

void BuildView::show_warnings(const build::BuildEvent& event) const {
    const auto count = event.warnings.size();
    const auto found = fmt::format("{} warning{} found (use --check to see the lines):", count, count == 1 ? "" : "s");
    fmt::print(stderr, "\n {}\n", paint(found, "33", colours_));
    for (const auto& one : event.warnings) {
        fmt::print(stderr, " - {}: {} (line {})\n", one.rule, one.text, one.pos.line);
    }
}

void BuildView::show_failure(const build::StepFailed& failed) const {
    if (style_ == ProgressStyle::json) {
        return;  // told as the vertex's error, and its output as logs
    }
    fmt::print(stderr, "------\n > {}:\n", failed.step);
    for (const auto& text : failed.last_output) {
        fmt::print(stderr, "{}\n", text);
    }
    fmt::print(stderr, "------\n");
    if (failed.pos()) {
        fmt::print(stderr, "{}\n", to_string(*failed.pos()));
    }
    for (const auto& text : failed.excerpt) {
        fmt::print(stderr, "{}\n", text);
    }
    fmt::print(stderr, "------\n");
}

std::string build_and_show(const Context& context, build::BuildRequest request, const std::string& title, bool quiet) {
    BuildView view{quiet ? ProgressStyle::quiet : context.progress, colours_on(STDERR_FILENO, context.colours), title};
    const CancelSignals cancel;
    request.cancel_fd = cancel.fd();
    request.provide_image = provider(context, request.refresh_images, quiet);
    try {
        if (request.classic && !quiet) {
            ClassicView classic;
            return build::build_image(context.paths, request,
                                      [&](const build::BuildEvent& event) { classic.show(event); });
        }
        return build::build_image(context.paths, request, [&](const build::BuildEvent& event) { view.show(event); });
    } catch (const build::StepFailed& failed) {
        view.show_failure(failed);
        throw;
    }
}

}  // namespace stack::cli
