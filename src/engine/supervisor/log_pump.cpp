#include "engine/supervisor/log_pump.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

constexpr int pipe_bytes = 1 << 20;
// A busy writer wakes us once in so long, not for each of its lines.
constexpr auto pause_between_takes = std::chrono::milliseconds{2};

UniqueFd open_fifo(const std::filesystem::path& file, int extra_flags) {
    // O_RDWR (Linux, fifo(7)): neither end is ever missing, so no SIGPIPE for the writer and no end-of-file for us.
    return UniqueFd{
        check(::open(file.c_str(), O_RDWR | O_CLOEXEC | extra_flags), [&] { return "open " + file.string(); })};
}

}  // namespace

/// One stream on its way into the log.
struct LogPump::Flow {
    Flow(Loop& loop, int fd, logs::Stream which) : watched{loop, fd}, source{fd}, stream{which} {}
    Watched watched;
    int source;  ///< FIFO or terminal, borrowed from the keeper link
    logs::Stream stream;
    int through_read{-1}, through_write{-1};  ///< terminal: the pipe between
    bool stopped{false};
};

LogPump::LogPump(Loop& loop, KeeperLink& keeper, std::string id, std::filesystem::path run_folder,
                 std::filesystem::path log_folder, logs::Limits limits, logs::Sequence& sequence)
    : loop_{loop},
      keeper_{keeper},
      id_{std::move(id)},
      run_folder_{std::move(run_folder)},
      log_folder_{std::move(log_folder)},
      writer_{std::make_shared<logs::Writer>(log_folder_, limits, sequence)} {}

LogPump::~LogPump() {
    for (const auto& flow : flows_) {
        flow->stopped = true;
        flow->watched.stop();
    }
}

void LogPump::open_fifos() {
    for (const auto& [name, stream] :
         {std::pair{"stdout", logs::Stream::out}, std::pair{"stderr", logs::Stream::err}}) {
        const std::string key = id_ + "/" + name;
        if (keeper_.find(key) >= 0) {
            continue;
        }
        const auto file = run_folder_ / name;
        if (::mkfifo(file.c_str(), 0600) != 0 && errno != EEXIST) {
            throw SysError(errno, "make " + file.string());
        }
        const int fifo = keeper_.keep(key, open_fifo(file, O_NONBLOCK));
        ::fcntl(fifo, F_SETPIPE_SZ, pipe_bytes);  // refused: the smaller pipe does too
        follow(key, stream, false);
    }
}

LogPump::Ends LogPump::process_ends() const {
    return {open_fifo(run_folder_ / "stdout", 0), open_fifo(run_folder_ / "stderr", 0)};
}

void LogPump::open_terminal(UniqueFd master) {
    for (const auto& flow : flows_) {  // of an earlier run
        flow->stopped = true;
        flow->watched.stop();
    }
    flows_.clear();
    keeper_.keep(id_ + "/tty", std::move(master));
    if (keeper_.find(id_ + "/tty-read") < 0) {
        Pipe between = make_pipe(O_NONBLOCK);
        keeper_.keep(id_ + "/tty-read", std::move(between.read));
        keeper_.keep(id_ + "/tty-write", std::move(between.write));
    }
    follow(id_ + "/tty", logs::Stream::out, true);
}

void LogPump::resume() {
    if (keeper_.find(id_ + "/stdout") >= 0) {
        follow(id_ + "/stdout", logs::Stream::out, false);
        follow(id_ + "/stderr", logs::Stream::err, false);
    } else if (std::filesystem::exists(run_folder_ / "stdout")) {
        open_fifos();  // both keeper and worker died: the FIFOs are found by their path
    }
    if (keeper_.find(id_ + "/tty") >= 0) {
        follow(id_ + "/tty", logs::Stream::out, true);
    }
}

void LogPump::follow(const std::string& key, logs::Stream stream, bool is_terminal) {
    const auto flow = std::make_shared<Flow>(loop_, keeper_.find(key), stream);
    if (is_terminal) {
        flow->through_read = keeper_.find(id_ + "/tty-read");
        flow->through_write = keeper_.find(id_ + "/tty-write");
        // What a killed worker left half-way.
        take_from(flow->through_read, stream);
    }
    flows_.push_back(flow);
    spawn(loop_, move(flow), "log of " + id_.substr(0, 12));
}

Task<> LogPump::move(std::shared_ptr<Flow> flow) {
    while (!flow->stopped) {
        const bool ready = co_await flow->watched.readable();
        if (!ready) {
            break;
        }
        while (!flow->stopped) {
            const bool moved = take(*flow);
            const bool packed = pack_some();
            if (!moved && !packed) {
                break;
            }
            const auto next = Clock::now() + pause_between_takes;
            co_await sleep_until(next);
        }
    }
}

bool LogPump::take(Flow& flow) {
    try {
        if (flow.through_read < 0) {
            return take_from(flow.source, flow.stream);
        }
        // A terminal's read would block, whatever splice(2) is told: ask first.
        pollfd ready{flow.source, POLLIN, 0};
        if (::poll(&ready, 1, 0) <= 0 || (ready.revents & POLLIN) == 0) {
            flow.stopped = flow.stopped || (ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
            return false;
        }
        const ssize_t moved = ::splice(flow.source, nullptr, flow.through_write, nullptr, 65536, SPLICE_F_NONBLOCK);
        if (moved <= 0) {
            flow.stopped = moved == 0 || errno == EIO;  // nobody has the terminal open any more
            return false;
        }
        return take_from(flow.through_read, flow.stream);
    } catch (const Error& error) {
        log_warning("{}", error.what());
        return true;
    }
}

bool LogPump::take_from(int pipe, logs::Stream stream) {
    const auto taken = keeps_ ? writer_->take(pipe, stream) : writer_->drop(pipe);
    if (taken == logs::Writer::Taken::some && forward_) {
        forward_->more();
    }
    return taken == logs::Writer::Taken::some;
}

bool LogPump::pack_some() {
    try {
        return writer_->pack_some();
    } catch (const Error& error) {
        log_warning("{}", error.what());
        return true;
    }
}

void LogPump::keep(bool wanted) {
    if (keeps_ && !wanted) {
        writer_->forget();
    }
    keeps_ = wanted;
}

void LogPump::drain() {
    for (const auto& flow : flows_) {
        while (!flow->stopped && take(*flow)) {
        }
    }
}

void LogPump::close() {
    for (const auto& flow : flows_) {
        flow->stopped = true;
        flow->watched.stop();
    }
    flows_.clear();
    for (const char* name : {"/stdout", "/stderr", "/tty", "/tty-read", "/tty-write"}) {
        if (keeper_.find(id_ + name) >= 0) {
            keeper_.drop(id_ + name);
        }
    }
}

}  // namespace stack::engine::supervisor
