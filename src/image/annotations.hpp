#pragma once

#include <map>
#include <optional>
#include <string>

#include "image/store.hpp"

namespace stack::image {

/// What a builder wrote beside an image rather than into it: its id does not depend on them (OCI image-spec
/// "annotations.md").
struct Annotations {
    std::map<std::string, std::string> manifest;    ///< in the manifest that is pushed or saved
    std::map<std::string, std::string> descriptor;  ///< where an index of an archive or layout names that manifest

    friend bool operator==(const Annotations&, const Annotations&) = default;
    bool empty() const { return manifest.empty() && descriptor.empty(); }
};

/// What goes out with the image `id` from now on. Empty ones are kept only to replace others.
void set_annotations(ImageStore& store, const std::string& id, const Annotations& annotations);

/// nullopt: none were ever set here; the manifest that the image came with counts.
std::optional<Annotations> find_annotations(const ImageStore::State& state, const std::string& id);

}  // namespace stack::image
