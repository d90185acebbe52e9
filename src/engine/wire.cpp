#include "engine/wire.hpp"

#include <array>
#include <cstring>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace stack::engine::wire {
namespace {

using Json = nlohmann::json;
using std::chrono::nanoseconds;

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void put(Json& json, const char* name, const std::optional<nanoseconds>& duration) {
    if (duration) {
        json[name] = duration->count();
    }
}

void take(const Json& json, const char* name, std::optional<nanoseconds>& duration) {
    if (const auto member = json.find(name); member != json.end()) {
        duration = nanoseconds{member->get<std::int64_t>()};
    }
}

template <class T>
void take(const Json& json, const char* name, T& value) {
    if (const auto member = json.find(name); member != json.end()) {
        member->get_to(value);
    }
}

template <class Enum>
void take_enum(const Json& json, const char* name, Enum& value) {
    if (const auto member = json.find(name); member != json.end()) {
        value = static_cast<Enum>(member->get<int>());
    }
}

}  // namespace

std::string frame(std::string_view json) {
    const auto length = static_cast<std::uint32_t>(json.size());
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes.append(json);
}

std::optional<std::string> FrameReader::next() {
    std::uint32_t length = 0;
    if (buffer_.size() < sizeof length) {
        return std::nullopt;
    }
    std::memcpy(&length, buffer_.data(), sizeof length);
    if (length > largest_frame) {
        throw Error(Errc::invalid_input, "a message on the supervisor's socket is too long");
    }
    if (buffer_.size() < sizeof length + length) {
        return std::nullopt;
    }
    std::string json = buffer_.substr(sizeof length, length);
    buffer_.erase(0, sizeof length + length);
    return json;
}

void send_frame(int socket, std::string_view json, const std::vector<int>& fds) {
    const std::string bytes = frame(json);
    size_t done = 0;
    while (done < bytes.size()) {
        iovec part{const_cast<char*>(bytes.data()) + done, bytes.size() - done};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
        if (done == 0 && !fds.empty()) {
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
            std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
        }
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        check(sent, [] { return "send to the supervisor"; });
        done += static_cast<size_t>(sent);
    }
}

size_t receive_some(int socket, FrameReader& reader, std::vector<UniqueFd>& fds) {
    std::array<char, 65536> buffer;
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET) {
        return 0;
    }
    check(got, [] { return "read from the supervisor"; });
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
                fds.emplace_back(fd);
            }
        }
    }
    reader.feed({buffer.data(), static_cast<size_t>(got)});
    return static_cast<size_t>(got);
}

std::string event_frame(const Event& event) {
    Json json{{"subject", static_cast<int>(event.subject)},
              {"name", event.name},
              {"progress", static_cast<int>(event.progress)},
              {"time", event.time_ns}};
    if (!event.detail.empty()) {
        json["detail"] = event.detail;
    }
    if (!event.id.empty()) {
        json["id"] = event.id;
    }
    if (!event.service.empty()) {
        json["service"] = event.service;
    }
    if (event.exit_code) {
        json["exit_code"] = *event.exit_code;
    }
    return dump({{"event", std::move(json)}});
}

Event parse_event(std::string_view text) {
    const Json json = Json::parse(text);
    Event event;
    take_enum(json, "subject", event.subject);
    take_enum(json, "progress", event.progress);
    take(json, "name", event.name);
    take(json, "time", event.time_ns);
    take(json, "detail", event.detail);
    take(json, "id", event.id);
    take(json, "service", event.service);
    if (json.contains("exit_code")) {
        event.exit_code = json["exit_code"].get<int>();
    }
    return event;
}

std::string error_frame(const Error& error) {
    Json json{{"code", static_cast<int>(error.code())},
              {"what", error.what()},
              {"hint", error.hint()},
              {"trail", error.trail()}};
    if (error.pos()) {
        json["pos"] = Json::array({error.pos()->file, error.pos()->line, error.pos()->column});
    }
    return dump({{"error", std::move(json)}});
}

Error parse_error(std::string_view text) {
    const Json json = Json::parse(text);
    Error error{static_cast<Errc>(json.value("code", static_cast<int>(Errc::internal))), json.value("what", "")};
    if (json.contains("pos")) {
        const Json& pos = json["pos"];
        error = Error{std::move(error).at({pos.at(0), pos.at(1), pos.at(2)})};
    }
    error.set_hint(json.value("hint", ""));
    for (const Json& step : json.value("trail", Json::array())) {
        error.add_step(step);
    }
    return error;
}

std::string to_json(const UpOptions& options) {
    Json json{{"services", options.services},
              {"start", options.start},
              {"no_deps", options.no_deps},
              {"recreate", static_cast<int>(options.recreate)},
              {"recreate_dependencies", static_cast<int>(options.recreate_dependencies)},
              {"renew_anonymous_volumes", options.renew_anonymous_volumes},
              {"remove_orphans", options.remove_orphans},
              {"scale", options.scale},
              {"wait", options.wait}};
    put(json, "wait_timeout", options.wait_timeout);
    put(json, "stop_timeout", options.stop_timeout);
    return dump(json);
}

UpOptions parse_up_options(std::string_view text) {
    const Json json = Json::parse(text);
    UpOptions options;
    take(json, "services", options.services);
    take(json, "start", options.start);
    take(json, "no_deps", options.no_deps);
    take_enum(json, "recreate", options.recreate);
    take_enum(json, "recreate_dependencies", options.recreate_dependencies);
    take(json, "renew_anonymous_volumes", options.renew_anonymous_volumes);
    take(json, "remove_orphans", options.remove_orphans);
    take(json, "scale", options.scale);
    take(json, "wait", options.wait);
    take(json, "wait_timeout", options.wait_timeout);
    take(json, "stop_timeout", options.stop_timeout);
    return options;
}

std::string to_json(const DownOptions& options) {
    Json json{{"services", options.services}, {"remove_orphans", options.remove_orphans}, {"volumes", options.volumes}};
    put(json, "stop_timeout", options.stop_timeout);
    return dump(json);
}

DownOptions parse_down_options(std::string_view text) {
    const Json json = Json::parse(text);
    DownOptions options;
    take(json, "services", options.services);
    take(json, "remove_orphans", options.remove_orphans);
    take(json, "volumes", options.volumes);
    take(json, "stop_timeout", options.stop_timeout);
    return options;
}

std::string to_json(const Targets& targets) {
    return dump({{"containers", targets.containers},
                 {"services", targets.services},
                 {"all", targets.all},
                 {"one_off", targets.include_one_off}});
}

Targets parse_targets(std::string_view text) {
    const Json json = Json::parse(text);
    Targets targets;
    take(json, "containers", targets.containers);
    take(json, "services", targets.services);
    take(json, "all", targets.all);
    take(json, "one_off", targets.include_one_off);
    return targets;
}

std::string to_json(const StopOptions& options) {
    Json json{{"signal", options.signal}};
    put(json, "timeout", options.timeout);
    return dump(json);
}

StopOptions parse_stop_options(std::string_view text) {
    const Json json = Json::parse(text);
    StopOptions options;
    take(json, "signal", options.signal);
    take(json, "timeout", options.timeout);
    return options;
}

}  // namespace stack::engine::wire
