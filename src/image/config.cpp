#include "image/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

// Absent, null and of another type are told apart: foreign tools write null for "not set", anything else is an error.
const json* member(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void wrong_type(const char* key, const char* expected) {
    throw Error(Errc::invalid_input, fmt::format("image config: '{}' must be {}", key, expected));
}

void read(const json& object, const char* key, std::string& out) {
    if (const json* value = member(object, key)) {
        if (!value->is_string()) {
            wrong_type(key, "a string");
        }
        out = value->get<std::string>();
    }
}

void read(const json& object, const char* key, bool& out) {
    if (const json* value = member(object, key)) {
        if (!value->is_boolean()) {
            wrong_type(key, "true or false");
        }
        out = value->get<bool>();
    }
}

std::vector<std::string> strings(const json& value, const char* key) {
    std::vector<std::string> list;
    if (!value.is_array()) {
        wrong_type(key, "a list of strings");
    }
    for (const json& item : value) {
        if (!item.is_string()) {
            wrong_type(key, "a list of strings");
        }
        list.push_back(item.get<std::string>());
    }
    return list;
}

void read(const json& object, const char* key, std::vector<std::string>& out) {
    if (const json* value = member(object, key)) {
        out = strings(*value, key);
    }
}

void read(const json& object, const char* key, std::optional<std::vector<std::string>>& out) {
    if (const json* value = member(object, key)) {
        out = strings(*value, key);
    }
}

// Sets are objects with empty objects as values (Go's map[string]struct{}).
void read(const json& object, const char* key, std::set<std::string>& out) {
    if (const json* value = member(object, key)) {
        if (!value->is_object()) {
            wrong_type(key, "an object");
        }
        for (const auto& item : value->items()) {
            out.insert(item.key());
        }
    }
}

void read(const json& object, const char* key, std::map<std::string, std::string>& out) {
    if (const json* value = member(object, key)) {
        if (!value->is_object()) {
            wrong_type(key, "an object");
        }
        for (const auto& item : value->items()) {
            if (!item.value().is_string()) {
                wrong_type(key, "an object of strings");
            }
            out[item.key()] = item.value().get<std::string>();
        }
    }
}

void read(const json& object, const char* key, std::chrono::nanoseconds& out) {
    if (const json* value = member(object, key)) {
        if (!value->is_number_integer()) {
            wrong_type(key, "a number of nanoseconds");
        }
        out = std::chrono::nanoseconds{value->get<std::int64_t>()};
    }
}

ImageHealthcheck read_healthcheck(const json& value) {
    if (!value.is_object()) {
        wrong_type("Healthcheck", "an object");
    }
    ImageHealthcheck check;
    read(value, "Test", check.test);
    read(value, "Interval", check.interval);
    read(value, "Timeout", check.timeout);
    read(value, "StartPeriod", check.start_period);
    read(value, "StartInterval", check.start_interval);
    if (const json* retries = member(value, "Retries")) {
        if (!retries->is_number_integer()) {
            wrong_type("Retries", "a number");
        }
        check.retries = retries->get<int>();
    }
    return check;
}

void read_runtime_part(const json& value, ImageConfig& config) {
    if (!value.is_object()) {
        wrong_type("config", "an object");
    }
    read(value, "Entrypoint", config.entrypoint);
    read(value, "Cmd", config.cmd);
    read(value, "Env", config.env);
    read(value, "User", config.user);
    read(value, "WorkingDir", config.working_dir);
    read(value, "StopSignal", config.stop_signal);
    read(value, "Labels", config.labels);
    read(value, "ExposedPorts", config.exposed_ports);
    read(value, "Volumes", config.volumes);
    read(value, "Shell", config.shell);
    read(value, "OnBuild", config.on_build);
    if (const json* healthcheck = member(value, "Healthcheck")) {
        config.healthcheck = read_healthcheck(*healthcheck);
    }
}

std::vector<HistoryEntry> read_history(const json& value) {
    if (!value.is_array()) {
        wrong_type("history", "a list");
    }
    std::vector<HistoryEntry> history;
    for (const json& item : value) {
        if (!item.is_object()) {
            wrong_type("history", "a list of objects");
        }
        HistoryEntry& entry = history.emplace_back();
        read(item, "created", entry.created);
        read(item, "created_by", entry.created_by);
        read(item, "author", entry.author);
        read(item, "comment", entry.comment);
        read(item, "empty_layer", entry.empty_layer);
    }
    return history;
}

ImageConfig read_config(const json& root) {
    if (!root.is_object()) {
        throw Error(Errc::invalid_input, "image config: must be a JSON object");
    }
    ImageConfig config;
    read(root, "architecture", config.architecture);
    read(root, "os", config.os);
    read(root, "variant", config.variant);
    read(root, "os.version", config.os_version);
    read(root, "author", config.author);
    read(root, "created", config.created);
    if (const json* part = member(root, "config")) {
        read_runtime_part(*part, config);
    }
    if (const json* rootfs = member(root, "rootfs")) {
        if (!rootfs->is_object()) {
            wrong_type("rootfs", "an object");
        }
        read(*rootfs, "diff_ids", config.diff_ids);
    }
    if (const json* history = member(root, "history")) {
        config.history = read_history(*history);
    }
    return config;
}

// Empty values are left out, as Go's omitempty does; what was there before in a foreign config goes away with them.
template <class Value>
void write(json& object, const char* key, const Value& value, bool present) {
    if (present) {
        object[key] = value;
    } else {
        object.erase(key);
    }
}

json as_json_set(const std::set<std::string>& set) {
    json object = json::object();
    for (const std::string& item : set) {
        object[item] = json::object();
    }
    return object;
}

json write_healthcheck(const ImageHealthcheck& check) {
    json object = json::object();
    write(object, "Test", check.test, !check.test.empty());
    write(object, "Interval", check.interval.count(), check.interval.count() != 0);
    write(object, "Timeout", check.timeout.count(), check.timeout.count() != 0);
    write(object, "StartPeriod", check.start_period.count(), check.start_period.count() != 0);
    write(object, "StartInterval", check.start_interval.count(), check.start_interval.count() != 0);
    write(object, "Retries", check.retries, check.retries != 0);
    return object;
}

void write_runtime_part(json& part, const ImageConfig& config) {
    write(part, "Entrypoint", config.entrypoint.value_or(std::vector<std::string>{}), config.entrypoint.has_value());
    write(part, "Cmd", config.cmd.value_or(std::vector<std::string>{}), config.cmd.has_value());
    write(part, "Env", config.env, !config.env.empty());
    write(part, "User", config.user, !config.user.empty());
    write(part, "WorkingDir", config.working_dir, !config.working_dir.empty());
    write(part, "StopSignal", config.stop_signal, !config.stop_signal.empty());
    write(part, "Labels", config.labels, !config.labels.empty());
    write(part, "ExposedPorts", as_json_set(config.exposed_ports), !config.exposed_ports.empty());
    write(part, "Volumes", as_json_set(config.volumes), !config.volumes.empty());
    write(part, "Shell", config.shell.value_or(std::vector<std::string>{}), config.shell.has_value());
    write(part, "OnBuild", config.on_build, !config.on_build.empty());
    write(part, "Healthcheck", write_healthcheck(config.healthcheck.value_or(ImageHealthcheck{})),
          config.healthcheck.has_value());
}

json write_history(const std::vector<HistoryEntry>& history) {
    json list = json::array();
    for (const HistoryEntry& entry : history) {
        json object = json::object();
        write(object, "created", entry.created, !entry.created.empty());
        write(object, "created_by", entry.created_by, !entry.created_by.empty());
        write(object, "author", entry.author, !entry.author.empty());
        write(object, "comment", entry.comment, !entry.comment.empty());
        write(object, "empty_layer", entry.empty_layer, entry.empty_layer);
        list.push_back(std::move(object));
    }
    return list;
}

}  // namespace

ImageConfig parse_config(std::string_view text) {
    const json root = json::parse(text, nullptr, false);
    if (root.is_discarded()) {
        throw Error(Errc::invalid_input, "image config: not valid JSON");
    }
    ImageConfig config = read_config(root);
    config.original = text;
    return config;
}

std::string write_config(const ImageConfig& config) {
    json root = config.original.empty() ? json::object() : json::parse(config.original);
    root["architecture"] = config.architecture;
    root["os"] = config.os;
    write(root, "variant", config.variant, !config.variant.empty());
    write(root, "os.version", config.os_version, !config.os_version.empty());
    write(root, "author", config.author, !config.author.empty());
    write(root, "created", config.created, !config.created.empty());
    if (!root.contains("config") || !root["config"].is_object()) {
        root["config"] = json::object();
    }
    write_runtime_part(root["config"], config);
    root["rootfs"] = {{"type", "layers"}, {"diff_ids", config.diff_ids}};
    write(root, "history", write_history(config.history), !config.history.empty());
    return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace stack::image
