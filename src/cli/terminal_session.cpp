#include "cli/terminal_session.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/flags.hpp"
#include "cli/signals.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

RawTerminal::RawTerminal(int fd) : fd_{fd} {
    if (::tcgetattr(fd, &before_) != 0) {
        return;
    }
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
}

RawTerminal::~RawTerminal() {
    if (changed_) {
        ::tcsetattr(fd_, TCSANOW, &before_);
    }
}

std::string parse_detach_keys(const std::string& text) {
    std::string keys;
    if (text.empty()) {
        return keys;
    }
    for (const std::string_view word : split(text, ',')) {
        if (word.size() == 1) {
            keys += word[0];
        } else if (word.size() == 6 && word.starts_with("ctrl-") && word[5] >= '@' && word[5] <= 'z') {
            keys += static_cast<char>(word[5] & 0x1f);
        } else {
            throw UsageError{
                fmt::format("invalid detach keys ({}): expected letters and ctrl-<letter>, with commas", text)};
        }
    }
    return keys;
}

std::string DetachFilter::pass(std::string_view typed, bool& detached) {
    if (keys_.empty()) {
        return std::string{typed};
    }
    std::string out;
    for (const char byte : typed) {
        if (byte == keys_[matched_]) {
            if (++matched_ == keys_.size()) {
                detached = true;
                return out;
            }
            continue;
        }
        out += keys_.substr(0, matched_);
        matched_ = byte == keys_[0] ? 1 : 0;
        if (matched_ == 0) {
            out += byte;
        }
    }
    return out;
}

void copy_terminal_size(int ours, int master) {
    winsize size{};
    if (::ioctl(ours, TIOCGWINSZ, &size) == 0) {
        ::ioctl(master, TIOCSWINSZ, &size);
    }
}

namespace {

constexpr size_t chunk = 65536;

/// One read and write. False at the end of `from` (EOF; EIO of a terminal whose last user has gone).
bool copy_some(int from, int to) {
    char buffer[chunk];
    const ssize_t count = ::read(from, buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    if (count <= 0) {
        return false;
    }
    write_all(to, {buffer, static_cast<size_t>(count)}, "standard output");
    return true;
}

class RelayLoop {
public:
    explicit RelayLoop(const Relay& relay) : relay_{relay}, filter_{relay.terminal ? relay.detach_keys : ""} {}

    RelayEnd run() {
        while (!detached_ && (!ended_ || out_open_ || err_open_)) {
            step();
        }
        return detached_ ? RelayEnd::detached : RelayEnd::program_ended;
    }

private:
    enum { input, out, err, ended, window, count };

    void step() {
        pollfd polls[count] = {
            {input_open_ ? relay_.input : -1, POLLIN, 0},     {out_open_ ? relay_.from_out : -1, POLLIN, 0},
            {err_open_ ? relay_.from_err : -1, POLLIN, 0},    {ended_ ? -1 : relay_.ended, POLLIN, 0},
            {relay_.terminal ? window_.fd() : -1, POLLIN, 0},
        };
        // After its end only what is already in the pipes counts: grandchildren may hold them open for ever.
        const int ready = ::poll(polls, count, ended_ ? 0 : -1);
        if (ended_ && ready == 0) {
            out_open_ = err_open_ = false;
            return;
        }
        if (polls[window].revents != 0) {
            window_.take();
            copy_terminal_size(relay_.input >= 0 ? relay_.input : relay_.to_out, relay_.from_out);
        }
        if (polls[input].revents != 0) {
            take_input();
        }
        if (polls[out].revents != 0) {
            out_open_ = copy_some(relay_.from_out, relay_.to_out);
        }
        if (polls[err].revents != 0) {
            err_open_ = copy_some(relay_.from_err, relay_.to_err);
        }
        ended_ = ended_ || polls[ended].revents != 0;
    }

    void take_input() {
        char buffer[chunk];
        const ssize_t length = ::read(relay_.input, buffer, sizeof buffer);
        if (length > 0) {
            const std::string passed = filter_.pass({buffer, static_cast<size_t>(length)}, detached_);
            pass_on(passed);
        } else if (length == 0 || (errno != EINTR && errno != EAGAIN)) {
            end_input();
        }
    }

    void pass_on(const std::string& bytes) {
        try {
            write_all(relay_.program_in, bytes, "the program's input");
        } catch (const SysError&) {
            end_input();  // it does not read any more; its output still counts
        }
    }

    void end_input() {
        input_open_ = false;
        if (relay_.input_ended) {
            relay_.input_ended();
        }
    }

    const Relay& relay_;
    DetachFilter filter_;
    SignalQueue window_{SIGWINCH};
    bool input_open_{relay_.input >= 0 && relay_.program_in >= 0};
    bool out_open_{relay_.from_out >= 0}, err_open_{relay_.from_err >= 0};
    bool ended_{relay_.ended < 0};
    bool detached_{false};
};

}  // namespace

RelayEnd run_relay(const Relay& relay) {
    return RelayLoop{relay}.run();
}

}  // namespace stack::cli
