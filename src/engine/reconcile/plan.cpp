#include "engine/reconcile/plan.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "desired/json.hpp"
#include "support/digest.hpp"

namespace stack::engine::reconcile {
namespace {

constexpr std::array<std::string_view, 14> words{
    "CreateNetwork",     "RemoveNetwork",  "CreateVolume",     "RemoveVolume",  "CreateContainer",
    "RecreateContainer", "StartContainer", "RestartContainer", "StopContainer", "RemoveContainer",
    "WaitHealthy",       "WaitCompleted",  "WaitRunning",      "Keep"};

}  // namespace

std::string_view to_string(Action action) {
    return words[static_cast<size_t>(action)];
}

bool Plan::empty() const {
    return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.action == Action::keep; });
}

std::string to_text(const Plan& plan) {
    std::string text;
    for (const Node& node : plan.nodes) {
        text += fmt::format("[{}] -> #{} {}, {}, {}\n", fmt::join(node.needs, ","), node.number, node.subject,
                            to_string(node.action), node.reason);
    }
    for (const std::string& warning : plan.warnings) {
        text += "warning: " + warning + "\n";
    }
    return text;
}

std::string network_hash(const desired::NetworkSpec& network) {
    desired::DesiredState alone;
    alone.networks.push_back(network);
    alone.networks.front().pos = {};
    return sha256_hex(desired::to_json(alone));
}

std::string container_name(const std::string& project, const desired::ServiceSpec& service, int replica) {
    return service.container_name.empty() ? fmt::format("{}-{}-{}", project, service.name, replica)
                                          : service.container_name;
}

}  // namespace stack::engine::reconcile
