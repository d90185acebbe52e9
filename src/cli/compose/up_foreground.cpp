#include "cli/compose/up_foreground.hpp"

#include <csignal>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <poll.h>

#include "cli/container_text.hpp"
#include "cli/exit_codes.hpp"
#include "cli/operation.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

/// starting ──▶ running ──▶ stopping ──▶ killing, each at most once.
class Foreground {
public:
    Foreground(const Context& context, const desired::DesiredState& state, const engine::UpOptions& up,
               const ForegroundOptions& options)
        : context_{context},
          state_{state},
          up_{up},
          options_{options},
          lines_context_{context},
          begin_ns_{now_ns()},
          view_{std::make_unique<ProgressView>(context, "Running")} {
        lines_context_.progress = ProgressStyle::plain;
        begin(Phase::starting, [this](engine::SupervisorClient& client, const engine::EventSink& sink) {
            client.up(state_, up_, sink);
        });
    }

    int run() {
        while (!over_) {
            step();
        }
        if (stream_) {
            stream_->pump(true);
        }
        return exit_code_;
    }

private:
    enum class Phase { starting, running, stopping, killing };

    void begin(Phase phase, OperationBody body) {
        phase_ = phase;
        operation_.reset();  // waits for a cancelled one
        operation_ = std::make_unique<Operation>(context_, state_.project, std::move(body));
    }

    void step() {
        pollfd polls[] = {{signals_.fd(), POLLIN, 0},
                          {operation_ ? operation_->fd() : -1, POLLIN, 0},
                          {stream_ ? stream_->watch_fd() : -1, POLLIN, 0}};
        const bool drawing = view_ && view_->live();
        ::poll(polls, 3, drawing ? 100 : -1);
        if (drawing) {
            view_->tick();
        }
        if (polls[0].revents != 0 && signals_.take() != 0) {
            interrupted();
        }
        if (operation_) {
            take_operation();
        }
        if (stream_) {
            follow(polls[2].revents != 0);
        }
    }

    /// From now on lines of containers and of events are printed one below the other.
    void show_output() {
        if (stream_) {
            return;
        }
        view_->finish();
        view_ = std::make_unique<ProgressView>(lines_context_, "");
        engine::logs::ReadOptions since;
        since.since_ns = begin_ns_;
        stream_ = std::make_unique<LogStream>(context_, state_.project, options_.attached, since, options_.style);
        stream_->tell_ends_since(begin_ns_);
        stream_->watch_fd();
    }

    void take_operation() {
        operation_->take_events([this](const engine::Event& event) {
            view_->show(event);
            // Who waits for another's health wants to see what it says meanwhile.
            if (phase_ == Phase::starting && event.progress == engine::Progress::waiting &&
                event.subject != engine::Subject::project) {
                show_output();
            }
        });
        if (!operation_->done()) {
            return;
        }
        const std::unique_ptr<Operation> ended = std::move(operation_);
        if (phase_ == Phase::starting) {
            view_->finish();
            ended->rethrow();
            phase_ = Phase::running;
            show_output();
            return;
        }
        over_ = true;
        ended->rethrow();
    }

    void follow(bool woken) {
        if (woken) {
            stream_->acknowledge();
        }
        stream_->refresh([this](const engine::ContainerRow& row) { container_ended(row); });
        const bool all_ended = phase_ == Phase::running && !stream_->any_up();
        stream_->pump(all_ended);
        for (const std::string& line : farewells_) {
            fmt::print("{}\n", line);
        }
        farewells_.clear();
        std::fflush(stdout);
        over_ |= all_ended;
    }

    void container_ended(const engine::ContainerRow& row) {
        farewells_.push_back(row.exit_code ? fmt::format("{} exited with code {}", log_name(row), *row.exit_code)
                                           : fmt::format("{} exited, nobody saw with which code", log_name(row)));
        if (row.service == options_.exit_code_from) {
            exit_code_ = row.exit_code.value_or(1);
        }
        const bool failed = row.exit_code.value_or(1) != 0;
        const bool abort = options_.abort_on_exit || (options_.abort_on_failure && failed);
        if (phase_ == Phase::running && abort && !row.is_up()) {
            if (options_.exit_code_from.empty()) {
                exit_code_ = row.exit_code.value_or(1);
            }
            fmt::print(stderr, "Aborting on container exit...\n");
            stop();
        }
    }

    engine::Targets targets() const {
        engine::Targets all;
        all.services = up_.services;
        all.all = up_.services.empty();
        return all;
    }

    void stop() {
        begin(Phase::stopping, [this](engine::SupervisorClient& client, const engine::EventSink& sink) {
            client.stop(targets(), {.timeout = options_.stop_timeout, .signal = {}}, sink);
        });
    }

    void interrupted() {
        if (phase_ == Phase::killing) {
            return;
        }
        if (phase_ == Phase::stopping) {
            fmt::print(stderr, "Killing...\n");
            operation_->cancel();
            begin(Phase::killing, [this](engine::SupervisorClient& client, const engine::EventSink& sink) {
                client.kill(targets(), "SIGKILL", sink);
            });
            return;
        }
        if (phase_ == Phase::starting) {
            operation_->cancel();
        }
        show_output();
        fmt::print(stderr, "Gracefully Stopping... press Ctrl+C again to force\n");
        stop();
    }

    const Context& context_;
    const desired::DesiredState& state_;
    const engine::UpOptions& up_;
    const ForegroundOptions& options_;
    Context lines_context_;
    std::int64_t begin_ns_;
    SignalQueue signals_{SIGINT, SIGTERM};  // before the first thread
    std::unique_ptr<ProgressView> view_;
    std::unique_ptr<LogStream> stream_;
    std::vector<std::string> farewells_;
    Phase phase_{Phase::starting};
    bool over_{false};
    int exit_code_{0};
    std::unique_ptr<Operation> operation_;  // last: its thread goes first
};

}  // namespace

int up_in_foreground(const Context& context, const desired::DesiredState& state, const engine::UpOptions& up,
                     const ForegroundOptions& options) {
    return Foreground{context, state, up, options}.run();
}

}  // namespace stack::cli
