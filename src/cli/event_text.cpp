#include "cli/event_text.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <poll.h>

#include "cli/container_text.hpp"
#include "cli/flags.hpp"
#include "cli/signals.hpp"

namespace stack::cli {

namespace {

using engine::LoggedEvent;

constexpr std::array<std::string_view, 7> keys{"container", "event", "image", "label", "network", "type", "volume"};

std::string attribute(const LoggedEvent& event, const std::string& name) {
    const auto found = event.attributes.find(name);
    return found == event.attributes.end() ? std::string{} : found->second;
}

bool matches(const LoggedEvent& event, const std::string& key, const std::string& value) {
    if (key == "type") {
        return event.type == value;
    }
    if (key == "event") {
        // "health_status" means all of them.
        return event.action == value || event.action.starts_with(value + ":");
    }
    if (key == "image") {
        const std::string image = attribute(event, "image");
        return image == value || image.substr(0, image.find(':')) == value;
    }
    if (key == "label") {
        const size_t equals = value.find('=');
        const auto label = event.attributes.find(value.substr(0, equals));
        return label != event.attributes.end() &&
               (equals == std::string::npos || label->second == value.substr(equals + 1));
    }
    return event.type == key && (attribute(event, "name") == value || event.id.starts_with(value));
}

}  // namespace

EventFilters::EventFilters(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        if (equals == std::string::npos || std::find(keys.begin(), keys.end(), key) == keys.end()) {
            throw UsageError{fmt::format("invalid filter '{}'", word)};
        }
        filters_.push_back({key, word.substr(equals + 1)});
    }
}

bool EventFilters::match(const LoggedEvent& event) const {
    return std::all_of(filters_.begin(), filters_.end(), [&](const Filter& one) {
        return std::any_of(filters_.begin(), filters_.end(), [&](const Filter& other) {
            return other.key == one.key && matches(event, other.key, other.value);
        });
    });
}

void record_event(const Context& context, const std::string& type, const std::string& action, const std::string& name) {
    engine::EventLog{context.paths}.append({type, action, name, {{"name", name}}, now_ns()});
}

void watch_events(const Context& context, const EventWindow& window,
                  const std::function<void(const LoggedEvent&)>& sink) {
    const SignalQueue signals{SIGINT, SIGTERM, SIGHUP};
    engine::EventReader reader{context.paths};
    const std::int64_t since = window.since_ns == 0 ? now_ns() : window.since_ns;
    const auto in_window = [&](const LoggedEvent& event) {
        if (event.time_ns >= since && (window.until_ns == 0 || event.time_ns <= window.until_ns)) {
            sink(event);
        }
    };
    const int watched = reader.watch_fd();  // before the first look: what is written from now on wakes
    for (;;) {
        reader.read(in_window);
        std::fflush(stdout);
        const std::int64_t left_ms = window.until_ns == 0 ? -1 : (window.until_ns - now_ns() + 999'999) / 1'000'000;
        if (window.until_ns != 0 && left_ms <= 0) {
            return;
        }
        pollfd polls[] = {{signals.fd(), POLLIN, 0}, {watched, POLLIN, 0}};
        ::poll(polls, 2, static_cast<int>(std::min<std::int64_t>(left_ms, 1 << 30)));
        if (polls[0].revents != 0) {
            return;  // the signal was not taken: it ends us as soon as the queue is gone, with 130 for Ctrl-C
        }
        reader.acknowledge();
    }
}

}  // namespace stack::cli
