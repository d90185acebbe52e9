#include "cli/container/each.hpp"

#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

struct Named {
    std::string word;  ///< as given
    std::string id;
};
using ByProject = std::map<std::string, std::vector<Named>>;

/// What became of the containers of one project.
struct Outcome {
    std::set<std::string> told;  ///< ids whose failure an event has told
    std::optional<Error> failure;
};

Outcome act_on_project(const Context& context, const std::string& project, const std::vector<Named>& containers,
                       const ContainerAction& act) {
    engine::Targets targets;
    targets.include_one_off = true;
    for (const Named& one : containers) {
        targets.containers.push_back(one.id);
    }
    Outcome outcome;
    try {
        engine::SupervisorClient client{context.paths, project};
        act(client, targets, [&](const engine::Event& event) {
            if (event.progress == engine::Progress::error && !event.id.empty()) {
                report_and_go_on(context, Error{Errc::system, event.detail});
                outcome.told.insert(event.id);
            } else if (event.progress == engine::Progress::warning) {
                fmt::print(stderr, "warning: {}\n", event.detail);
            }
        });
    } catch (const Error& error) {
        outcome.failure = error;
    }
    return outcome;
}

}  // namespace

int for_each_container(const Context& context, const std::vector<std::string>& names, const ContainerAction& act,
                       Missing missing) {
    const StateView state{context.paths};
    ByProject projects;
    int code = 0;
    for (const std::string& name : names) {
        try {
            const engine::ContainerRow row = state.get(name);
            projects[row.project].push_back({name, row.id});
        } catch (const Error& error) {
            report_and_go_on(context, error);
            const bool fine = error.code() == Errc::not_found && missing == Missing::is_told;
            code = fine ? code : 1;
        }
    }
    for (const auto& [project, containers] : projects) {
        const Outcome outcome = act_on_project(context, project, containers, act);
        if (outcome.failure && outcome.told.empty()) {
            report_and_go_on(context, *outcome.failure);
        }
        code = outcome.failure || !outcome.told.empty() ? 1 : code;
        for (const Named& one : containers) {
            const bool failed = outcome.failure && (outcome.told.empty() || outcome.told.contains(one.id));
            if (!failed) {
                fmt::print("{}\n", one.word);
            }
        }
    }
    return code;
}

}  // namespace stack::cli
