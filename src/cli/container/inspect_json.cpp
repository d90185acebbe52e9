#include "cli/container/inspect_json.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container/inspect_host_config.hpp"
#include "cli/container_text.hpp"
#include "desired/json.hpp"
#include "engine/runtime/apparmor.hpp"
#include "engine/runtime/security_options.hpp"

namespace stack::cli {

using desired::ContainerSpec;
using engine::ContainerRow;
using nlohmann::json;

namespace {

json health_json(const engine::Health& health) {
    json log = json::array();
    for (const engine::HealthProbe& probe : health.log) {
        log.push_back({{"Start", rfc3339(probe.start_ns)},
                       {"End", rfc3339(probe.end_ns)},
                       {"ExitCode", probe.exit_code},
                       {"Output", probe.output}});
    }
    return {{"Status", to_string(health.status)}, {"FailingStreak", health.failing_streak}, {"Log", std::move(log)}};
}

json state_json(const ContainerRow& row) {
    using engine::ContainerStatus;
    const bool alive = !row.vanished;
    json state = {{"Status", state_word(row)},
                  {"Running", alive && row.is_up()},
                  {"Paused", alive && row.status == ContainerStatus::paused},
                  {"Restarting", alive && row.status == ContainerStatus::restarting},
                  {"OOMKilled", row.oom_killed},
                  {"Dead", row.status == ContainerStatus::dead},
                  {"Pid", alive ? row.pid : 0},
                  {"ExitCode", row.shown_exit_code()},
                  {"Error", row.error},
                  {"StartedAt", rfc3339(row.started_ns)},
                  {"FinishedAt", rfc3339(row.finished_ns)}};
    if (row.health.status != engine::HealthStatus::none) {
        state["Health"] = health_json(row.health);
    }
    return state;
}

/// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8000"}], "53/udp": null}
json ports_json(const std::vector<engine::PublishedPort>& ports) {
    json all = json::object();
    for (const engine::PublishedPort& port : ports) {
        json& list = all[fmt::format("{}/{}", port.container_port, port.protocol)];
        if (port.host_port == 0) {
            continue;
        }
        const auto add = [&](const std::string& address) {
            list.push_back({{"HostIp", address}, {"HostPort", std::to_string(port.host_port)}});
        };
        if (port.host_ip.empty()) {
            add("0.0.0.0");
            add("::");
        } else {
            add(port.host_ip);
        }
    }
    return all;
}

/// `asked`: what was asked of the network, null where nothing was.
json endpoint_json(const engine::EndpointRow& endpoint, const desired::EndpointSpec* asked) {
    json addresses;
    if (asked != nullptr && !(asked->ipv4_address.empty() && asked->ipv6_address.empty())) {
        addresses = {{"IPv4Address", asked->ipv4_address}, {"IPv6Address", asked->ipv6_address}};
    }
    return {{"IPAMConfig", std::move(addresses)},
            {"Links", nullptr},
            {"DriverOpts", asked == nullptr || asked->driver_opts.empty() ? json{} : json(asked->driver_opts)},
            {"Aliases", endpoint.aliases},
            {"NetworkID", endpoint.network_id},
            {"Gateway", endpoint.ipv4_gateway},
            {"IPAddress", endpoint.ipv4},
            {"IPPrefixLen", endpoint.ipv4_prefix},
            {"IPv6Gateway", endpoint.ipv6_gateway},
            {"GlobalIPv6Address", endpoint.ipv6},
            {"GlobalIPv6PrefixLen", endpoint.ipv6_prefix},
            {"MacAddress", endpoint.mac},
            {"DNSNames", endpoint.dns_names}};
}

json network_json(const ContainerRow& row, const ContainerSpec& spec) {
    json networks = json::object();
    for (const engine::EndpointRow& endpoint : row.endpoints) {
        const auto asked = std::find_if(spec.endpoints.begin(), spec.endpoints.end(),
                                        [&](const auto& one) { return one.network == endpoint.network; });
        networks[endpoint.network] = endpoint_json(endpoint, asked == spec.endpoints.end() ? nullptr : &*asked);
    }
    if (spec.network_mode == "none" || spec.network_mode == "host") {
        networks[spec.network_mode] = endpoint_json({}, nullptr);
    }
    const engine::EndpointRow first = row.endpoints.empty() ? engine::EndpointRow{} : row.endpoints.front();
    return {{"Ports", ports_json(row.ports)},
            {"Networks", std::move(networks)},
            {"IPAddress", first.ipv4},
            {"IPPrefixLen", first.ipv4_prefix},
            {"Gateway", first.ipv4_gateway},
            {"MacAddress", first.mac},
            {"GlobalIPv6Address", first.ipv6},
            {"GlobalIPv6PrefixLen", first.ipv6_prefix},
            {"IPv6Gateway", first.ipv6_gateway},
            // Docker's, which its own networks do not fill any more.
            {"Bridge", ""},
            {"HairpinMode", false},
            {"LinkLocalIPv6Address", ""},
            {"LinkLocalIPv6PrefixLen", 0},
            {"SecondaryIPAddresses", nullptr},
            {"SecondaryIPv6Addresses", nullptr}};
}

json mounts_json(const ContainerRow& row) {
    json all = json::array();
    for (const engine::MountRow& mount : row.mounts) {
        json one = {{"Type", mount.type},
                    {"Source", mount.source},
                    {"Destination", mount.destination},
                    {"Mode", mount.read_write ? "" : "ro"},
                    {"RW", mount.read_write},
                    {"Propagation", mount.propagation}};
        if (mount.type == "volume") {
            one["Name"] = mount.name;
            one["Driver"] = "local";
        }
        all.push_back(std::move(one));
    }
    return all;
}

template <class T>
json first_of(const std::optional<T>& own, const std::optional<T>& images) {
    return own ? json(*own) : images ? json(*images) : json{};
}

/// The image's variables with the container's over them, in Docker's order.
json environment(const ContainerSpec& spec, const image::ImageConfig& image) {
    std::vector<std::string> all = spec.environment;
    const auto has = [&](const std::string& entry) {
        const std::string name = entry.substr(0, entry.find('=') + 1);
        return std::any_of(spec.environment.begin(), spec.environment.end(),
                           [&](const std::string& own) { return own.starts_with(name); });
    };
    for (const std::string& entry : image.env) {
        if (!has(entry)) {
            all.push_back(entry);
        }
    }
    return all;
}

/// What the container asks for over what its image says; null without a check. Times in ns, as Docker has them.
json healthcheck_json(const ContainerSpec& spec, const image::ImageConfig& image) {
    const image::ImageHealthcheck built_in = image.healthcheck.value_or(image::ImageHealthcheck{});
    const desired::Healthcheck own = spec.healthcheck.value_or(desired::Healthcheck{});
    if (own.disabled) {
        return {{"Test", {"NONE"}}};
    }
    const std::vector<std::string>& test = own.has_test ? own.test : built_in.test;
    if (test.empty()) {
        return nullptr;
    }
    json check{{"Test", test}};
    const auto add = [&check](const char* name, bool written, auto ours, auto images) {
        if (const std::int64_t value = written ? ours : images; value != 0) {
            check[name] = value;
        }
    };
    add("Interval", own.has_interval, own.interval.count(), built_in.interval.count());
    add("Timeout", own.has_timeout, own.timeout.count(), built_in.timeout.count());
    add("StartPeriod", own.has_start_period, own.start_period.count(), built_in.start_period.count());
    add("StartInterval", own.has_start_interval, own.start_interval.count(), built_in.start_interval.count());
    add("Retries", own.has_retries, own.retries, built_in.retries);
    return check;
}

json config_json(const ContainerRow& row, const ContainerSpec& spec, const image::ImageConfig& image) {
    json exposed = json::object();
    for (const engine::PublishedPort& port : row.ports) {
        exposed[fmt::format("{}/{}", port.container_port, port.protocol)] = json::object();
    }
    for (const std::string& port : spec.expose) {
        exposed[port] = json::object();
    }
    for (const std::string& port : image.exposed_ports) {
        exposed[port] = json::object();
    }
    json volumes = json::object();
    for (const std::string& path : image.volumes) {
        volumes[path] = json::object();
    }
    for (const desired::Mount& mount : spec.mounts) {
        if (mount.type == desired::Mount::Type::volume && mount.source.empty()) {
            volumes[mount.target] = json::object();
        }
    }
    json config = {{"Hostname", spec.hostname.empty() ? short_id(row.id) : spec.hostname},
                   {"Domainname", spec.domainname},
                   {"User", spec.user.empty() ? image.user : spec.user},
                   {"Tty", spec.tty},
                   {"OpenStdin", spec.stdin_open},
                   {"StdinOnce", spec.stdin_once},
                   {"Env", environment(spec, image)},
                   {"Cmd", spec.entrypoint && !spec.command ? json{} : first_of(spec.command, image.cmd)},
                   {"Entrypoint", first_of(spec.entrypoint, image.entrypoint)},
                   {"Image", row.image},
                   {"Volumes", std::move(volumes)},
                   {"WorkingDir", spec.working_dir.empty() ? image.working_dir : spec.working_dir},
                   {"Labels", row.labels},
                   {"ExposedPorts", std::move(exposed)},
                   {"Healthcheck", healthcheck_json(spec, image)},
                   {"OnBuild", image.on_build.empty() ? json{} : json(image.on_build)},
                   {"StopSignal", spec.stop_signal.empty() ? image.stop_signal : spec.stop_signal},
                   // Whether a client looks on is the client's affair here.
                   {"AttachStdin", false},
                   {"AttachStdout", false},
                   {"AttachStderr", false}};
    if (spec.stop_grace_period) {
        config["StopTimeout"] = std::chrono::ceil<std::chrono::seconds>(*spec.stop_grace_period).count();
    }
    return config;
}

/// Where the container's files lie on the host. Only it itself sees them put together.
json graph_driver_json(const ContainerRow& row, const Paths& paths) {
    const auto folder = paths.container(row.id);
    return {{"Name", "overlay2"},
            {"Data",
             {{"UpperDir", (folder / "upper").string()},
              {"WorkDir", (folder / "work").string()},
              {"MergedDir", (folder / "merged").string()}}}};
}

/// As they are executed: an entrypoint of one's own clears the image's command.
std::vector<std::string> command_words(const ContainerSpec& spec, const image::ImageConfig& image) {
    std::vector<std::string> words =
        spec.entrypoint ? *spec.entrypoint : image.entrypoint.value_or(std::vector<std::string>{});
    const auto command = spec.command ? spec.command : spec.entrypoint ? std::nullopt : image.cmd;
    if (command) {
        words.insert(words.end(), command->begin(), command->end());
    }
    return words;
}

}  // namespace

json inspect_json(const ContainerRow& row, const image::ImageConfig* image, const Paths& paths) {
    const ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    const image::ImageConfig none;
    const std::string run_dir = paths.container_run(row.id);
    const std::vector<std::string> words = command_words(spec, image ? *image : none);
    return json::array(
               {{{"Id", row.id},
                 {"Created", rfc3339(row.created_ns)},
                 {"Path", words.empty() ? "" : words.front()},
                 {"Args", words.empty() ? words : std::vector<std::string>(words.begin() + 1, words.end())},
                 {"State", state_json(row)},
                 {"Image", row.image_id},
                 {"ResolvConfPath", run_dir + "/resolv.conf"},
                 {"HostnamePath", run_dir + "/hostname"},
                 {"HostsPath", run_dir + "/hosts"},
                 {"LogPath",
                  row.log_driver == "json-file" ? (paths.container(row.id) / (row.id + "-json.log")).string() : ""},
                 {"Name", "/" + row.name},
                 {"RestartCount", row.restart_count},
                 {"Driver", "overlay2"},
                 {"GraphDriver", graph_driver_json(row, paths)},
                 {"ExecIDs", nullptr},
                 {"MountLabel", ""},
                 {"ProcessLabel", ""},
                 {"Platform", "linux"},
                 {"AppArmorProfile", runtime::host_has_apparmor() ? runtime::apparmor_profile_of(spec) : ""},
                 {"HostConfig", host_config_json(row, spec)},
                 {"Mounts", mounts_json(row)},
                 {"Config", config_json(row, spec, image ? *image : none)},
                 {"NetworkSettings", network_json(row, spec)}}})
        .front();
}

}  // namespace stack::cli
