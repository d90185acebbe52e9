#include "compose/check/unknown_key.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compose/check/report.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

/// Keys that people bring from elsewhere (docker run, Kubernetes, the first format), and what says the same here.
/// `below` is the end of the mapping's path: "service" for a service, "" for the top of the file, else its last key.
struct Elsewhere {
    std::string_view below;
    std::string_view key;
    std::string_view hint;
};

constexpr std::array elsewheres{
    Elsewhere{"service", "dockerfile", "'dockerfile' belongs below 'build'"},
    Elsewhere{"service", "context", "'context' belongs below 'build'"},
    Elsewhere{"service", "args", "'args' belongs below 'build'; for the container use 'command' or 'environment'"},
    Elsewhere{"service", "target", "'target' belongs below 'build', or to an entry of 'ports' or 'volumes'"},
    Elsewhere{"service", "cache_from", "'cache_from' belongs below 'build'"},
    Elsewhere{"service", "name", "write 'container_name', or rename the service itself"},
    Elsewhere{"service", "env", "write 'environment'"},
    Elsewhere{"service", "envs", "write 'environment'"},
    Elsewhere{"service", "env_vars", "write 'environment'"},
    Elsewhere{"service", "cmd", "write 'command'"},
    Elsewhere{"service", "run", "write 'command'"},
    Elsewhere{"service", "memory", "write 'mem_limit'"},
    Elsewhere{"service", "mem", "write 'mem_limit'"},
    Elsewhere{"service", "memory_limit", "write 'mem_limit'"},
    Elsewhere{"service", "memswap", "write 'memswap_limit'"},
    Elsewhere{"service", "cpu", "write 'cpus'"},
    Elsewhere{"service", "replicas", "write 'scale', or 'replicas' below 'deploy'"},
    Elsewhere{"service", "resources", "'resources' belongs below 'deploy'"},
    Elsewhere{"service", "limits", "'limits' belongs below 'deploy.resources'"},
    Elsewhere{"service", "reservations", "'reservations' belongs below 'deploy.resources'"},
    Elsewhere{"service", "restart_policy", "write 'restart', or 'restart_policy' below 'deploy'"},
    Elsewhere{"service", "update_config", "'update_config' belongs below 'deploy'"},
    Elsewhere{"service", "placement", "'placement' belongs below 'deploy'"},
    Elsewhere{"service", "watch", "'watch' belongs below 'develop'"},
    Elsewhere{"service", "test", "'test' belongs below 'healthcheck'"},
    Elsewhere{"service", "interval", "'interval' belongs below 'healthcheck'"},
    Elsewhere{"service", "timeout", "'timeout' belongs below 'healthcheck'"},
    Elsewhere{"service", "retries", "'retries' belongs below 'healthcheck'"},
    Elsewhere{"service", "health_check", "write 'healthcheck'"},
    Elsewhere{"service", "network", "write 'networks' with a list of names, or 'network_mode'"},
    Elsewhere{"service", "net", "write 'network_mode'"},
    Elsewhere{"service", "aliases", "'aliases' belongs below a network in 'networks'"},
    Elsewhere{"service", "ipv4_address", "'ipv4_address' belongs below a network in 'networks'"},
    Elsewhere{"service", "workdir", "write 'working_dir'"},
    Elsewhere{"service", "mount", "write 'volumes'"},
    Elsewhere{"service", "mounts", "write 'volumes'"},
    Elsewhere{"service", "publish", "write 'ports'"},
    Elsewhere{"service", "log_driver", "write 'driver' below 'logging'"},
    Elsewhere{"service", "log_opt", "write 'options' below 'logging'"},
    Elsewhere{"service", "volume_driver", "write 'driver' below the volume at the top of the file"},
    Elsewhere{"service", "requires", "write 'depends_on'"},
    Elsewhere{"service", "services", "services do not lie within each other; indent 'services' less"},
    Elsewhere{"healthcheck", "command", "write 'test'"},
    Elsewhere{"healthcheck", "cmd", "write 'test'"},
    Elsewhere{"healthcheck", "start_delay", "write 'start_period'"},
    Elsewhere{"healthcheck", "initial_delay", "write 'start_period'"},
    Elsewhere{"build", "path", "write 'context'"},
    Elsewhere{"build", "file", "write 'dockerfile'"},
    Elsewhere{"build", "environment", "write 'args' for variables of the build"},
    Elsewhere{"build", "env", "write 'args' for variables of the build"},
    Elsewhere{"build", "build_args", "write 'args'"},
    Elsewhere{"build", "image", "'image' belongs beside 'build'; for further names use 'tags'"},
    Elsewhere{"deploy", "limits", "'limits' belongs below 'resources'"},
    Elsewhere{"deploy", "memory", "write 'memory' below 'resources.limits'"},
    Elsewhere{"deploy", "cpus", "write 'cpus' below 'resources.limits'"},
    Elsewhere{"deploy", "scale", "write 'replicas'"},
    Elsewhere{"deploy", "restart", "write 'restart_policy', or 'restart' beside 'deploy'"},
    Elsewhere{"limits", "mem", "write 'memory'"},
    Elsewhere{"limits", "mem_limit", "write 'memory'"},
    Elsewhere{"limits", "cpu", "write 'cpus'"},
    Elsewhere{"limits", "pids_limit", "write 'pids'"},
    Elsewhere{"logging", "max-size", "'max-size' belongs below 'options'"},
    Elsewhere{"logging", "max-file", "'max-file' belongs below 'options'"},
    Elsewhere{"logging", "opts", "write 'options'"},
    Elsewhere{"network", "subnet", "write 'ipam: {config: [{subnet: …}]}'"},
    Elsewhere{"network", "gateway", "'gateway' belongs below 'ipam.config'"},
    Elsewhere{"network", "options", "write 'driver_opts'"},
    Elsewhere{"volume", "options", "write 'driver_opts'"},
    Elsewhere{"volume", "path",
              "a folder of the host needs no entry here; mount it with './path:/target' in the service"},
    Elsewhere{"volume", "source",
              "a folder of the host needs no entry here; mount it with './path:/target' in the service"},
    Elsewhere{"secret", "content", "secrets come from 'file' or 'environment'; only configs have 'content'"},
    Elsewhere{"secret", "value", "secrets come from 'file' or 'environment'"},
    Elsewhere{"config", "value", "write 'content'"},
    Elsewhere{"ports", "host", "write 'published'"},
    Elsewhere{"ports", "container", "write 'target'"},
    Elsewhere{"ports", "host_port", "write 'published'"},
    Elsewhere{"ports", "container_port", "write 'target'"},
    Elsewhere{"ports", "port", "write 'target' for the container's port, 'published' for the host's"},
    Elsewhere{"volumes", "destination", "write 'target'"},
    Elsewhere{"volumes", "dst", "write 'target'"},
    Elsewhere{"volumes", "src", "write 'source'"},
    Elsewhere{"volumes", "readonly", "write 'read_only'"},
    Elsewhere{"volumes", "ro", "write 'read_only'"},
};

