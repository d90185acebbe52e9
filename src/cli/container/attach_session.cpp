#include "cli/container/attach_session.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/container_text.hpp"
#include "cli/exit_codes.hpp"
#include "cli/signals.hpp"
#include "cli/terminal_session.hpp"
#include "desired/json.hpp"
#include "engine/logs/reader.hpp"
#include "support/files.hpp"

namespace stack::cli {

namespace {

/// Waits on a thread and a connection of its own, so that the loop can go on. Cancelled on destruction.
class Waiter {
public:
    Waiter(const Context& context, const std::string& project, std::string id)
        : client_{context.paths, project},
          bell_{check(::eventfd(0, EFD_CLOEXEC), [] { return std::string{"make an eventfd"}; })},
          thread_{[this, id = std::move(id)] { work(id); }} {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        client_.cancel();
        thread_.join();
    }

    int fd() const { return bell_.get(); }
    /// Once fd() is readable.
    engine::ExitResult result() const {
        const std::lock_guard lock{mutex_};
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return result_;
    }

private:
    void work(const std::string& id) {
        std::exception_ptr failure;
        engine::ExitResult result;
        try {
            result = client_.wait(id, engine::SupervisorClient::WaitFor::not_running);
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock{mutex_};
        result_ = std::move(result);
        failure_ = failure;
        const std::uint64_t one = 1;
        (void)!::write(bell_.get(), &one, sizeof one);  // an eventfd at zero always takes it
    }

    engine::SupervisorClient client_;
    UniqueFd bell_;
    mutable std::mutex mutex_;
    engine::ExitResult result_;
    std::exception_ptr failure_;
    std::thread thread_;
};

engine::logs::ReadOptions read_options(const AttachWish& wish) {
    engine::logs::ReadOptions options;
    options.raw = true;
    options.since_ns = now_ns();
    options.out = wish.show_out;
    options.err = wish.show_err;
    return options;
}

/// 126 and 127 speak of the program, which the container's row tells; all else is the engine's failure.
int failed_start_code(engine::SupervisorClient& client, const std::string& id) {
    try {
        const auto result = client.wait(id, engine::SupervisorClient::WaitFor::not_running);
        const int code = result.exit_code.value_or(exit_engine_error);
        return code == exit_not_executable || code == exit_not_found ? code : exit_engine_error;
    } catch (const Error&) {
        return exit_engine_error;  // no supervisor, or the container has gone
    }
}

class AttachLoop {
public:
    AttachLoop(const Context& context, engine::SupervisorClient& client, const AttachWish& wish)
        : context_{context},
          client_{client},
          wish_{wish},
          reader_{{context.paths.container(wish.id) / "logs"}, read_options(wish)},
          attachment_{client.attach(wish.id)},
          filter_{wish.tty ? wish.detach_keys : ""},
          input_open_{wish.interactive && attachment_.stdin_fd} {}

    int run() {
        if (wish_.start) {
            start();
            take_terminal();
        }
        reader_.watch_fd();  // not sooner: the first start makes the log's folder
        const RawTerminal raw{wish_.tty && wish_.interactive ? STDIN_FILENO : -1};
        if (wish_.tty) {
            copy_terminal_size(STDOUT_FILENO, attachment_.stdin_fd.get());
        }
        const Waiter waiter{context_, wish_.project, wish_.id};
        for (;;) {
            pollfd polls[] = {{waiter.fd(), POLLIN, 0},
                              {reader_.watch_fd(), POLLIN, 0},
                              {input_open_ ? STDIN_FILENO : -1, POLLIN, 0},
                              {signals_.fd(), POLLIN, 0}};
            print_output(false);
            ::poll(polls, 4, -1);
            if (polls[1].revents != 0) {
                reader_.acknowledge();
            }
            if (polls[3].revents != 0) {
                take_signal();
            }
            if (polls[2].revents != 0 && take_input()) {
                print_output(true);
                fmt::print(stderr, "read escape sequence\n");
                return 0;
            }
            if (polls[0].revents != 0) {
                print_output(true);
                return finish(waiter.result());
            }
        }
    }

private:
    void start() {
        try {
            start_container(client_, wish_.id);
        } catch (const ExitError& failure) {
            try {
                client_.detach(wish_.id);
                if (wish_.auto_remove) {
                    // The supervisor removes it after most failures; not if it did not come as far as that.
                    engine::Targets target;
                    target.containers = {wish_.id};
                    target.include_one_off = true;
                    client_.remove(target, {.force = true, .volumes = true, .stop = false}, {});
                }
            } catch (const Error&) {
                throw ExitError{failure};  // what went wrong first is what counts
            }
            throw;
        }
    }

