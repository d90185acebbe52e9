#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "engine/access/event_log.hpp"

/// `docker events` and `docker compose events`.
namespace stack::cli {

/// `--filter KEY=VALUE`: values of one key are alternatives, keys narrow each other. Keys: container, event, image,
/// label, network, type, volume. Throws UsageError for others.
class EventFilters {
public:
    explicit EventFilters(const std::vector<std::string>& words);
    bool match(const engine::LoggedEvent& event) const;

private:
    struct Filter {
        std::string key, value;
    };
    std::vector<Filter> filters_;
};

/// Writes a line of `docker events` about a network or volume that a command made ("create") or removed ("destroy").
/// Supervisors write about their own.
void record_event(const Context& context, const std::string& type, const std::string& action, const std::string& name);

struct EventWindow {
    std::int64_t since_ns{0};  ///< 0: from now on
    std::int64_t until_ns{0};  ///< 0: for ever
};
/// Hands over events as they come, until `until` or Ctrl-C.
void watch_events(const Context& context, const EventWindow& window,
                  const std::function<void(const engine::LoggedEvent&)>& sink);

}  // namespace stack::cli