/// What kind of mapping a path leads to: see Elsewhere::below.
std::string_view kind_of(const Path& path) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> sections{{{"services", "service"},
                                                                                            {"networks", "network"},
                                                                                            {"volumes", "volume"},
                                                                                            {"secrets", "secret"},
                                                                                            {"configs", "config"}}};
    if (path.depth() == 0) {
        return "";
    }
    if (path.depth() == 2) {
        for (const auto& [section, kind] : sections) {
            if (path.step(0) == section) {
                return kind;
            }
        }
    }
    // An entry of a list is what the list is made of.
    return path.key().empty() ? path.parent()->key() : path.key();
}

/// dependsOn, depends-on, DEPENDS_ON: all the same word.
std::string bare(std::string_view word) {
    std::string out;
    for (const char c : to_lower(word)) {
        if (c != '_' && c != '-' && c != ' ') {
            out += c;
        }
    }
    return out;
}

const std::string_view* same_word(std::string_view key, std::span<const std::string_view> names) {
    const auto wanted = bare(key);
    for (const auto& name : names) {
        if (bare(name) == wanted) {
            return &name;
        }
    }
    return nullptr;
}

/// At the top of the file: a service that lies beside 'services', or a service's key.
std::string mend_top_level(const Rule& file, const Member& member) {
    const Rule* services = file.find_member("services");
    const Rule* service = services == nullptr ? nullptr : services->extra_rule;
    if (service == nullptr) {
        return {};
    }
    if (member.value.is_mapping() && (member.value.has("image") || member.value.has("build"))) {
        return fmt::format("services lie below 'services': indent '{}' by two spaces", shown(member.key));
    }
    if (service->find_member(member.key) != nullptr) {
        return fmt::format("'{}' belongs to a service: indent it below the service's name", member.key);
    }
    return {};
}

std::string mend_from_table(std::string_view kind, std::string_view key) {
    for (const auto& entry : elsewheres) {
        if (entry.below == kind && entry.key == key) {
            return std::string{entry.hint};
        }
    }
    return {};
}

}  // namespace

std::string mend_unknown_key(const Rule& rule, const Path& path, const Member& member) {
    const auto kind = kind_of(path);
    if (const auto* same = same_word(member.key, rule.member_names)) {
        return fmt::format("did you mean '{}'?", *same);
    }
    auto table = mend_from_table(kind, to_lower(member.key));
    if (table.empty() && path.depth() == 0) {
        table = mend_top_level(rule, member);
    }
    if (!table.empty()) {
        return table;
    }
    if (const auto near = nearest(member.key, to_strings(rule.member_names))) {
        return fmt::format("did you mean '{}'?", *near);
    }
    constexpr std::size_t few = 14;
    if (rule.member_names.size() <= few) {
        return fmt::format("allowed: {}", enumerate(to_strings(rule.member_names)));
    }
    if (kind == "service" && compose_file_rule().find_member(member.key) != nullptr) {
        return fmt::format("'{}' stands at the top of the file: indent it less", member.key);
    }
    return "remove it, or begin it with 'x-' if it is for another tool";
}

}  // namespace stack::compose
