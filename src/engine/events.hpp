#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stack::engine {

/// What an event is about.
enum class Subject { project, network, volume, image, service, container };

/// What happened to it. The first of a pair is sent when work begins, the second when it is done.
enum class Progress {
    creating,
    created,
    starting,
    started,
    waiting,  ///< for another's condition or, for a project, for another command that holds it (`detail` says who)
    healthy,
    unhealthy,
    running,  ///< nothing to do: it is as it should be
    stopping,
    stopped,
    killing,
    killed,
    removing,
    removed,
    recreate,
    recreated,
    restarting,
    restarted,
    pausing,
    paused,
    unpausing,
    unpaused,
    exited,   ///< a container ended by itself; `exit_code`
    skipped,  ///< not done because something it needs failed or was left out; `detail` says why
    warning,  ///< `detail` is the sentence
    error,    ///< this one failed; `detail` is the sentence. The operation's own Error follows at its end
};
std::string_view to_string(Subject subject);
std::string_view to_string(Progress progress);  ///< "Creating", "Created", … as compose prints them
std::optional<Subject> parse_subject(std::string_view word);
std::optional<Progress> parse_progress(std::string_view word);
/// True where work begins and another event about the same thing will follow.
bool is_working(Progress progress);

struct Event {
    Subject subject{Subject::container};
    std::string name;  ///< "blog-web-1", "blog_default"
    Progress progress{Progress::creating};
    std::string detail;
    std::string id;       ///< container id, where there is one
    std::string service;  ///< of a container
    std::int64_t time_ns{0};
    std::optional<int> exit_code;
};

/// Called on the caller's own thread, in the order in which things happened.
using EventSink = std::function<void(const Event&)>;

}  // namespace stack::engine