    /// A terminal is made by the start: what was attached before had none, or that of an earlier run.
    void take_terminal() {
        if (!wish_.tty) {
            return;
        }
        attachment_ = client_.attach(wish_.id);
        client_.detach(wish_.id);  // the earlier one; at no moment was there none, so --rm waits for us
        input_open_ = wish_.interactive && attachment_.stdin_fd;
    }

    void end_attachment() {
        client_.detach(wish_.id);
        if (wish_.auto_remove) {
            client_.wait(wish_.id, engine::SupervisorClient::WaitFor::removed);
        }
    }

    void print_output(bool flush) {
        reader_.read(
            [](const engine::logs::Line& piece) {
                std::FILE* to = piece.stream == engine::logs::Stream::err ? stderr : stdout;
                std::fwrite(piece.text.data(), 1, piece.text.size(), to);
                return true;
            },
            flush);
        std::fflush(stdout);
    }

    /// True if the user detached.
    bool take_input() {
        char buffer[65536];
        const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count <= 0) {
            end_input();
            return false;
        }
        bool detached = false;
        const std::string passed = filter_.pass({buffer, static_cast<size_t>(count)}, detached);
        try {
            write_all(attachment_.stdin_fd.get(), passed, "the container's input");
        } catch (const SysError&) {
            end_input();  // it does not read any more; its output still counts
        }
        return detached;
    }

    void end_input() {
        input_open_ = false;
        if (!wish_.tty) {
            attachment_.stdin_fd.reset();
            client_.close_stdin(wish_.id);
        }
    }

    void take_signal() {
        const int signal = signals_.take();
        if (signal == SIGWINCH) {
            if (wish_.tty) {
                copy_terminal_size(STDOUT_FILENO, attachment_.stdin_fd.get());
            }
        } else if (signal != 0 && !wish_.forward_signals) {
            throw Exit{128 + signal};
        } else if (signal != 0) {
            engine::Targets target;
            target.containers = {wish_.id};
            target.include_one_off = true;
            try {
                client_.kill(target, std::to_string(signal), {});
            } catch (const Error&) {
                return;  // it has ended meanwhile: the waiter tells
            }
        }
    }

    int finish(const engine::ExitResult& result) {
        end_attachment();
        if (!result.error.empty()) {
            throw ExitError{result.exit_code.value_or(exit_engine_error), Error{Errc::system, result.error}};
        }
        if (!result.exit_code) {
            throw ExitError{exit_engine_error, Error{Errc::system, "nobody saw with which code the container ended"}};
        }
        return *result.exit_code;
    }

    const Context& context_;
    engine::SupervisorClient& client_;
    const AttachWish& wish_;
    SignalQueue signals_{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};  // before the first thread
    engine::logs::Reader reader_;
    engine::Attachment attachment_;
    DetachFilter filter_;
    bool input_open_;
};

}  // namespace

void start_container(engine::SupervisorClient& client, const std::string& id) {
    engine::Targets target;
    target.containers = {id};
    target.include_one_off = true;
    try {
        client.start(target, [](const engine::Event& event) {
            if (event.progress == engine::Progress::warning) {
                fmt::print(stderr, "warning: {}\n", event.detail);
            }
        });
    } catch (const Error& error) {
        throw ExitError{failed_start_code(client, id), error};
    }
}

int attach_to_container(const Context& context, engine::SupervisorClient& client, const AttachWish& wish) {
    return AttachLoop{context, client, wish}.run();
}

int attach_to_row(const Context& context, const Flags& flags, const engine::ContainerRow& row) {
    if (!row.is_up()) {
        throw Error{Errc::conflict,
                    fmt::format("you cannot attach to the stopped container '{}', start it first", row.name)};
    }
    const desired::ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    AttachWish wish;
    wish.id = row.id;
    wish.project = row.project;
    wish.tty = spec.tty;
    wish.interactive = spec.stdin_open && !flags.on("no-stdin");
    wish.forward_signals = !flags.given("sig-proxy") || flags.on("sig-proxy");
    wish.detach_keys = parse_detach_keys(flags.value_or("detach-keys", default_detach_keys));
    engine::SupervisorClient client{context.paths, row.project};
    return attach_to_container(context, client, wish);
}

}  // namespace stack::cli
