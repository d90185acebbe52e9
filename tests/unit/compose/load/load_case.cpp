#include "unit/compose/load/load_case.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::compose::test {

namespace {

std::string told(const std::vector<Finding>& findings, const SourceFiles& files, Severity severity) {
    std::string out;
    for (const Finding& finding : findings) {
        if (finding.severity == severity) {
            out += fmt::format("{}{} {}", out.empty() ? "" : "\n", to_string(files.position(finding.mark)),
                               finding.message);
        }
    }
    return out;
}

Node sorted(const Node& node) {
    Node copy = node;
    for (Node& item : copy.items()) {
        item = sorted(item);
    }
    std::sort(copy.members().begin(), copy.members().end(),
              [](const Member& a, const Member& b) { return a.key < b.key; });
    copy.members_changed();
    for (Member& member : copy.members()) {
        member.value = sorted(member.value);
    }
    return copy;
}

class Folder {
public:
    explicit Folder(const LoadCase& load_case) : folder_{std::filesystem::temp_directory_path(), "load"} {
        for (const auto& [name, text] : load_case.files) {
            std::filesystem::create_directories((path() / name).parent_path());
            write_file(path() / name, text);
        }
    }

    std::filesystem::path path() const { return folder_.path(); }

    LoadOptions options(const LoadCase& load_case) const {
        LoadOptions options = load_case.options;
        options.working_dir = path();
        options.environment = load_case.environment;
        if (options.project_name.empty() && !options.environment.contains("COMPOSE_PROJECT_NAME")) {
            options.project_name = "p";
        }
        return options;
    }

private:
    TempDir folder_;
};

}  // namespace

LoadedProject load(const LoadCase& load_case) {
    const Folder folder{load_case};
    return load_project(folder.options(load_case));
}

std::string loaded(const LoadCase& load_case, const std::string& path) {
    const Folder folder{load_case};
    std::string text;
    try {
        const LoadedProject project = load_project(folder.options(load_case));
        const Node* node = &project.tree;
        for (const std::string_view step : split(path, '.')) {
            node = node == nullptr ? nullptr : node->find(step);
        }
        text = node == nullptr ? "absent" : to_json(sorted(*node));
    } catch (const LoadFailure& failure) {
        text = told(failure.findings(), failure.files(), Severity::error);
    } catch (const Error& error) {
        text = error.what();
    }
    return replace_all(text, folder.path().string(), "/dir");
}

std::string loaded(const std::string& yaml, const std::string& path) {
    return loaded(LoadCase{{{"compose.yaml", yaml}}, {}, {}}, path);
}

std::string said(const LoadCase& load_case) {
    const Folder folder{load_case};
    std::string text;
    try {
        const LoadedProject project = load_project(folder.options(load_case));
        text = render_findings(project.warnings, *project.files);
    } catch (const LoadFailure& failure) {
        text = render_findings(failure.findings(), failure.files());
    } catch (const Error& error) {
        text = fmt::format("error: {}\n  {}\n", error.what(), error.hint());
    }
    return replace_all(text, folder.path().string(), "/dir");
}

std::string warnings(const LoadCase& load_case) {
    const LoadedProject project = load(load_case);
    return told(project.warnings, *project.files, Severity::warning);
}

}  // namespace stack::compose::test
