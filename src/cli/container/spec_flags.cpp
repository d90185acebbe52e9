#include "cli/container/spec_flags.hpp"

#include <fmt/format.h>

#include "cli/container/env_file.hpp"
#include "desired/possible.hpp"
#include "engine/signals.hpp"
#include "support/byte_size.hpp"
#include "support/duration.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

std::int64_t size_flag(const Flags& flags, const std::string& name) {
    const std::optional<std::string> text = flags.value(name);
    if (!text) {
        return 0;
    }
    if (*text == "-1") {
        return -1;
    }
    const std::optional<Bytes> size = parse_byte_size(*text);
    if (!size) {
        throw UsageError{fmt::format("invalid value '{}' for --{}: expected a size such as 64m", *text, name)};
    }
    return size->count;
}

std::chrono::nanoseconds duration_flag(const Flags& flags, const std::string& name) {
    const std::optional<std::string> text = flags.value(name);
    const std::optional<std::chrono::nanoseconds> parsed = text ? parse_duration(*text) : std::nullopt;
    if (text && !parsed) {
        throw UsageError{fmt::format("invalid value '{}' for --{}: expected a duration such as 30s", *text, name)};
    }
    return parsed.value_or(std::chrono::nanoseconds{0});
}

desired::StringMap map_of(const std::vector<std::string>& words) {
    desired::StringMap map;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        map[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
    }
    return map;
}

desired::RestartPolicy parse_restart_policy(const std::string& text) {
    using Condition = desired::RestartPolicy::Condition;
    const size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    desired::RestartPolicy policy;
    if (name == "always") {
        policy.condition = Condition::always;
    } else if (name == "unless-stopped") {
        policy.condition = Condition::unless_stopped;
    } else if (name == "on-failure") {
        policy.condition = Condition::on_failure;
    } else if (name != "no" && !name.empty()) {
        throw UsageError{fmt::format("invalid restart policy '{}'", text)};
    }
    if (colon != std::string::npos) {
        const std::optional<std::int64_t> count = parse_int(std::string_view{text}.substr(colon + 1));
        if (!count || *count < 0 || policy.condition != Condition::on_failure) {
            throw UsageError{fmt::format("invalid restart policy '{}'", text)};
        }
        policy.max_attempts = static_cast<int>(*count);
    }
    return policy;
}

namespace {

std::vector<std::string> lines_of_files(const std::vector<std::string>& files) {
    std::vector<std::string> lines;
    for (const std::string& file : files) {
        const std::string text = read_file(file);
        for (const std::string_view line : split(text, '\n')) {
            if (!trim(line).empty() && trim(line)[0] != '#') {
                lines.emplace_back(trim(line));
            }
        }
    }
    return lines;
}

void take_process_flags(const Flags& flags, desired::ContainerSpec& spec) {
    const std::vector<std::string>& words = flags.words();
    if (words.size() > 1) {
        spec.command = desired::Strings{words.begin() + 1, words.end()};
    }
    if (const std::optional<std::string> entrypoint = flags.value("entrypoint")) {
        spec.entrypoint = entrypoint->empty() ? desired::Strings{} : desired::Strings{*entrypoint};
    }
    spec.environment = env_with_files(flags.values("env-file"), flags.values("env"));
    spec.user = flags.value_or("user", "");
    spec.working_dir = flags.value_or("workdir", "");
    if (!spec.working_dir.empty() && spec.working_dir[0] != '/') {
        throw Error{
            Errc::invalid_input,
            fmt::format("the working directory '{}' is invalid, it needs to be an absolute path", spec.working_dir)};
    }
    spec.group_add = flags.values("group-add");
    spec.tty = flags.on("tty");
    spec.stdin_open = flags.on("interactive");
    spec.init = flags.on("init");
    spec.stop_signal = flags.value_or("stop-signal", "");
    if (!spec.stop_signal.empty()) {
        engine::signal_number(spec.stop_signal);  // throws
    }
    if (const std::optional<long> seconds = flags.number("stop-timeout")) {
        spec.stop_grace_period = std::chrono::seconds{*seconds};
    }
}

void take_identity_flags(const Flags& flags, desired::ContainerSpec& spec) {
    spec.platform = flags.value_or("platform", "");
    spec.hostname = flags.value_or("hostname", "");
    spec.domainname = flags.value_or("domainname", "");
    spec.labels = map_of(lines_of_files(flags.values("label-file")));
    for (const auto& [name, value] : map_of(flags.values("label"))) {
        spec.labels[name] = value;
    }
    spec.annotations = map_of(flags.values("annotation"));
    spec.runtime = flags.value_or("runtime", "");
    spec.isolation = flags.value_or("isolation", "");
    spec.logging = {.driver = flags.value_or("log-driver", ""), .options = map_of(flags.values("log-opt"))};
    spec.restart = parse_restart_policy(flags.value_or("restart", "no"));
    spec.auto_remove = flags.on("rm");
    if (spec.auto_remove && spec.restart.condition != desired::RestartPolicy::Condition::no) {
        throw UsageError{"conflicting options: --restart and --rm"};
    }
}

}  // namespace

desired::ContainerSpec spec_from_flags(const Flags& flags) {
    desired::ContainerSpec spec;
    spec.image = flags.words().front();
    take_process_flags(flags, spec);
    take_identity_flags(flags, spec);
    take_mount_flags(flags, spec);
    take_network_flags(flags, spec);
    take_resource_flags(flags, spec);
    take_health_flags(flags, spec);
    take_security_flags(flags, spec);
    take_device_flags(flags, spec);
    desired::require_possible(desired::impossible_values(spec));
    return spec;
}

}  // namespace stack::cli
