#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/reconcile/plan.hpp"

namespace stack::engine::reconcile {

/// Appends nodes and numbers them.
class PlanBuilder {
public:
    Node& add(Action action, std::string subject, std::string reason, std::vector<int> needs) {
        std::sort(needs.begin(), needs.end());
        needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
        Node& node = plan_.nodes.emplace_back();
        node.number = static_cast<int>(plan_.nodes.size());
        node.action = action;
        node.subject = std::move(subject);
        node.reason = std::move(reason);
        node.needs = std::move(needs);
        return node;
    }
    void warn(std::string sentence) { plan_.warnings.push_back(std::move(sentence)); }
    Plan take() { return std::move(plan_); }

private:
    Plan plan_;
};

inline std::string subject_of(const ObservedContainer& container) {
    return container.service.empty() ? "container:" + container.name
                                     : "service:" + container.service + ":" + std::to_string(container.replica);
}

}  // namespace stack::engine::reconcile
