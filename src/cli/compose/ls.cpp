#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

struct ProjectLine {
    std::map<std::string, int> states;
    std::string files;

    /// "exited(1), running(2)"
    std::string status() const {
        std::string out;
        for (const auto& [state, count] : states) {
            out += fmt::format("{}{}({})", out.empty() ? "" : ", ", state, count);
        }
        return out;
    }
};

std::map<std::string, ProjectLine> project_lines(const Context& context, const Flags& flags) {
    std::map<std::string, ProjectLine> projects;
    std::set<std::string> up;
    for (const engine::ContainerRow& row : StateView{context.paths}.list()) {
        if (row.project.empty()) {
            continue;
        }
        ProjectLine& line = projects[row.project];
        ++line.states[state_word(row)];
        const auto files = row.labels.find("com.docker.compose.project.config_files");
        line.files = files == row.labels.end() ? line.files : files->second;
        if (row.is_up()) {
            up.insert(row.project);
        }
    }
    for (const std::string& filter : flags.values("filter")) {
        if (!filter.starts_with("name=")) {
            throw UsageError{fmt::format("invalid filter '{}': expected name=…", filter)};
        }
        std::erase_if(projects, [&](const auto& one) { return one.first.find(filter.substr(5)) == std::string::npos; });
    }
    std::erase_if(projects, [&](const auto& one) { return !flags.on("all") && !up.contains(one.first); });
    return projects;
}

}  // namespace

int compose_ls(Context& context, const Flags& flags) {
    const std::map<std::string, ProjectLine> projects = project_lines(context, flags);
    const std::string format = flags.value_or("format", "table");
    if (flags.on("quiet")) {
        for (const auto& [name, line] : projects) {
            fmt::print("{}\n", name);
        }
    } else if (format == "json") {
        nlohmann::json all = nlohmann::json::array();
        for (const auto& [name, line] : projects) {
            all.push_back({{"Name", name}, {"Status", line.status()}, {"ConfigFiles", line.files}});
        }
        fmt::print("{}\n", all.dump());
    } else if (format == "table") {
        Table table{{"NAME", "STATUS", "CONFIG FILES"}};
        for (const auto& [name, line] : projects) {
            table.add({name, line.status(), line.files});
        }
        fmt::print("{}", table.str());
    } else {
        throw UsageError{fmt::format("invalid value '{}' for --format: expected table or json", format)};
    }
    return 0;
}

}  // namespace stack::cli
