#include "engine/access/event_log.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/log.hpp"
#include "support/text.hpp"

namespace stack::engine {
namespace {

using Json = nlohmann::json;

constexpr off_t largest_file = 4 << 20;

std::filesystem::path folder_of(const Paths& paths) {
    return paths.root() / "events";
}

/// Numbers of the files, ascending.
std::vector<std::uint64_t> files_in(const std::filesystem::path& folder) {
    std::vector<std::uint64_t> numbers;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
        if (const auto number = parse_uint(entry.path().filename().string())) {
            numbers.push_back(*number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

}  // namespace

EventLog::EventLog(const Paths& paths) : folder_{folder_of(paths)} {}

void EventLog::open_newest() {
    const auto known = files_in(folder_);
    number_ = known.empty() ? 1 : known.back();
    struct stat status {};
    if (!known.empty() && ::stat((folder_ / std::to_string(number_)).c_str(), &status) == 0 &&
        status.st_size >= largest_file) {
        ++number_;
    }
    if (known.empty()) {
        std::filesystem::create_directories(folder_);
    }
    const auto name = folder_ / std::to_string(number_);
    file_ = UniqueFd{check(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640),
                           [&] { return "open " + name.string(); })};
    for (const std::uint64_t old : known) {
        if (old + 2 <= number_) {
            ::unlink((folder_ / std::to_string(old)).c_str());
        }
    }
}

void EventLog::append(const LoggedEvent& event) noexcept {
    try {
        struct stat status {};
        if (!file_ || ::fstat(file_.get(), &status) != 0 || status.st_size >= largest_file || status.st_nlink == 0) {
            open_newest();
        }
        const Json json{{"type", event.type},
                        {"action", event.action},
                        {"id", event.id},
                        {"attributes", event.attributes},
                        {"time", event.time_ns}};
        const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        check(::write(file_.get(), line.data(), line.size()), [] { return "write an event"; });
    } catch (const std::exception& error) {
        log_warning("{}", error.what());
    }
}

EventReader::EventReader(const Paths& paths) : folder_{folder_of(paths)} {}

bool EventReader::next_file() {
    const auto known = files_in(folder_);
    const auto next = std::upper_bound(known.begin(), known.end(), number_);
    if (next == known.end()) {
        return false;
    }
    file_ = UniqueFd{::open((folder_ / std::to_string(*next)).c_str(), O_RDONLY | O_CLOEXEC)};
    number_ = *next;
    rest_.clear();
    return true;
}

void EventReader::read(const std::function<void(const LoggedEvent&)>& sink) {
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = file_ ? ::read(file_.get(), buffer.data(), buffer.size()) : 0;
        if (got <= 0) {
            if (next_file()) {
                continue;
            }
            return;
        }
        rest_.append(buffer.data(), static_cast<size_t>(got));
        size_t begin = 0;
        for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
            const Json json = Json::parse(rest_.begin() + static_cast<std::ptrdiff_t>(begin),
                                          rest_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
            begin = end + 1;
            if (json.is_object()) {
                LoggedEvent event;
                event.type = json.value("type", "");
                event.action = json.value("action", "");
                event.id = json.value("id", "");
                event.attributes = json.value("attributes", event.attributes);
                event.time_ns = json.value("time", std::int64_t{0});
                sink(event);
            }
        }
        rest_.erase(0, begin);
    }
}

int EventReader::watch_fd() {
    if (!inotify_) {
        std::filesystem::create_directories(folder_);
        inotify_ = UniqueFd{check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), [] { return "inotify_init1"; })};
        check(::inotify_add_watch(inotify_.get(), folder_.c_str(), IN_MODIFY | IN_CREATE),
              [&] { return "watch " + folder_.string(); });
    }
    return inotify_.get();
}

void EventReader::acknowledge() const {
    alignas(inotify_event) std::array<char, 16384> events;
    while (inotify_ && ::read(inotify_.get(), events.data(), events.size()) > 0) {
    }
}

}  // namespace stack::engine
