#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "cli/event_text.hpp"
#include "cli/template.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using engine::LoggedEvent;

/// The fields of the Docker Engine API's event message.
nlohmann::json docker_event(const LoggedEvent& event) {
    const auto image = event.attributes.find("image");
    nlohmann::json all{{"Type", event.type},
                       {"Action", event.action},
                       {"Actor", {{"ID", event.id}, {"Attributes", event.attributes}}},
                       {"scope", "local"},
                       {"time", event.time_ns / 1'000'000'000},
                       {"timeNano", event.time_ns}};
    if (event.type == "container") {
        all["status"] = event.action;
        all["id"] = event.id;
        all["from"] = image == event.attributes.end() ? "" : image->second;
    }
    return all;
}

std::string line_of(const LoggedEvent& event) {
    std::vector<std::string> attributes;
    for (const auto& [name, value] : event.attributes) {
        attributes.push_back(fmt::format("{}={}", name, value));
    }
    return fmt::format("{} {} {} {} ({})", rfc3339(event.time_ns), event.type, event.action, event.id,
                       join(attributes, ", "));
}

}  // namespace

int container_events(Context& context, const Flags& flags) {
    const EventFilters filters{flags.values("filter")};
    EventWindow window;
    if (const auto since = flags.value("since")) {
        window.since_ns = parse_moment(*since, "since");
    }
    if (const auto until = flags.value("until")) {
        window.until_ns = parse_moment(*until, "until");
    }
    const std::string format = flags.value_or("format", "");
    watch_events(context, window, [&](const LoggedEvent& event) {
        if (!filters.match(event)) {
            return;
        }
        fmt::print("{}\n", format.empty()
                               ? line_of(event)
                               : render_template(format == "json" ? "{{json .}}" : format, docker_event(event)));
    });
    return 0;
}

}  // namespace stack::cli
