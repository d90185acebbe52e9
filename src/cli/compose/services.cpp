#include "cli/compose/services.hpp"

#include <fmt/format.h>

#include "support/error.hpp"

namespace stack::cli {
namespace {

void add_dependencies(const compose::Project& project, const std::string& name, std::set<std::string>& all) {
    const auto service = project.services.find(name);
    if (service == project.services.end() || !all.insert(name).second) {
        return;
    }
    for (const auto& [dependency, how] : service->second.depends_on) {
        add_dependencies(project, dependency, all);
    }
}

}  // namespace

std::set<std::string> chosen_services(const compose::Project& project, const std::vector<std::string>& words,
                                      bool with_dependencies) {
    std::set<std::string> chosen;
    for (const std::string& name : words) {
        if (!project.services.contains(name)) {
            throw Error{Errc::not_found, fmt::format("no such service: {}", name)};
        }
        if (with_dependencies) {
            add_dependencies(project, name, chosen);
        } else {
            chosen.insert(name);
        }
    }
    if (words.empty()) {
        for (const auto& [name, service] : project.services) {
            chosen.insert(name);
        }
    }
    return chosen;
}

}  // namespace stack::cli
