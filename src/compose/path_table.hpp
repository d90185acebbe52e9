#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace stack::compose {

/// Rules by path pattern: "services.*.ports[].target". `*` is any key, `[]` any entry of a list. A walk over a tree
/// goes down the table step by step in parallel and leaves a subtree as soon as no pattern goes there. The patterns
/// must be literals: the table keeps views.
template <class Rule>
class PathTable {
public:
    struct Step {
        std::optional<Rule> rule;
        std::vector<std::pair<std::string_view, std::unique_ptr<Step>>> keys;
        std::unique_ptr<Step> any_key;
        std::unique_ptr<Step> entry;

        const Step* key(std::string_view name) const {
            for (const auto& [known, step] : keys) {
                if (known == name) {
                    return step.get();
                }
            }
            return any_key.get();
        }
    };

    PathTable(std::initializer_list<std::pair<std::string_view, Rule>> rules) {
        for (const auto& [pattern, rule] : rules) {
            step_for(pattern).rule = rule;
        }
    }

    const Step* root() const noexcept { return &root_; }

private:
    Step& step_for(std::string_view pattern) {
        Step* at = &root_;
        while (!pattern.empty()) {
            if (pattern.starts_with("[]")) {
                at = &ensure(at->entry);
                pattern.remove_prefix(2);
            } else {
                const std::size_t end = std::min(pattern.find_first_of(".["), pattern.size());
                const std::string_view name = pattern.substr(0, end);
                at = name == "*" ? &ensure(at->any_key) : &ensure_key(*at, name);
                pattern.remove_prefix(end);
            }
            if (pattern.starts_with('.')) {
                pattern.remove_prefix(1);
            }
        }
        return *at;
    }

    static Step& ensure(std::unique_ptr<Step>& step) {
        if (!step) {
            step = std::make_unique<Step>();
        }
        return *step;
    }

    static Step& ensure_key(Step& at, std::string_view name) {
        for (auto& [known, step] : at.keys) {
            if (known == name) {
                return *step;
            }
        }
        at.keys.emplace_back(name, std::make_unique<Step>());
        return *at.keys.back().second;
    }

    Step root_;
};

}  // namespace stack::compose
