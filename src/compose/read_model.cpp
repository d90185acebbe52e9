#include "compose/read_model.hpp"

#include "compose/read_service.hpp"
#include "compose/read_values.hpp"

namespace stack::compose {

using read::entries;
using read::into;
using read::members;

namespace {

Network read_network(const Member& member) {
    const Node& node = member.value;
    Network network;
    network.mark = member.key_mark;
    into(node, "name", network.name);
    into(node, "driver", network.driver);
    into(node, "driver_opts", network.driver_opts);
    into(node, "external", network.external);
    into(node, "internal", network.internal);
    into(node, "attachable", network.attachable);
    into(node, "enable_ipv4", network.enable_ipv4);
    into(node, "enable_ipv6", network.enable_ipv6);
    into(node, "labels", network.labels);
    if (const Node* ipam = node.find("ipam")) {
        into(*ipam, "driver", network.ipam_driver);
        into(*ipam, "options", network.ipam_options);
        entries(*ipam, "config", [&](const Node& item) {
            IpamPool pool;
            pool.mark = item.mark;
            into(item, "subnet", pool.subnet);
            into(item, "ip_range", pool.ip_range);
            into(item, "gateway", pool.gateway);
            into(item, "aux_addresses", pool.aux_addresses);
            network.ipam_config.push_back(std::move(pool));
        });
    }
    return network;
}

Volume read_volume(const Member& member) {
    const Node& node = member.value;
    Volume volume;
    volume.mark = member.key_mark;
    into(node, "name", volume.name);
    into(node, "driver", volume.driver);
    into(node, "driver_opts", volume.driver_opts);
    into(node, "external", volume.external);
    into(node, "labels", volume.labels);
    return volume;
}

FileSource read_file_source(const Member& member) {
    const Node& node = member.value;
    FileSource source;
    source.mark = member.key_mark;
    into(node, "name", source.name);
    into(node, "file", source.file);
    into(node, "environment", source.environment);
    if (const Node* content = node.find("content")) {
        source.content = content->text;
    }
    into(node, "external", source.external);
    into(node, "driver", source.driver);
    into(node, "driver_opts", source.driver_opts);
    into(node, "template_driver", source.template_driver);
    into(node, "labels", source.labels);
    return source;
}

AiModel read_ai_model(const Member& member) {
    const Node& node = member.value;
    AiModel model;
    model.mark = member.key_mark;
    into(node, "name", model.name);
    into(node, "model", model.model);
    into(node, "context_size", model.context_size);
    into(node, "runtime_flags", model.runtime_flags);
    return model;
}

}  // namespace

Project read_project(const Node& document, const Node& inactive_services) {
    Project project;
    members(document, "services", [&](const Member& m) { project.services.emplace(m.key, read_service(m)); });
    for (const Member& member : inactive_services.members()) {
        project.disabled_services.emplace(member.key, read_service(member));
    }
    members(document, "networks", [&](const Member& m) { project.networks.emplace(m.key, read_network(m)); });
    members(document, "volumes", [&](const Member& m) { project.volumes.emplace(m.key, read_volume(m)); });
    members(document, "secrets", [&](const Member& m) { project.secrets.emplace(m.key, read_file_source(m)); });
    members(document, "configs", [&](const Member& m) { project.configs.emplace(m.key, read_file_source(m)); });
    members(document, "models", [&](const Member& m) { project.models.emplace(m.key, read_ai_model(m)); });
    return project;
}

}  // namespace stack::compose
