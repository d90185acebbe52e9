#include "support/process.hpp"

#include <array>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack {
namespace {

constexpr size_t kept_error_bytes = 2000;
constexpr size_t longest_line = 8192;

class SpawnActions {
public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    void duplicate(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
    void change_dir(const std::string& dir) { posix_spawn_file_actions_addchdir_np(&actions_, dir.c_str()); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

// The child starts with default signal actions and an empty mask, whatever our threads do with theirs.
class SpawnAttributes {
public:
    SpawnAttributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    list.reserve(strings.size() + 1);
    for (const std::string& text : strings) {
        list.push_back(const_cast<char*>(text.c_str()));
    }
    list.push_back(nullptr);
    return list;
}

// Cuts a stream into lines.
class LineCutter {
public:
    explicit LineCutter(const std::function<void(std::string_view)>& on_line) : on_line_{on_line} {}
    void feed(std::string_view bytes) {
        for (const char c : bytes) {
            if (c == '\n' || c == '\r' || line_.size() == longest_line) {
                finish();
            }
            if (c != '\n' && c != '\r') {
                line_ += c;
            }
        }
    }
    void finish() {
        if (!line_.empty() && on_line_) {
            on_line_(line_);
        }
        line_.clear();
    }

private:
    const std::function<void(std::string_view)>& on_line_;
    std::string line_;
};

struct Pipes {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
};

pid_t spawn(const ProcessOptions& options, const std::filesystem::path& program, const Pipes& pipes) {
    SpawnActions actions;
    actions.duplicate(pipes.input.read.get(), 0);
    actions.duplicate(pipes.output.write.get(), 1);
    actions.duplicate(pipes.errors.write.get(), 2);
    if (!options.working_dir.empty()) {
        actions.change_dir(options.working_dir);
    }
    const SpawnAttributes attributes;
    const auto argv = pointers(options.argv);
    const auto environment = options.environment ? pointers(*options.environment) : std::vector<char*>{};
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(), argv.data(),
                                    options.environment ? environment.data() : environ);
    if (error != 0) {
        throw SysError(error, fmt::format("run '{}'", program.string()));
    }
    return pid;
}

// A child that does not read its input must not end us by SIGPIPE.
class IgnoreSigpipe {
public:
    IgnoreSigpipe() {
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        ::sigaction(SIGPIPE, &ignore, &before_);
    }
    IgnoreSigpipe(const IgnoreSigpipe&) = delete;
    IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;
    ~IgnoreSigpipe() { ::sigaction(SIGPIPE, &before_, nullptr); }

private:
    struct sigaction before_ {};
};

class Conversation {
public:
    Conversation(const ProcessOptions& options, Pipes pipes)
        : options_{options}, pipes_{std::move(pipes)}, output_lines_{options.on_line}, error_lines_{options.on_line} {
        pipes_.input.read.reset();
        pipes_.output.write.reset();
        pipes_.errors.write.reset();
        ::fcntl(pipes_.input.write.get(), F_SETFL, O_NONBLOCK);
    }

    void run() {
        while (pipes_.output.read || pipes_.errors.read) {
            if (input_left_.empty()) {
                pipes_.input.write.reset();
            }
            std::array<pollfd, 3> waiting = {pollfd{pipes_.output.read.get(), POLLIN, 0},
                                             pollfd{pipes_.errors.read.get(), POLLIN, 0},
                                             pollfd{pipes_.input.write.get(), POLLOUT, 0}};
            if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
                throw SysError(errno, "poll");
            }
            if (waiting[0].revents != 0) {
                take(pipes_.output.read, [&](std::string_view bytes) { take_output(bytes); });
            }
            if (waiting[1].revents != 0) {
                take(pipes_.errors.read, [&](std::string_view bytes) { take_errors(bytes); });
            }
            if (waiting[2].revents != 0) {
                give_input();
            }
        }
        output_lines_.finish();
        error_lines_.finish();
    }

    ProcessResult result;

private:
    template <class Take>
    static void take(UniqueFd& fd, Take&& use) {
        std::array<char, 16384> buffer;
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got > 0) {
            use(std::string_view{buffer.data(), static_cast<size_t>(got)});
        } else if (got == 0 || errno != EINTR) {
            fd.reset();
        }
    }

    void take_output(std::string_view bytes) {
        if (options_.capture_output) {
            result.output += bytes;
        } else {
            output_lines_.feed(bytes);
        }
    }

    void take_errors(std::string_view bytes) {
        error_lines_.feed(bytes);
        result.last_errors += bytes;
        if (result.last_errors.size() > kept_error_bytes) {
            const auto cut = result.last_errors.find('\n', result.last_errors.size() - kept_error_bytes);
            result.last_errors.erase(0,
                                     cut == std::string::npos ? result.last_errors.size() - kept_error_bytes : cut + 1);
        }
    }

    void give_input() {
        const ssize_t written = ::write(pipes_.input.write.get(), input_left_.data(), input_left_.size());
        if (written >= 0) {
            input_left_.remove_prefix(static_cast<size_t>(written));
        } else if (errno != EINTR && errno != EAGAIN) {
            input_left_ = {};
        }
    }

    const ProcessOptions& options_;
    Pipes pipes_;
    LineCutter output_lines_, error_lines_;
    std::string_view input_left_ = options_.input;
};

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            throw SysError(errno, "waitpid");
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ProcessResult run_process(const ProcessOptions& options) {
    const auto program = find_program(options.argv.at(0));
    if (!program) {
        throw Error(Errc::not_found, fmt::format("the program '{}' is not installed", options.argv[0]));
    }
    const IgnoreSigpipe quiet;
    Pipes pipes;
    const pid_t pid = spawn(options, *program, pipes);
    Conversation conversation{options, std::move(pipes)};
    try {
        conversation.run();
    } catch (...) {
        ::kill(pid, SIGKILL);
        wait_for(pid);
        throw;
    }
    conversation.result.exit_code = wait_for(pid);
    return std::move(conversation.result);
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos) {
        return ::access(std::string{name}.c_str(), X_OK) == 0 ? std::optional<std::filesystem::path>{name}
                                                              : std::nullopt;
    }
    const char* path = std::getenv("PATH");
    const std::string folders = std::string{path ? path : "/usr/bin:/bin"} + ":/usr/sbin:/sbin";
    for (const auto folder : split(folders, ':')) {
        const auto candidate = std::filesystem::path{folder.empty() ? "." : folder} / name;
        std::error_code ignored;
        if (::access(candidate.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(candidate, ignored)) {
            return candidate;
        }
    }
    return std::nullopt;
}

}  // namespace stack
