#include "engine/logs/driver.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <regex.h>

#include "engine/logs/targets.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::logs {
namespace {

constexpr std::array<std::pair<Driver, std::string_view>, 5> drivers{{
    {Driver::local, "local"},
    {Driver::json_file, "json-file"},
    {Driver::syslog, "syslog"},
    {Driver::journald, "journald"},
    {Driver::none, "none"},
}};

/// What each driver understands. `mode` and `max-buffer-size` are true of every driver: output is always taken into
/// our files first, so a slow far end never makes a container wait.
std::vector<std::string> known_options(Driver driver) {
    switch (driver) {
        case Driver::local:
            return {"max-size", "max-file", "mode", "max-buffer-size"};
        case Driver::json_file:
            return {"max-size", "max-file",  "tag",  "labels",         "labels-regex",
                    "env",      "env-regex", "mode", "max-buffer-size"};
        case Driver::syslog:
            return {"syslog-address", "syslog-facility", "syslog-format",  "tag",
                    "mode",           "max-buffer-size", "cache-max-size", "cache-max-file"};
        case Driver::journald:
            return {"tag",  "labels",          "labels-regex",   "env",           "env-regex",
                    "mode", "max-buffer-size", "cache-max-size", "cache-max-file"};
        case Driver::none:
            return {"mode", "max-buffer-size"};
    }
    return {};
}

Driver parse_name(const std::string& name) {
    for (const auto& [driver, word] : drivers) {
        if (word == name) {
            return driver;
        }
    }
    throw Error(Errc::unsupported, fmt::format("log driver '{}' is not supported", name))
        .hint("there are local, json-file, syslog, journald and none");
}

std::int64_t size_option(const std::string& name, const std::string& value) {
    const auto size = value == "-1" ? std::optional{Bytes{-1}} : parse_byte_size(value);
    if (!size) {
        throw Error(Errc::invalid_input, fmt::format("invalid logging option {} '{}'", name, value))
            .hint("write a size such as 10m");
    }
    return size->count;
}

int count_option(const std::string& name, const std::string& value) {
    const auto count = parse_int(value);
    if (!count || *count < 1 || *count > 100000) {
        throw Error(Errc::invalid_input, fmt::format("invalid logging option {} '{}'", name, value))
            .hint("write a number from 1");
    }
    return static_cast<int>(*count);
}

void check_names(Driver driver, const Options& options) {
    const auto known = known_options(driver);
    for (const auto& [name, value] : options) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw Error(Errc::invalid_input,
                        fmt::format("log driver {} does not know the option '{}'", to_string(driver), name))
                .hint("it knows " + join(known, ", "));
        }
    }
}

void take_limits(DriverConfig& config) {
    const bool cached = config.driver == Driver::syslog || config.driver == Driver::journald;
    const char* const size = cached ? "cache-max-size" : "max-size";
    const char* const number = cached ? "cache-max-file" : "max-file";
    for (const auto& [name, value] : config.options) {
        if (name == size) {
            config.limits.max_bytes = size_option(name, value);
        } else if (name == number) {
            config.limits.max_files = count_option(name, value);
        } else if (name == "mode" && value != "blocking" && value != "non-blocking") {
            throw Error(Errc::invalid_input, fmt::format("invalid logging option mode '{}'", value))
                .hint("write blocking or non-blocking");
        } else if (name == "max-buffer-size") {
            size_option(name, value);
        }
    }
    config.limits.pack = !config.options.contains(size) && !config.options.contains(number);
    config.file_limits = config.limits;
    if (config.driver == Driver::json_file && config.options.contains("max-size") &&
        !config.options.contains("max-file")) {
        config.file_limits.max_files = 1;  // Docker's default
        config.limits.max_files = 2;       // `logs` should have something to show right after a rotation
    }
}

/// Where no driver is named, options that only Docker's default driver knows mean that one.
Driver unnamed(const Options& options) {
    const auto knows = [](Driver driver, const std::string& option) {
        const auto known = known_options(driver);
        return std::find(known.begin(), known.end(), option) != known.end();
    };
    const bool dockers = std::any_of(options.begin(), options.end(), [&](const auto& it) {
        return !knows(Driver::local, it.first) && knows(Driver::json_file, it.first);
    });
    return dockers ? Driver::json_file : Driver::local;
}

