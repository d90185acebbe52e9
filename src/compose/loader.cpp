#include "compose/loader.hpp"

#include <fmt/format.h>

#include "compose/canonical.hpp"
#include "compose/cast.hpp"
#include "compose/consistency.hpp"
#include "compose/find_files.hpp"
#include "compose/include.hpp"
#include "compose/limits.hpp"
#include "compose/load_context.hpp"
#include "compose/merge.hpp"
#include "compose/normalize.hpp"
#include "compose/profiles.hpp"
#include "compose/read_file.hpp"
#include "compose/read_model.hpp"
#include "compose/resolve_paths.hpp"
#include "compose/yaml_tree.hpp"
#include "support/text.hpp"

namespace stack::compose {

std::string display_name(const LoadContext& context, const std::filesystem::path& file) {
    const std::filesystem::path relative = file.lexically_relative(context.options.working_dir);
    const bool below = !relative.empty() && !relative.native().starts_with("..");
    return below ? relative.string() : file.string();
}

std::vector<Node> parse_documents(LoadContext& context, std::string name, std::string text) {
    try {
        text = to_utf8(std::move(text));
    } catch (const Error& error) {
        const FileId id = context.files.add(std::move(name), {});
        context.findings.error({id, 1, 1}, Path{}, fmt::format("the file holds {}", error.what()), "save it as UTF-8");
        return {};
    }
    const FileId id = context.files.add(std::move(name), std::move(text));
    return parse_yaml(context.files, id, context.findings, context.nodes);
}

std::vector<Node> read_documents(LoadContext& context, const std::filesystem::path& file, Mark from, const Path& path) {
    if (++context.files_read > limits::files) {
        context.findings.error(from, path, fmt::format("the project has more than {} files", limits::files));
        return {};
    }
    try {
        std::string text = read_project_file(file, limits::file_bytes);
        return count_bytes(context, text.size(), from, path)
                   ? parse_documents(context, display_name(context, file), std::move(text))
                   : std::vector<Node>{};
    } catch (const Error& error) {
        context.lacks_file = context.lacks_file || error.code() == Errc::not_found;
        context.findings.error(from, from.file == 0 ? Path{} : path, fmt::format("Compose file {}", error.what()),
                               error.code() == Errc::not_found ? mend_missing_file(file, error.hint()) : error.hint());
        return {};
    }
}

bool count_bytes(LoadContext& context, std::size_t bytes, Mark from, const Path& path) {
    const bool told = context.bytes_read > limits::project_bytes;
    context.bytes_read += bytes;
    if (context.bytes_read <= limits::project_bytes) {
        return true;
    }
    if (!told) {
        context.findings.error(
            from, path,
            fmt::format("the files of the project are larger than {} MiB together", limits::project_bytes >> 20U));
    }
    return false;
}

bool count_nodes(LoadContext& context, std::size_t nodes, Mark mark, const Path& path) {
    const bool told = context.nodes > limits::nodes;
    context.nodes += nodes;
    if (context.nodes <= limits::nodes) {
        return true;
    }
    if (!told) {
        context.findings.error(
            mark, path, fmt::format("the project has more than {} values, everything written out", limits::nodes),
            "extend smaller services, or make two projects of it");
    }
    return false;
}

namespace {

// What the short forms of mounts and devices become is counted before it is made: each grows to a mapping of four.
void count_short_forms(LoadContext& context, const Node& document) {
    constexpr std::size_t members = 4;
    const Node* services = document.find("services");
    if (services == nullptr) {
        return;
    }
    const Path root;
    const Path section = root / "services";
    for (const Member& service : services->members()) {
        for (const std::string_view key : {"volumes", "devices"}) {
            const Node* list = service.value.find(key);
            if (list != nullptr && !list->items().empty() && list->items().front().is_string() &&
                !count_nodes(context, list->size() * members, list->mark, section / service.key)) {
                throw TooManyFindings{};
            }
        }
    }
}

}  // namespace

void prepare_document(LoadContext& context, Node& document, const Environment& environment) {
    upgrade_first_format(document, context.findings);
    count_short_forms(context, document);
    if (!context.options.interpolate) {
        collect_variables(document, context.variables.uses);
        cast_values(document, context.findings, Variables::in_place);
        return;
    }
    const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional{found->second};
    };
    interpolate(document, context.files, lookup, context.findings, context.variables);
    cast_values(document, context.findings);
}

