#include "cli/image/image_text.hpp"

#include <cstdio>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/state/container_store.hpp"
#include "image/rfc3339.hpp"
#include "support/database.hpp"

namespace stack::cli {
namespace {

using nlohmann::json;

std::string human_duration(std::int64_t seconds) {
    constexpr std::int64_t minute = 60;
    constexpr std::int64_t hour = 60 * minute;
    constexpr std::int64_t day = 24 * hour;
    const std::int64_t hours = (seconds + hour / 2) / hour;
    if (seconds < 1) {
        return "Less than a second";
    }
    if (seconds < minute) {
        return seconds == 1 ? "1 second" : fmt::format("{} seconds", seconds);
    }
    if (seconds < hour) {
        return seconds < 2 * minute ? "About a minute" : fmt::format("{} minutes", seconds / minute);
    }
    if (hours < 48) {
        return hours == 1 ? "About an hour" : fmt::format("{} hours", hours);
    }
    const std::int64_t days = seconds / day;
    if (days < 14) {
        return fmt::format("{} days", days);
    }
    if (days < 60) {
        return fmt::format("{} weeks", days / 7);
    }
    return days < std::int64_t{2} * 365 ? fmt::format("{} months", days / 30) : fmt::format("{} years", days / 365);
}

json list_or_null(const std::optional<std::vector<std::string>>& list) {
    return list ? json(*list) : json(nullptr);
}

json set_or_null(const std::set<std::string>& set) {
    if (set.empty()) {
        return nullptr;
    }
    json object = json::object();
    for (const std::string& item : set) {
        object[item] = json::object();
    }
    return object;
}

json config_json(const image::ImageConfig& config) {
    json out = {{"User", config.user},
                {"Env", config.env.empty() ? json(nullptr) : json(config.env)},
                {"Cmd", list_or_null(config.cmd)},
                {"Entrypoint", list_or_null(config.entrypoint)},
                {"WorkingDir", config.working_dir},
                {"Labels", config.labels.empty() ? json(nullptr) : json(config.labels)},
                {"Volumes", set_or_null(config.volumes)},
                {"OnBuild", config.on_build.empty() ? json(nullptr) : json(config.on_build)}};
    if (!config.exposed_ports.empty()) {
        out["ExposedPorts"] = set_or_null(config.exposed_ports);
    }
    if (!config.stop_signal.empty()) {
        out["StopSignal"] = config.stop_signal;
    }
    if (config.shell) {
        out["Shell"] = *config.shell;
    }
    if (config.healthcheck) {
        const auto& check = *config.healthcheck;
        out["Healthcheck"] = {{"Test", check.test},
                              {"Interval", check.interval.count()},
                              {"Timeout", check.timeout.count()},
                              {"StartPeriod", check.start_period.count()},
                              {"Retries", check.retries}};
    }
    return out;
}

}  // namespace

std::string short_image_id(const std::string& id) {
    return id.substr(id.find(':') + 1, 12);
}

std::string time_ago(std::int64_t unix_seconds) {
    return unix_seconds <= 0 ? "N/A" : human_duration(std::time(nullptr) - unix_seconds) + " ago";
}

std::string go_time(std::int64_t unix_seconds) {
    std::string text = image::format_rfc3339(unix_seconds);
    text[10] = ' ';
    return text.substr(0, 19) + " +0000 UTC";
}

json image_json(const image::Image& image) {
    json tags = json::array();
    for (const image::Reference& reference : image.references) {
        tags.push_back(reference.familiar());
    }
    json digests = json::array();
    for (const std::string& digest : image.repo_digests) {
        digests.push_back(image::parse_reference(digest).familiar());
    }
    const std::string comment = image.config.history.empty() ? "" : image.config.history.back().comment;
    json out = {{"Id", image.id},
                {"RepoTags", tags},
                {"RepoDigests", digests},
                {"Parent", ""},
                {"Comment", comment},
                {"Created", image.config.created},
                {"Author", image.config.author},
                {"Config", config_json(image.config)},
                {"Architecture", image.architecture},
                {"Os", image.os},
                {"Size", image.size.count},
                {"GraphDriver", {{"Name", "overlay2"}, {"Data", json::object()}}},
                {"RootFS", {{"Type", "layers"}, {"Layers", image.config.diff_ids}}},
                {"Metadata", {{"LastTagTime", image::format_rfc3339(image.stored_unix)}}}};
    if (!image.variant.empty()) {
        out["Variant"] = image.variant;
    }
    return out;
}

image::ImageUsers containers_using_images(const Paths& paths) {
    return [paths](const std::string& image_id) {
        const Database database{paths.database()};
        const engine::ContainerStore containers{database};
        std::vector<image::ImageUser> users;
        for (const auto& row : containers.list()) {
            if (row.image_id == image_id) {
                users.push_back({row.name, engine::is_alive(row)});
            }
        }
        return users;
    };
}

image::ProgressSink print_progress(bool verbose) {
    return [verbose](const image::Progress& event) {
        if (event.kind == image::Progress::Kind::message || event.kind == image::Progress::Kind::notice ||
            (verbose && event.kind == image::Progress::Kind::output)) {
            fmt::print(stderr, "{}\n", event.text);
        }
    };
}

}  // namespace stack::cli
