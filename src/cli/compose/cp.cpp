#include "cli/compose/lifecycle.hpp"
#include "cli/container/copy_session.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

struct Word {
    std::string service, path;
    explicit Word(const std::string& text) : path{text} {
        const size_t colon = text.find(':');
        if (!text.starts_with('/') && !text.starts_with('.') && colon != std::string::npos && colon > 0) {
            service = text.substr(0, colon);
            path = text.substr(colon + 1);
        }
    }
};

std::vector<engine::ContainerRow> containers_of(const Context& context, const Flags& flags, const std::string& project,
                                                const std::string& service) {
    const StateView state{context.paths};
    if (flags.on("all")) {
        return state.of_project(project, {service}, true);
    }
    const auto rows = state.of_project(project, {service});
    if (const auto index = flags.number("index")) {
        return {state.replica(project, service, index)};
    }
    for (const engine::ContainerRow& row : rows) {
        if (row.is_up()) {
            return {row};
        }
    }
    return {rows.front()};
}

}  // namespace

int compose_cp(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const Word from{flags.words()[0]}, to{flags.words()[1]};
    if (from.service.empty() == to.service.empty()) {
        throw UsageError{from.service.empty() ? "one side must be SERVICE:PATH"
                                              : "copying between services is not supported"};
    }
    const std::string& service = from.service.empty() ? to.service : from.service;
    if (project.loaded) {
        check_services(project.loaded->project, {service});
    }
    auto rows = containers_of(context, flags, project.name, service);
    if (!from.service.empty()) {
        rows.resize(1);
    }
    for (const engine::ContainerRow& row : rows) {
        CopyWish wish;
        wish.from.path = from.path;
        wish.to.path = to.path;
        (from.service.empty() ? wish.to : wish.from).container = row;
        wish.archive = flags.on("archive");
        wish.follow_link = flags.on("follow-link");
        copy_between(context, wish);
    }
    return 0;
}

}  // namespace stack::cli
