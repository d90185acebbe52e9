#pragma once

#include <vector>

#include "compose/loader.hpp"
#include "desired/desired_state.hpp"

namespace stack::compose {

/// What the engine is asked for, and what the user should know about keys that one Linux host cannot honour.
struct DesiredProject {
    desired::DesiredState state;
    std::vector<Finding> warnings;
};

/// Turns a loaded project into the desired state: names in full, ranges of ports port by port, contents of secrets and
/// configs read (their bytes are part of the configuration hash), services in the order of their names. Images are the
/// references of the files, or "project-service" for services that are built; nothing is resolved to digests here.
///
/// Keys that have no effect on one host are warnings, those without which a service would not be what the file says are
/// errors; both have their place. Throws LoadFailure with all of them.
DesiredProject make_desired(const LoadedProject& loaded);

/// The image of a service: `image`, or the name that a build without one gets.
std::string image_of(const Project& project, const Service& service);

}  // namespace stack::compose
