#pragma once

#include <string>
#include <string_view>

#include "image/compression.hpp"

/// Names of OCI image-spec "media-types.md" and of Docker's "image manifest v2 schema 2".
namespace stack::image::media_type {

inline constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr const char* docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr const char* docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr const char* docker_layer_gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr const char* docker_schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Our own form of a layer that came uncompressed but whose folder cannot give its tar back. Never leaves the store.
inline constexpr const char* internal_tar_zstd = "application/x-stack.layer.tar+zstd";

inline bool is_index(std::string_view type) {
    return type == oci_index || type == docker_list;
}
inline bool is_manifest(std::string_view type) {
    return type == oci_manifest || type == docker_manifest;
}
inline std::string of_layer(Compression compression) {
    switch (compression) {
        case Compression::none:
            return oci_layer;
        case Compression::gzip:
            return std::string{oci_layer} + "+gzip";
        case Compression::zstd:
            return std::string{oci_layer} + "+zstd";
        case Compression::xz:
            return std::string{oci_layer} + "+xz";
        case Compression::bzip2:
            return std::string{oci_layer} + "+bzip2";
    }
    return oci_layer;
}

}  // namespace stack::image::media_type
