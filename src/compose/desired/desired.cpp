#include "compose/desired/desired.hpp"

#include <limits>

#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "desired/hash.hpp"

namespace stack::compose {

namespace {

using desired_parts::Input;

desired::NetworkSpec network_of(const Input& input, const std::string& key, const Network& network) {
    desired::NetworkSpec out;
    out.key = key;
    out.name = network.name;
    if (!network.driver.empty()) {
        out.driver = network.driver;
    }
    out.driver_opts = network.driver_opts;
    out.labels = network.labels;
    for (const IpamPool& pool : network.ipam_config) {
        out.ipam.push_back({pool.subnet, pool.gateway, pool.ip_range, pool.aux_addresses});
    }
    out.ipam_driver = network.ipam_driver;
    out.internal = network.internal;
    out.attachable = network.attachable;
    out.external = network.external;
    out.enable_ipv4 = network.enable_ipv4.value_or(true);
    out.enable_ipv6 = network.enable_ipv6.value_or(false);
    out.pos = input.position(network.mark);
    if (!network.ipam_options.empty()) {
        input.findings.warning(network.mark, Path{},
                               fmt::format("'ipam.options' of network '{}' have no effect: addresses are given out by "
                                           "the engine itself",
                                           key));
    }
    return out;
}

desired::VolumeSpec volume_of(const Input& input, const std::string& key, const Volume& volume) {
    desired::VolumeSpec out;
    out.key = key;
    out.name = volume.name;
    if (!volume.driver.empty()) {
        out.driver = volume.driver;
    }
    out.driver_opts = volume.driver_opts;
    out.labels = volume.labels;
    out.external = volume.external;
    out.pos = input.position(volume.mark);
    return out;
}

desired::Dependency dependency_of(const std::string& service, const Dependency& dependency) {
    using Condition = desired::Dependency::Condition;
    Condition condition = Condition::started;
    if (dependency.condition == DependencyCondition::healthy) {
        condition = Condition::healthy;
    } else if (dependency.condition == DependencyCondition::completed_successfully) {
        condition = Condition::completed_successfully;
    }
    return {service, condition, dependency.required, dependency.restart};
}

int scale_of(const Input& input, const Service& service) {
    const std::int64_t replicas = service.replicas();
    if (replicas < 0 || replicas > std::numeric_limits<int>::max()) {
        input.findings.error(desired_parts::place_of(service, "scale"), Path{},
                             fmt::format("service '{}' asks for {} replicas", service.name, replicas));
        return 0;
    }
    return static_cast<int>(replicas);
}

desired::ServiceSpec service_of(const Input& input, const Service& service) {
    desired_parts::check_support(input, service);
    desired::ServiceSpec out;
    out.name = service.name;
    out.container = desired_parts::container_of(input, service);
    desired_parts::check_possible(input, service, out.container);
    out.container_name = service.container_name;
    out.scale = scale_of(input, service);
    for (const auto& [name, dependency] : service.depends_on) {
        // One that is not required and not active is not waited for.
        if (input.project().services.contains(name)) {
            out.depends_on.push_back(dependency_of(name, dependency));
        }
    }
    out.pos = input.position(service.mark);
    out.config_hash = desired::config_hash(out);
    return out;
}

}  // namespace

std::string image_of(const Project& project, const Service& service) {
    return service.image.empty() ? fmt::format("{}-{}", project.name, service.name) : service.image;
}

DesiredProject make_desired(const LoadedProject& loaded) {
    Findings findings;
    const Input input{loaded, findings};
    DesiredProject out;
    out.state.project = loaded.project.name;
    out.state.working_dir = loaded.project.directory.string();
    for (const auto& file : loaded.project.files) {
        out.state.config_files.push_back(file.string());
    }
    for (const auto& [name, service] : loaded.project.services) {
        out.state.services.push_back(service_of(input, service));
    }
    for (const auto& [key, network] : loaded.project.networks) {
        out.state.networks.push_back(network_of(input, key, network));
    }
    for (const auto& [key, volume] : loaded.project.volumes) {
        out.state.volumes.push_back(volume_of(input, key, volume));
    }
    for (const auto& [name, service] : loaded.project.disabled_services) {
        out.state.inactive_services.push_back(name);
    }
    if (findings.has_errors()) {
        throw LoadFailure{findings.sorted(), loaded.files};
    }
    out.warnings = findings.sorted();
    return out;
}

}  // namespace stack::compose
