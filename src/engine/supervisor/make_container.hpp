#pragma once

#include <string>

#include "desired/desired_state.hpp"
#include "engine/options.hpp"
#include "engine/supervisor/project.hpp"

namespace stack::engine::supervisor {

/// com.docker.compose.project, .network and .config-hash for a network of the state, and the user's own labels.
desired::StringMap network_labels(const desired::DesiredState& state, const desired::NetworkSpec& network);
desired::StringMap volume_labels(const desired::DesiredState& state, const desired::VolumeSpec& volume);

/// The row of a container that is not there yet: a new id, the image's and compose's labels, its mounts resolved and
/// their volumes made. Nothing is inserted. `previous`: the container that it replaces, whose anonymous volumes it
/// takes over.
ContainerRow make_service_container(Project& project, const desired::DesiredState& state,
                                    const desired::ServiceSpec& service, int replica, const std::string& name,
                                    const ContainerRow* previous);

/// `docker run` and `compose run`.
ContainerRow make_single_container(Project& project, const desired::DesiredState& state, const CreateRequest& request);

}  // namespace stack::engine::supervisor