/// An extended regular expression (regcomp(3)).
class Pattern {
public:
    Pattern(const std::string& option, const std::string& text) {
        if (const int failure = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB); failure != 0) {
            std::array<char, 128> why{};
            ::regerror(failure, &compiled_, why.data(), why.size());
            throw Error(Errc::invalid_input,
                        fmt::format("invalid logging option {} '{}': {}", option, text, why.data()));
        }
    }
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    ~Pattern() { ::regfree(&compiled_); }
    bool matches(const std::string& text) const { return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0; }

private:
    regex_t compiled_{};
};

}  // namespace

std::string_view to_string(Driver driver) {
    return std::find_if(drivers.begin(), drivers.end(), [&](const auto& it) { return it.first == driver; })->second;
}

DriverConfig parse_driver(const std::string& name, const Options& options) {
    DriverConfig config;
    config.driver = name.empty() ? unnamed(options) : parse_name(name);
    config.options = options;
    check_names(config.driver, options);
    take_limits(config);
    if (config.driver == Driver::syslog) {
        check_syslog_options(options);
    }
    if (const auto tag = options.find("tag"); tag != options.end()) {
        render_tag(tag->second, Origin{});
    }
    extra_attributes(options, Origin{});
    return config;
}

std::string render_tag(const std::string& tag, const Origin& origin) {
    const std::string image_id = origin.image_id.substr(origin.image_id.find(':') + 1);
    const std::array<std::pair<std::string_view, std::string>, 8> fields{{
        {".ID", origin.id.substr(0, 12)},
        {".FullID", origin.id},
        {".Name", origin.name},
        {".ImageName", origin.image},
        {".ImageID", image_id.substr(0, 12)},
        {".ImageFullID", origin.image_id},
        {".Command", origin.command},
        {".DaemonName", "docker"},
    }};
    std::string text;
    size_t at = 0;
    for (size_t open = tag.find("{{"); open != std::string::npos; open = tag.find("{{", at)) {
        const size_t close = tag.find("}}", open);
        const std::string_view word =
            close == std::string::npos ? "" : trim(std::string_view{tag}.substr(open + 2, close - open - 2));
        const auto field = std::find_if(fields.begin(), fields.end(), [&](const auto& it) { return it.first == word; });
        if (field == fields.end()) {
            throw Error(Errc::invalid_input, fmt::format("cannot read the logging option tag '{}'", tag))
                .hint(
                    "between {{ and }} stand .ID, .FullID, .Name, .ImageName, .ImageID, .ImageFullID, .Command or "
                    ".DaemonName");
        }
        text.append(tag, at, open - at).append(field->second);
        at = close + 2;
    }
    return text.append(tag, at);
}

std::map<std::string, std::string> extra_attributes(const Options& options, const Origin& origin) {
    std::map<std::string, std::string> found;
    const auto take = [&](const char* option, const std::map<std::string, std::string>& from) {
        if (const auto named = options.find(option); named != options.end()) {
            for (const std::string_view name : split(named->second, ',')) {
                if (const auto value = from.find(std::string{trim(name)}); value != from.end()) {
                    found.insert(*value);
                }
            }
        }
        const std::string by_pattern = std::string{option} + "-regex";
        if (const auto pattern = options.find(by_pattern); pattern != options.end()) {
            const Pattern matcher{by_pattern, pattern->second};
            for (const auto& item : from) {
                if (matcher.matches(item.first)) {
                    found.insert(item);
                }
            }
        }
    };
    take("labels", origin.labels);
    take("env", origin.environment);
    return found;
}

std::unique_ptr<Target> open_target(const DriverConfig& config, const Origin& origin,
                                    const std::filesystem::path& container_folder) {
    switch (config.driver) {
        case Driver::json_file:
            return open_json_file(container_folder / (origin.id + "-json.log"), config, origin);
        case Driver::syslog:
            return open_syslog(config.options, origin);
        case Driver::journald:
            return open_journald(journal_socket, config.options, origin);
        case Driver::local:
        case Driver::none:
            break;
    }
    return nullptr;
}

}  // namespace stack::engine::logs
