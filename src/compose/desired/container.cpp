#include <fmt/format.h>

#include "compose/desired/parts.hpp"

namespace stack::compose::desired_parts {

namespace {

std::vector<std::string> variables_of(const OptionalStringMap& environment) {
    std::vector<std::string> out;
    for (const auto& [name, value] : environment) {
        // Without a value here and in the shell the variable is not set (compose-spec 05-services "environment").
        if (value) {
            out.push_back(fmt::format("{}={}", name, *value));
        }
    }
    return out;
}

std::vector<desired::Hook> hooks_of(const std::vector<ServiceHook>& hooks) {
    std::vector<desired::Hook> out;
    for (const ServiceHook& hook : hooks) {
        out.push_back({hook.command, hook.user, hook.working_dir, hook.privileged, variables_of(hook.environment)});
    }
    return out;
}

std::vector<desired::Ulimit> ulimits_of(const Service& service) {
    std::vector<desired::Ulimit> out;
    for (const auto& [name, limit] : service.ulimits) {
        out.push_back({name, limit.soft, limit.hard});
    }
    return out;
}

std::vector<desired::Link> links_of(const Service& service) {
    std::vector<desired::Link> out;
    for (const std::string& link : service.links) {
        const std::size_t colon = link.find(':');
        out.push_back({link.substr(0, colon), colon == std::string::npos ? link : link.substr(colon + 1),
                       service.link_variables});
    }
    return out;
}

std::vector<std::string> hosts_of(const Service& service) {
    std::vector<std::string> out;
    for (const auto& [host, addresses] : service.extra_hosts) {
        for (const std::string& address : addresses) {
            out.push_back(fmt::format("{}:{}", host, address));
        }
    }
    return out;
}

void fill_process(desired::ContainerSpec& spec, const Service& service) {
    spec.command = service.command;
    spec.entrypoint = service.entrypoint;
    spec.environment = variables_of(service.environment);
    spec.user = service.user;
    spec.working_dir = service.working_dir;
    spec.group_add = service.group_add;
    spec.tty = service.tty;
    spec.stdin_open = service.stdin_open;
    spec.init = service.init.value_or(false);
    spec.attach = service.attach;
    spec.stop_signal = service.stop_signal;
    spec.stop_grace_period = service.stop_grace_period;
    spec.post_start = hooks_of(service.post_start);
    spec.pre_stop = hooks_of(service.pre_stop);
}

void fill_isolation(desired::ContainerSpec& spec, const Service& service) {
    spec.privileged = service.privileged;
    spec.read_only = service.read_only;
    spec.cap_add = service.cap_add;
    spec.cap_drop = service.cap_drop;
    spec.security_opt = service.security_opt;
    spec.sysctls = service.sysctls;
    spec.ulimits = ulimits_of(service);
    spec.devices = devices_of(service);
    spec.device_cgroup_rules = service.device_cgroup_rules;
    spec.device_requests = device_requests_of(service);
    spec.runtime = service.runtime;
    spec.isolation = service.isolation;
    spec.ipc = service.ipc;
    spec.pid = service.pid;
    spec.uts = service.uts;
    spec.userns = service.userns_mode;
    spec.cgroup = service.cgroup;
    spec.cgroup_parent = service.cgroup_parent;
}

void fill_network(desired::ContainerSpec& spec, const Input& input, const Service& service) {
    spec.hostname = service.hostname;
    spec.domainname = service.domainname;
    spec.network_mode = service.network_mode;
    spec.endpoints = endpoints_of(input, service);
    spec.ports = ports_of(input, service);
    spec.expose = service.expose;
    spec.dns = service.dns;
    spec.dns_search = service.dns_search;
    spec.dns_opt = service.dns_opt;
    spec.extra_hosts = hosts_of(service);
    spec.links = links_of(service);
    spec.external_links = service.external_links;
    spec.mac_address = service.mac_address;
}

}  // namespace

desired::ContainerSpec container_of(const Input& input, const Service& service) {
    desired::ContainerSpec spec;
    spec.image = image_of(input.project(), service);
    spec.platform = service.platform;
    fill_process(spec, service);
    fill_isolation(spec, service);
    fill_network(spec, input, service);
    spec.labels = service.labels;
    spec.annotations = service.annotations;
    spec.resources = resources_of(input, service);
    spec.shm_size = service.shm_size.value_or(0);
    spec.storage_opt = service.storage_opt;
    spec.mounts = mounts_of(input, service);
    spec.volumes_from = service.volumes_from;
    spec.files = files_of(input, service);
    spec.healthcheck = healthcheck_of(service);
    spec.restart = restart_of(input, service);
    if (service.logging) {
        spec.logging = {service.logging->driver, service.logging->options};
    }
    return spec;
}

}  // namespace stack::compose::desired_parts