namespace {

class Load {
public:
    explicit Load(const LoadOptions& options)
        : files_{std::make_shared<SourceFiles>()}, context_{options, *files_, findings_, {}, {}, false, 0, 0, 0} {
        if (const auto home = options.environment.find("HOME"); home != options.environment.end()) {
            context_.home = home->second;
        }
    }

    LoadedProject run() {
        found_ = find_project_files(context_);
        stop_on_errors();
        std::vector<InputFile> inputs = read_inputs();
        choose_name(inputs);
        std::vector<std::filesystem::path> including{inputs.empty() ? "" : inputs.front().path};
        Node document = load_model(context_, std::move(inputs), found_.directory, found_.environment, including);
        check_not_empty(document);
        if (options().check_consistency) {
            check_active_services(document);
        }
        stop_on_errors();
        canonical(document);
        return finish(std::move(document));
    }

    void stop_on_errors() {
        if (findings_.has_errors()) {
            const Errc code = context_.lacks_file ? Errc::not_found : Errc::invalid_input;
            throw LoadFailure{findings_.sorted(), files_, code};
        }
    }

private:
    const LoadOptions& options() const { return context_.options; }

    std::vector<InputFile> read_inputs() {
        std::vector<InputFile> inputs;
        for (const std::string& file : found_.files) {
            InputFile input;
            input.path = file == "-" ? found_.directory / "-" : std::filesystem::path{file};
            input.parsed = file == "-" ? parse_documents(context_, "<stdin>", read_stdin())
                                       : read_documents(context_, file, {}, Path{});
            input.is_parsed = true;
            inputs.push_back(std::move(input));
        }
        for (const InputFile& input : inputs) {
            for (const Node& document : input.parsed) {
                check_root(document);
            }
        }
        return inputs;
    }

    std::string read_stdin() const {
        if (!options().read_stdin) {
            throw Error{Errc::invalid_input, "'-f -' is given, but there is no standard input"};
        }
        return options().read_stdin();
    }

    void check_root(const Node& document) {
        if (!document.is_mapping()) {
            findings_.error(document.mark, Path{},
                            fmt::format("{} holds {}, not a mapping with 'services'", files_->name(document.mark.file),
                                        describe(document.kind)),
                            "begin with 'services:'");
        }
    }

    // -p, then COMPOSE_PROJECT_NAME, then `name:`, then the folder (compose-spec 04-version-and-name).
    void choose_name(const std::vector<InputFile>& inputs) {
        const auto set = found_.environment.find("COMPOSE_PROJECT_NAME");
        std::string given = options().project_name;
        if (given.empty() && set != found_.environment.end()) {
            given = set->second;
        }
        if (!given.empty()) {
            name_ = given;
            if (normalized_project_name(given) != given) {
                throw Error{Errc::invalid_input, fmt::format("project name '{}' is not valid", abbreviate(given, 100))}
                    .hint("lower case letters, digits, '-' and '_', beginning with a letter or digit");
            }
        } else {
            name_ = normalized_project_name(name_in_files(inputs));
            if (name_.empty()) {
                name_ = normalized_project_name(found_.directory.filename().string());
            }
        }
        if (name_.empty()) {
            throw Error{Errc::invalid_input,
                        fmt::format("no project name can be made of folder '{}'", found_.directory.string())}
                .hint("name the project: '-p NAME', or 'name: NAME' in the file");
        }
        found_.environment["COMPOSE_PROJECT_NAME"] = name_;
    }

