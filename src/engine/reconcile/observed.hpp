#pragma once

#include <optional>
#include <string>
#include <vector>

#include "desired/desired_state.hpp"
#include "engine/state/container_row.hpp"

namespace stack::engine::reconcile {

struct ObservedContainer {
    std::string id, name, service;
    int replica{0};
    bool one_off{false};
    ContainerStatus status{ContainerStatus::created};
    std::optional<int> exit_code;
    bool alive{false};  ///< has a process, or will have one by its restart policy
    std::string config_hash, image_id;
    std::vector<desired::Dependency> depends_on;  ///< from its label
};

struct ObservedNetwork {
    std::string name;         ///< full
    std::string config_hash;  ///< empty: not made by us from a file, never replaced
    bool ours{false};         ///< carries this project's label
};

/// One project as it is. Networks and volumes: all there are, since external ones are looked up here too.
struct Observed {
    std::string project;
    std::vector<ObservedContainer> containers;
    std::vector<ObservedNetwork> networks;
    struct Volume {
        std::string name;
        bool ours{false};
    };
    std::vector<Volume> volumes;

    const ObservedNetwork* find_network(const std::string& name) const;
    const Volume* find_volume(const std::string& name) const;
    const ObservedContainer* find_container(const std::string& id) const;
    /// Of one service without one-off ones, by replica number.
    std::vector<const ObservedContainer*> of_service(const std::string& service) const;
};

/// Text of label com.docker.compose.depends_on, as compose writes it:
/// "db:service_healthy:true,cache:service_started:false" (service, condition, restart).
std::string depends_on_label(const std::vector<desired::Dependency>& dependencies);
std::vector<desired::Dependency> parse_depends_on_label(std::string_view text);

}  // namespace stack::engine::reconcile
