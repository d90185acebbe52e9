#include "compose/read_service.hpp"
#include "compose/read_values.hpp"

namespace stack::compose {

using read::entries;
using read::into;
using read::part;

Build read_build(const Node& node) {
    Build build;
    build.mark = node.mark;
    into(node, "context", build.context);
    into(node, "dockerfile", build.dockerfile);
    into(node, "dockerfile_inline", build.dockerfile_inline);
    into(node, "args", build.args);
    entries(node, "ssh", [&](const Node& item) {
        const std::size_t equals = item.text.find('=');
        build.ssh.emplace(item.text.substr(0, equals),
                          equals == std::string::npos ? std::string{} : item.text.substr(equals + 1));
    });
    into(node, "labels", build.labels);
    into(node, "cache_from", build.cache_from);
    into(node, "cache_to", build.cache_to);
    into(node, "no_cache", build.no_cache);
    into(node, "additional_contexts", build.additional_contexts);
    into(node, "network", build.network);
    into(node, "provenance", build.provenance);
    into(node, "sbom", build.sbom);
    into(node, "pull", build.pull);
    into(node, "target", build.target);
    into(node, "shm_size", build.shm_size);
    into(node, "extra_hosts", build.extra_hosts);
    into(node, "isolation", build.isolation);
    into(node, "privileged", build.privileged);
    into(node, "secrets", build.secrets);
    into(node, "tags", build.tags);
    into(node, "ulimits", build.ulimits);
    into(node, "platforms", build.platforms);
    into(node, "entitlements", build.entitlements);
    return build;
}

std::vector<DeviceRequest> read_device_requests(const Node& node, std::string_view key) {
    std::vector<DeviceRequest> requests;
    entries(node, key, [&](const Node& item) {
        DeviceRequest request;
        request.mark = item.mark;
        into(item, "capabilities", request.capabilities);
        into(item, "driver", request.driver);
        into(item, "count", request.count);
        into(item, "device_ids", request.device_ids);
        into(item, "options", request.options);
        requests.push_back(std::move(request));
    });
    return requests;
}

namespace {

void read_resources(const Node& node, Resources& resources) {
    into(node, "cpus", resources.cpus);
    into(node, "memory", resources.memory);
    into(node, "pids", resources.pids);
    resources.devices = read_device_requests(node, "devices");
    entries(node, "generic_resources", [&](const Node& item) {
        if (const Node* spec = item.find("discrete_resource_spec")) {
            GenericResource resource;
            into(*spec, "kind", resource.kind);
            into(*spec, "value", resource.value);
            resources.generic_resources.push_back(std::move(resource));
        }
    });
}

void read_update(const Node& node, UpdateConfig& update) {
    into(node, "parallelism", update.parallelism);
    into(node, "delay", update.delay);
    into(node, "failure_action", update.failure_action);
    into(node, "monitor", update.monitor);
    into(node, "max_failure_ratio", update.max_failure_ratio);
    into(node, "order", update.order);
}

}  // namespace

Deploy read_deploy(const Node& node) {
    Deploy deploy;
    deploy.mark = node.mark;
    into(node, "mode", deploy.mode);
    into(node, "endpoint_mode", deploy.endpoint_mode);
    into(node, "replicas", deploy.replicas);
    into(node, "labels", deploy.labels);
    part(node, "update_config", deploy.update_config, read_update);
    part(node, "rollback_config", deploy.rollback_config, read_update);
    if (const Node* resources = node.find("resources")) {
        part(*resources, "limits", deploy.limits, read_resources);
        part(*resources, "reservations", deploy.reservations, read_resources);
    }
    part(node, "restart_policy", deploy.restart_policy, [](const Node& from, RestartPolicy& policy) {
        into(from, "condition", policy.condition);
        into(from, "delay", policy.delay);
        into(from, "max_attempts", policy.max_attempts);
        into(from, "window", policy.window);
    });
    part(node, "placement", deploy.placement, [](const Node& from, Placement& placement) {
        into(from, "constraints", placement.constraints);
        into(from, "max_replicas_per_node", placement.max_replicas_per_node);
        entries(from, "preferences", [&](const Node& item) {
            std::string spread;
            into(item, "spread", spread);
            placement.preferences.push_back(std::move(spread));
        });
    });
    return deploy;
}

}  // namespace stack::compose
