#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/compose/lifecycle.hpp"
#include "cli/container_json.hpp"
#include "cli/container_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using engine::ContainerRow;

std::set<std::string> wanted_states(const Flags& flags) {
    std::set<std::string> states;
    for (const std::string& state : flags.values("status")) {
        states.insert(state);
    }
    for (const std::string& filter : flags.values("filter")) {
        const size_t equals = filter.find('=');
        const std::string key = filter.substr(0, equals);
        if (equals == std::string::npos || (key != "status" && key != "source")) {
            throw UsageError{fmt::format("invalid filter '{}': expected status=…", filter)};
        }
        states.insert(filter.substr(equals + 1));
    }
    for (const std::string& state : states) {
        if (!engine::parse_container_status(state)) {
            throw UsageError{fmt::format("invalid status '{}'", state)};
        }
    }
    return states;
}

std::vector<ContainerRow> wanted_rows(const Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::optional<engine::Targets> targets = project_targets(context, project, flags.words());
    if (!targets) {
        return {};
    }
    const std::set<std::string> states = wanted_states(flags);
    std::vector<ContainerRow> rows =
        StateView{context.paths}.of_project(project.name, targets->services, flags.on("all"));
    std::erase_if(rows, [&](const ContainerRow& row) {
        const bool orphan = project.loaded && !project.loaded->project.services.contains(row.service);
        const bool hidden_orphan = orphan && flags.given("orphans") && !flags.on("orphans");
        const bool other_state = !states.empty() && !states.contains(state_word(row));
        return hidden_orphan || other_state || (states.empty() && !flags.on("all") && !row.is_up());
    });
    return rows;
}

void print_table(const std::vector<ContainerRow>& rows, bool no_trunc) {
    Table table{{"NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"}};
    for (const ContainerRow& row : rows) {
        table.add({row.name, row.image, command_text(row, no_trunc), row.service, created_text(row), status_text(row),
                   ports_text(row)});
    }
    fmt::print("{}", table.str());
}

void print_services(const std::vector<ContainerRow>& rows) {
    std::set<std::string> names;
    for (const ContainerRow& row : rows) {
        names.insert(row.service);
    }
    for (const std::string& name : names) {
        fmt::print("{}\n", name);
    }
}

void print_formatted(const std::vector<ContainerRow>& rows, const std::string& format, bool no_trunc) {
    nlohmann::json all = nlohmann::json::array();
    for (const ContainerRow& row : rows) {
        all.push_back(compose_ps_fields(row, no_trunc));
    }
    if (format == "json") {
        for (const nlohmann::json& one : all) {
            fmt::print("{}\n", one.dump());
        }
        return;
    }
    fmt::print("{}", render_rows(format, all));
}

}  // namespace

int compose_ps(Context& context, const Flags& flags) {
    const std::vector<ContainerRow> rows = wanted_rows(context, flags);
    const std::string format = flags.value_or("format", "table");
    if (flags.on("quiet")) {
        for (const ContainerRow& row : rows) {
            fmt::print("{}\n", row.id);
        }
    } else if (flags.on("services")) {
        print_services(rows);
    } else if (format == "table" || format == "pretty") {
        print_table(rows, flags.on("no-trunc"));
    } else {
        print_formatted(rows, format, flags.on("no-trunc"));
    }
    return 0;
}

}  // namespace stack::cli
