#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::engine {

/// One line of `docker events`.
struct LoggedEvent {
    std::string type;    ///< "container", "network", "volume"
    std::string action;  ///< Docker's word: "create", "start", "die", "health_status: healthy" …
    std::string id;      ///< container id; network or volume name
    std::map<std::string, std::string> attributes;  ///< "name", "image", "exitCode", "signal", the container's labels
    std::int64_t time_ns{0};
};

/// What happened in this root, all projects together: lines of JSON in $STACK_ROOT/events/<number>, the last two files
/// of 4 MiB are kept. Every supervisor appends (one write(2) per event, so lines never mix); everybody reads.
class EventLog {
public:
    explicit EventLog(const Paths& paths);
    /// Never throws: what is told must not fail for want of disk space.
    void append(const LoggedEvent& event) noexcept;

private:
    void open_newest();
    std::filesystem::path folder_;
    std::uint64_t number_{0};
    UniqueFd file_;
};

/// Reads the log from its beginning, in order.
class EventReader {
public:
    explicit EventReader(const Paths& paths);
    /// Hands over what was not read yet.
    void read(const std::function<void(const LoggedEvent&)>& sink);
    /// Readable when there may be more (inotify); call acknowledge() before read().
    int watch_fd();
    void acknowledge() const;

private:
    bool next_file();
    std::filesystem::path folder_;
    std::uint64_t number_{0};
    UniqueFd file_, inotify_;
    std::string rest_;
};

}  // namespace stack::engine
