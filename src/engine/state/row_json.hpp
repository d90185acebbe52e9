#pragma once

#include <string>
#include <string_view>

#include "engine/state/container_row.hpp"

/// The JSON texts inside the columns of table `containers`. A text that cannot be read gives the empty value: a row
/// of another version must not keep anybody from listing and removing containers.
namespace stack::engine {

std::string labels_to_json(const std::map<std::string, std::string>& labels);
std::map<std::string, std::string> labels_from_json(std::string_view text);
std::string health_to_json(const Health& health);
Health health_from_json(std::string_view text);
std::string endpoints_to_json(const std::vector<EndpointRow>& endpoints);
std::vector<EndpointRow> endpoints_from_json(std::string_view text);
std::string ports_to_json(const std::vector<PublishedPort>& ports);
std::vector<PublishedPort> ports_from_json(std::string_view text);
std::string mounts_to_json(const std::vector<MountRow>& mounts);
std::vector<MountRow> mounts_from_json(std::string_view text);

}  // namespace stack::engine
