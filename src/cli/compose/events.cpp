#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/compose/lifecycle.hpp"
#include "cli/event_text.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

using engine::LoggedEvent;

std::string label(const LoggedEvent& event, const char* name) {
    const auto found = event.attributes.find(std::string{"com.docker.compose."} + name);
    return found == event.attributes.end() ? std::string{} : found->second;
}

/// "2026-11-22 11:03:04.000500", local time.
std::string stamp(std::int64_t time_ns) {
    const std::time_t seconds = time_ns / 1'000'000'000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 32> text;
    const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return fmt::format("{}.{:06}", std::string_view{text.data(), size}, time_ns % 1'000'000'000 / 1000);
}

void print_event(const LoggedEvent& event, bool as_json) {
    const std::string& name = event.attributes.at("name");
    const std::string& image = event.attributes.at("image");
    if (!as_json) {
        fmt::print("{} container {} {} (image={}, name={})\n", stamp(event.time_ns), event.action, event.id, image,
                   name);
        return;
    }
    nlohmann::json attributes{{"image", image}, {"name", name}};
    for (const char* more : {"exitCode", "signal"}) {
        if (const auto found = event.attributes.find(more); found != event.attributes.end()) {
            attributes[more] = found->second;
        }
    }
    const nlohmann::json line{{"time", stamp(event.time_ns)},
                              {"type", "container"},
                              {"action", event.action},
                              {"id", event.id},
                              {"service", label(event, "service")},
                              {"attributes", std::move(attributes)}};
    fmt::print("{}\n", line.dump());
}

}  // namespace

int compose_events(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    if (project.loaded) {
        check_services(project.loaded->project, flags.words());
    }
    EventWindow window;
    if (const auto since = flags.value("since")) {
        window.since_ns = parse_moment(*since, "since");
    }
    if (const auto until = flags.value("until")) {
        window.until_ns = parse_moment(*until, "until");
    }
    const auto& services = flags.words();
    const bool as_json = flags.on("json");
    watch_events(context, window, [&](const LoggedEvent& event) {
        const bool ours = event.type == "container" && label(event, "project") == project.name;
        const std::string service = label(event, "service");
        if (ours && (services.empty() || std::find(services.begin(), services.end(), service) != services.end())) {
            print_event(event, as_json);
        }
    });
    return 0;
}

}  // namespace stack::cli