    std::string name_in_files(const std::vector<InputFile>& inputs) const {
        std::string name;
        for (const InputFile& input : inputs) {
            for (const Node& document : input.parsed) {
                const Node* node = document.find("name");
                if (node == nullptr || !node->is_string()) {
                    continue;
                }
                const Lookup lookup = [&](std::string_view variable) -> std::optional<std::string> {
                    const auto found = found_.environment.find(variable);
                    return found == found_.environment.end() ? std::nullopt : std::optional{found->second};
                };
                std::vector<SubstituteProblem> problems;  // told when the whole file is interpolated
                const std::string value = substitute(node->text, lookup, problems);
                name = value.empty() ? name : value;
            }
        }
        return name;
    }

    void check_not_empty(const Node& document) {
        if (document.empty() && !findings_.has_errors()) {
            findings_.error({1, 1, 1}, Path{}, "the Compose file is empty", "begin with 'services:'");
        }
    }

    // A service that is there only because another one of its profile was named is not asked for: what it lacks is
    // nobody's concern now.
    void check_active_services(const Node& document) {
        const std::vector<std::string> profiles = active_profiles();
        const Node* services = document.find("services");
        const auto asked_for = named_and_needed(services, options().services);
        check_consistency(
            document,
            [&](std::string_view name) { return is_active_service(services, name, profiles, options().services); },
            [&](std::string_view name) {
                return asked_for.contains(name) || is_active_service(services, name, profiles, {});
            },
            findings_, options().interpolate ? Variables::replaced : Variables::in_place);
    }

    void canonical(Node& document) {
        default_build_contexts(document);
        if (options().resolve_paths) {
            resolve_paths(document, found_.directory, context_.home);
        }
        relocate_external_names(document, findings_);
        make_canonical(document, findings_);
        make_unique(document);
        document.set("name", Node::string(name_));
        if (!document.has("services")) {
            document.set("services", Node::mapping());
        }
        if (options().normalize) {
            normalize(document, name_, found_.environment);
        }
    }

    std::vector<std::string> active_profiles() const {
        if (!options().profiles.empty()) {
            return options().profiles;
        }
        std::vector<std::string> profiles;
        const auto set = found_.environment.find("COMPOSE_PROFILES");
        if (set != found_.environment.end()) {
            for (const std::string_view name : split(set->second, ',')) {
                if (!trim(name).empty()) {
                    profiles.emplace_back(trim(name));
                }
            }
        }
        return profiles;
    }

    LoadedProject finish(Node document) {
        LoadedProject loaded;
        const std::vector<std::string> profiles = active_profiles();
        Node inactive = take_inactive_services(document, profiles, options().services);
        Node not_named = select_services(document, options().services, findings_);
        for (Member& member : not_named.members()) {
            inactive.members().push_back(std::move(member));
        }
        inactive.members_changed();
        if (options().resolve_env_files && options().interpolate) {
            resolve_service_environment(context_, document, found_.environment, false);
        }
        if (options().typed) {
            loaded.project = read_project(document, inactive);
        }
        stop_on_errors();
        loaded.inactive = std::move(inactive);
        loaded.project.name = name_;
        loaded.project.directory = found_.directory;
        loaded.project.profiles = profiles;
        loaded.project.files.assign(found_.files.begin(), found_.files.end());
        loaded.tree = std::move(document);
        loaded.files = files_;
        loaded.warnings = findings_.sorted();
        loaded.environment = std::move(found_.environment);
        loaded.variables = std::move(context_.variables.uses);
        return loaded;
    }

    std::shared_ptr<SourceFiles> files_;
    Findings findings_;
    LoadContext context_;
    ProjectFiles found_;
    std::string name_;
};

}  // namespace

LoadedProject load_project(const LoadOptions& options) {
    Load load{options};
    try {
        return load.run();
    } catch (const TooManyFindings&) {
        load.stop_on_errors();
        throw;
    }
}

}  // namespace stack::compose
