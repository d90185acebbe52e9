#include "compose/read_service.hpp"

#include "compose/graph.hpp"
#include "compose/read_values.hpp"

namespace stack::compose {

using read::entries;
using read::into;
using read::members;
using read::part;

namespace {

void read_blkio(const Node& node, BlkioConfig& blkio) {
    into(node, "weight", blkio.weight);
    entries(node, "weight_device", [&](const Node& item) {
        BlkioWeight weight;
        into(item, "path", weight.path);
        into(item, "weight", weight.weight);
        blkio.weight_device.push_back(std::move(weight));
    });
    const auto limits = [&](std::string_view key, std::vector<BlkioLimit>& target) {
        entries(node, key, [&](const Node& item) {
            BlkioLimit limit;
            into(item, "path", limit.path);
            into(item, "rate", limit.rate);
            target.push_back(std::move(limit));
        });
    };
    limits("device_read_bps", blkio.device_read_bps);
    limits("device_read_iops", blkio.device_read_iops);
    limits("device_write_bps", blkio.device_write_bps);
    limits("device_write_iops", blkio.device_write_iops);
}

Dependency read_dependency(const Member& member) {
    Dependency dependency;
    dependency.mark = member.key_mark;
    std::string condition;
    into(member.value, "condition", condition);
    if (condition == "service_healthy") {
        dependency.condition = DependencyCondition::healthy;
    } else if (condition == "service_completed_successfully") {
        dependency.condition = DependencyCondition::completed_successfully;
    }
    into(member.value, "restart", dependency.restart);
    into(member.value, "required", dependency.required);
    return dependency;
}

// What links and the like imply stands in depends_on by now, at the place of the key that implies it.
std::map<std::string, Dependency> read_dependencies(const Node& service) {
    std::map<std::string, Dependency> out;
    members(service, "depends_on", [&](const Member& member) { out.emplace(member.key, read_dependency(member)); });
    for (const ServiceReference& reference : service_references(service)) {
        const auto found = out.find(std::string{reference.name});
        if (found != out.end() && reference.cause != "depends_on" && found->second.mark == reference.mark) {
            found->second.cause = reference.cause;
        }
    }
    return out;
}

void read_healthcheck(const Node& node, Healthcheck& check) {
    into(node, "test", check.test);
    into(node, "interval", check.interval);
    into(node, "timeout", check.timeout);
    into(node, "start_period", check.start_period);
    into(node, "start_interval", check.start_interval);
    into(node, "retries", check.retries);
    into(node, "disable", check.disable);
}

Port read_port(const Node& node) {
    Port port;
    port.mark = node.mark;
    into(node, "name", port.name);
    into(node, "mode", port.mode);
    into(node, "host_ip", port.host_ip);
    into(node, "target", port.target);
    into(node, "published", port.published);
    into(node, "protocol", port.protocol);
    into(node, "app_protocol", port.app_protocol);
    return port;
}

Mount read_mount(const Node& node) {
    Mount mount;
    mount.mark = node.mark;
    into(node, "type", mount.type);
    into(node, "source", mount.source);
    into(node, "target", mount.target);
    into(node, "read_only", mount.read_only);
    into(node, "consistency", mount.consistency);
    into(node, "x-idmap", mount.idmap);
    if (const Node* bind = node.find("bind")) {
        mount.bind = Mount::Bind{};
        into(*bind, "propagation", mount.bind->propagation);
        into(*bind, "create_host_path", mount.bind->create_host_path);
        into(*bind, "recursive", mount.bind->recursive);
        into(*bind, "selinux", mount.bind->selinux);
    }
    if (const Node* volume = node.find("volume")) {
        mount.volume = Mount::Volume{};
        into(*volume, "labels", mount.volume->labels);
        into(*volume, "nocopy", mount.volume->nocopy);
        into(*volume, "subpath", mount.volume->subpath);
    }
    if (const Node* tmpfs = node.find("tmpfs")) {
        mount.tmpfs = Mount::Tmpfs{};
        into(*tmpfs, "size", mount.tmpfs->size);
        into(*tmpfs, "mode", mount.tmpfs->mode);
    }
    if (const Node* image = node.find("image")) {
        mount.image = Mount::Image{};
        into(*image, "subpath", mount.image->subpath);
    }
    return mount;
}

NetworkAttachment read_attachment(const Member& member) {
    const Node& node = member.value;
    NetworkAttachment attachment;
    attachment.mark = member.key_mark;
    into(node, "aliases", attachment.aliases);
    into(node, "interface_name", attachment.interface_name);
    into(node, "ipv4_address", attachment.ipv4_address);
    into(node, "ipv6_address", attachment.ipv6_address);
    into(node, "link_local_ips", attachment.link_local_ips);
    into(node, "mac_address", attachment.mac_address);
    into(node, "driver_opts", attachment.driver_opts);
    into(node, "priority", attachment.priority);
    into(node, "gw_priority", attachment.gw_priority);
    return attachment;
}

void read_hook(const Node& node, ServiceHook& hook) {
    hook.mark = node.mark;
    into(node, "command", hook.command);
    into(node, "user", hook.user);
    into(node, "privileged", hook.privileged);
    into(node, "working_dir", hook.working_dir);
    into(node, "environment", hook.environment);
}

std::vector<ServiceHook> read_hooks(const Node& node, std::string_view key) {
    std::vector<ServiceHook> hooks;
    entries(node, key, [&](const Node& item) { read_hook(item, hooks.emplace_back()); });
    return hooks;
}

WatchTrigger read_watch(const Node& node) {
    WatchTrigger watch;
    watch.mark = node.mark;
    into(node, "path", watch.path);
    into(node, "action", watch.action);
    into(node, "target", watch.target);
    into(node, "ignore", watch.ignore);
    into(node, "include", watch.include);
    part(node, "exec", watch.exec, read_hook);
    into(node, "initial_sync", watch.initial_sync);
    return watch;
}

void read_resources_of(const Node& node, Service& service) {
    part(node, "blkio_config", service.blkio_config, read_blkio);
    into(node, "cpu_count", service.cpu_count);
    into(node, "cpu_percent", service.cpu_percent);
    into(node, "cpu_period", service.cpu_period);
    into(node, "cpu_quota", service.cpu_quota);
    into(node, "cpu_rt_period", service.cpu_rt_period);
    into(node, "cpu_rt_runtime", service.cpu_rt_runtime);
    into(node, "cpu_shares", service.cpu_shares);
    into(node, "cpus", service.cpus);
    into(node, "cpuset", service.cpuset);
    into(node, "mem_limit", service.mem_limit);
    into(node, "mem_reservation", service.mem_reservation);
    into(node, "mem_swappiness", service.mem_swappiness);
    into(node, "memswap_limit", service.memswap_limit);
    into(node, "oom_kill_disable", service.oom_kill_disable);
    into(node, "oom_score_adj", service.oom_score_adj);
    into(node, "pids_limit", service.pids_limit);
    into(node, "shm_size", service.shm_size);
    into(node, "storage_opt", service.storage_opt);
    into(node, "sysctls", service.sysctls);
    into(node, "ulimits", service.ulimits);
    service.gpus = read_device_requests(node, "gpus");
    entries(node, "devices", [&](const Node& item) {
        DeviceMapping device;
        device.mark = item.mark;
        into(item, "source", device.source);
        into(item, "target", device.target);
        into(item, "permissions", device.permissions);
        service.devices.push_back(std::move(device));
    });
    into(node, "device_cgroup_rules", service.device_cgroup_rules);
}

void read_network_of(const Node& node, Service& service) {
    into(node, "dns", service.dns);
    into(node, "dns_opt", service.dns_opt);
    into(node, "dns_search", service.dns_search);
    into(node, "domainname", service.domainname);
    into(node, "expose", service.expose);
    into(node, "external_links", service.external_links);
    into(node, "extra_hosts", service.extra_hosts);
    into(node, "hostname", service.hostname);
    into(node, "links", service.links);
    into(node, "x-link-variables", service.link_variables);
    into(node, "mac_address", service.mac_address);
    into(node, "network_mode", service.network_mode);
    members(node, "networks",
            [&](const Member& member) { service.networks.emplace(member.key, read_attachment(member)); });
    entries(node, "ports", [&](const Node& item) { service.ports.push_back(read_port(item)); });
}

void read_files_of(const Node& node, Service& service) {
    into(node, "configs", service.configs);
    into(node, "secrets", service.secrets);
    into(node, "tmpfs", service.tmpfs);
    into(node, "volumes_from", service.volumes_from);
    entries(node, "volumes", [&](const Node& item) { service.volumes.push_back(read_mount(item)); });
    into(node, "label_file", service.label_file);
    entries(node, "env_file", [&](const Node& item) {
        EnvFile file;
        file.mark = item.mark;
        into(item, "path", file.path);
        into(item, "required", file.required);
        into(item, "format", file.format);
        service.env_file.push_back(std::move(file));
    });
}

void read_security_of(const Node& node, Service& service) {
    into(node, "cap_add", service.cap_add);
    into(node, "cap_drop", service.cap_drop);
    into(node, "cgroup", service.cgroup);
    into(node, "cgroup_parent", service.cgroup_parent);
    part(node, "credential_spec", service.credential_spec, [](const Node& from, CredentialSpec& spec) {
        into(from, "config", spec.config);
        into(from, "file", spec.file);
        into(from, "registry", spec.registry);
    });
    into(node, "group_add", service.group_add);
    into(node, "ipc", service.ipc);
    into(node, "isolation", service.isolation);
    into(node, "pid", service.pid);
    into(node, "privileged", service.privileged);
    into(node, "read_only", service.read_only);
    into(node, "runtime", service.runtime);
    into(node, "security_opt", service.security_opt);
    into(node, "user", service.user);
    into(node, "userns_mode", service.userns_mode);
    into(node, "uts", service.uts);
    into(node, "use_api_socket", service.use_api_socket);
}

void read_life_of(const Node& node, Service& service) {
    into(node, "attach", service.attach);
    service.depends_on = read_dependencies(node);
    part(node, "healthcheck", service.healthcheck, read_healthcheck);
    part(node, "logging", service.logging, [](const Node& from, Logging& logging) {
        into(from, "driver", logging.driver);
        into(from, "options", logging.options);
    });
    service.post_start = read_hooks(node, "post_start");
    service.pre_stop = read_hooks(node, "pre_stop");
    into(node, "profiles", service.profiles);
    into(node, "restart", service.restart);
    into(node, "scale", service.scale);
    into(node, "stop_grace_period", service.stop_grace_period);
    into(node, "stop_signal", service.stop_signal);
    if (const Node* develop = node.find("develop")) {
        entries(*develop, "watch", [&](const Node& item) { service.develop_watch.push_back(read_watch(item)); });
    }
}

void read_elsewhere_of(const Node& node, Service& service) {
    part(node, "provider", service.provider, [](const Node& from, Provider& provider) {
        into(from, "type", provider.type);
        into(from, "options", provider.options);
    });
    members(node, "models", [&](const Member& member) {
        ModelReference reference;
        reference.mark = member.key_mark;
        into(member.value, "endpoint_var", reference.endpoint_var);
        into(member.value, "model_var", reference.model_var);
        service.models.emplace(member.key, std::move(reference));
    });
}

}  // namespace

Service read_service(const Member& member) {
    const Node& node = member.value;
    Service service;
    service.name = member.key;
    service.mark = member.key_mark;
    for (const Member& key : node.members()) {
        service.key_marks.emplace(key.key, key.key_mark);
    }
    into(node, "annotations", service.annotations);
    into(node, "command", service.command);
    into(node, "container_name", service.container_name);
    into(node, "entrypoint", service.entrypoint);
    into(node, "environment", service.environment);
    into(node, "image", service.image);
    into(node, "init", service.init);
    into(node, "labels", service.labels);
    into(node, "platform", service.platform);
    into(node, "pull_policy", service.pull_policy);
    into(node, "pull_refresh_after", service.pull_refresh_after);
    into(node, "stdin_open", service.stdin_open);
    into(node, "tty", service.tty);
    into(node, "working_dir", service.working_dir);
    if (const Node* build = node.find("build")) {
        service.build = read_build(*build);
    }
    if (const Node* deploy = node.find("deploy")) {
        service.deploy = read_deploy(*deploy);
    }
    read_resources_of(node, service);
    read_network_of(node, service);
    read_files_of(node, service);
    read_security_of(node, service);
    read_life_of(node, service);
    read_elsewhere_of(node, service);
    return service;
}

std::int64_t Service::replicas() const {
    if (scale) {
        return *scale;
    }
    return deploy && deploy->replicas ? *deploy->replicas : 1;
}

}  // namespace stack::compose
