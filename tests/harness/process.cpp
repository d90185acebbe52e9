#include "harness/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::testing {

namespace {

UniqueFd open_terminal(std::string& slave) {
    UniqueFd master{check(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), [] { return "open a terminal"; })};
    check(::grantpt(master.get()), [] { return "grantpt"; });
    check(::unlockpt(master.get()), [] { return "unlockpt"; });
    char name[64];
    if (::ptsname_r(master.get(), name, sizeof name) != 0) {
        throw std::runtime_error{"ptsname_r failed"};
    }
    slave = name;
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 80;
    ::ioctl(master.get(), TIOCSWINSZ, &size);
    return master;
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text = *entry;
        if (!command.env.contains(std::string{text.substr(0, text.find('='))})) {
            all.emplace_back(text);
        }
    }
    for (const auto& [name, value] : command.env) {
        all.push_back(name + "=" + value);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

[[noreturn]] void become(const std::string& terminal, const int (&ends)[3], const std::filesystem::path& cwd,
                         char* const* argv, char* const* env) {
    if (!terminal.empty()) {
        ::setsid();
        const int fd = ::open(terminal.c_str(), O_RDWR);
        ::ioctl(fd, TIOCSCTTY, 0);
        for (int i = 0; i < 3; ++i) {
            ::dup2(fd, i);
        }
    } else {
        for (int i = 0; i < 3; ++i) {
            ::dup2(ends[i], i);
        }
    }
    if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) {
        ::_exit(126);
    }
    ::execvpe(argv[0], argv, env);
    ::_exit(127);
}

/// Appends what is there; closes the descriptor at its end.
void drain(UniqueFd& fd, std::string& text) {
    char buffer[65536];
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count > 0) {
        text.append(buffer, static_cast<size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        fd.reset();  // a terminal ends with EIO
    }
}

}  // namespace

Process::Process(const Command& command) {
    std::string terminal;
    Pipe in, out, err;
    if (command.tty) {
        terminal_ = open_terminal(terminal);
    } else {
        in = make_pipe();
        out = make_pipe();
        err = make_pipe();
    }
    std::vector<std::string> words = command.argv;
    std::vector<std::string> environment = environment_of(command);
    const std::vector<char*> argv = pointers(words);
    const std::vector<char*> env = pointers(environment);
    const int ends[3] = {in.read.get(), out.write.get(), err.write.get()};
    pid_ = check(::fork(), [] { return "fork"; });
    if (pid_ == 0) {
        become(terminal, ends, command.cwd, argv.data(), env.data());
    }
    pidfd_ = kernel::pidfd_open(pid_);
    stdin_ = std::move(in.write);
    stdout_ = std::move(out.read);
    stderr_ = std::move(err.read);
    if (!command.tty && !command.keep_stdin) {
        write_all(stdin_.get(), command.input, "stdin");
        stdin_.reset();
    }
}

Process::Process(Process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::move(other.pidfd_)},
      stdin_{std::move(other.stdin_)},
      stdout_{std::move(other.stdout_)},
      stderr_{std::move(other.stderr_)},
      terminal_{std::move(other.terminal_)},
      out_{std::move(other.out_)},
      err_{std::move(other.err_)},
      status_{other.status_} {}

Process::~Process() {
    if (pid_ > 0 && !status_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool Process::has_ended() {
    if (!status_) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    return status_.has_value();
}

/// Takes what comes within the time; false if the process has ended and nothing more can come.
bool Process::pump(int timeout_ms) {
    UniqueFd* sources[] = {&stdout_, &stderr_, &terminal_};
    pollfd polls[4] = {};
    for (size_t i = 0; i < 3; ++i) {
        polls[i] = {sources[i]->get(), POLLIN, 0};
    }
    polls[3] = {status_ ? -1 : pidfd_.get(), POLLIN, 0};
    ::poll(polls, 4, timeout_ms);
    bool came = false;
    for (size_t i = 0; i < 3; ++i) {
        if (polls[i].revents != 0) {
            drain(*sources[i], i == 1 ? err_ : out_);
            came = true;
        }
    }
    // Grandchildren may hold the pipes open for ever: what came before the process ended is enough.
    return came || !has_ended();
}

bool Process::wait_for(std::string_view text, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (output().find(text) == std::string::npos) {
        if (!pump(100) || std::chrono::steady_clock::now() > end) {
            return output().find(text) != std::string::npos;
        }
    }
    return true;
}

Result Process::wait(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (pump(100)) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error{fmt::format("process {} did not end in time; it said:\n{}", pid_, output())};
        }
    }
    while (pump(0)) {
    }
    return {*status_, out_, err_};
}

void Process::write(std::string_view bytes) {
    write_all(terminal_ ? terminal_.get() : stdin_.get(), bytes, "the process's input");
}

void Process::signal(int number) {
    ::kill(pid_, number);
}

Result run(const Command& command, std::chrono::seconds limit) {
    return Process{command}.wait(limit);
}

}  // namespace stack::testing
