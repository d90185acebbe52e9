#pragma once

#include "compose/desired/desired.hpp"

/// Steps of make_desired(), one subject each.
namespace stack::compose::desired_parts {

struct Input {
    const LoadedProject& loaded;
    Findings& findings;

    const Project& project() const { return loaded.project; }
    SourcePos position(Mark mark) const { return loaded.files->position(mark); }
};

/// Where a key of a service stands; the service itself if it is not written there.
Mark place_of(const Service& service, std::string_view key);

/// Tells about every key of the service that this engine cannot honour.
void check_support(const Input& input, const Service& service);
/// Values that no container can have, at their places.
void check_possible(const Input& input, const Service& service, const desired::ContainerSpec& spec);

desired::Resources resources_of(const Input& input, const Service& service);
desired::RestartPolicy restart_of(const Input& input, const Service& service);
std::optional<desired::Healthcheck> healthcheck_of(const Service& service);
std::vector<desired::DeviceRequest> device_requests_of(const Service& service);
std::vector<desired::Device> devices_of(const Service& service);

std::vector<desired::PortPublish> ports_of(const Input& input, const Service& service);
std::vector<desired::EndpointSpec> endpoints_of(const Input& input, const Service& service);

std::vector<desired::Mount> mounts_of(const Input& input, const Service& service);
std::vector<desired::FileMount> files_of(const Input& input, const Service& service);

desired::ContainerSpec container_of(const Input& input, const Service& service);

}  // namespace stack::compose::desired_parts
