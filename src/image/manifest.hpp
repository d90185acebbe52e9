#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/config.hpp"

namespace stack::image {

/// OCI image-spec "descriptor.md".
struct Descriptor {
    std::string media_type, digest;
    std::int64_t size{0};
    std::map<std::string, std::string> annotations;
    std::optional<Platform> platform;
};

/// OCI "manifest.md" and Docker's schema 2, which have the same shape.
struct Manifest {
    std::string media_type;
    Descriptor config;
    std::vector<Descriptor> layers;
    std::map<std::string, std::string> annotations;
};

/// What kind of document `json` is: its "mediaType", or what its members say where that is missing.
/// Throws Errc::invalid_input if it is neither a manifest nor an index.
std::string document_type(std::string_view json, std::string_view announced_type = "");

/// Throw Errc::invalid_input with what is wrong; Errc::unsupported for Docker's schema 1. Digests are well-formed.
Manifest parse_manifest(std::string_view json);
std::vector<Descriptor> parse_index(std::string_view json);

std::string write_manifest(const Manifest& manifest);
std::string write_index(const std::vector<Descriptor>& manifests);

/// The entry for `wanted`: same os and architecture, the same variant or the nearest older one. Entries without
/// platform fit if they are the only one. Throws Errc::not_found that names the platforms there are.
const Descriptor& choose_platform(const std::vector<Descriptor>& manifests, const Platform& wanted,
                                  std::string_view image_name);

}  // namespace stack::image
