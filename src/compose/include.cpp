#include "compose/include.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "compose/dotenv.hpp"
#include "compose/extends.hpp"
#include "compose/limits.hpp"
#include "compose/merge.hpp"
#include "compose/normalize.hpp"
#include "compose/read_file.hpp"
#include "compose/resolve_paths.hpp"
#include "compose/schema_check.hpp"
#include "compose/yaml_tree.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

constexpr std::string_view sections[] = {"services", "volumes", "networks", "secrets", "configs", "models"};

/// An entry of `include`, in long form.
struct Include {
    Mark mark;
    std::vector<std::pair<std::string, Mark>> paths;
    std::vector<std::pair<std::string, Mark>> env_files;
    std::string project_directory;
    Mark directory_mark;
};

std::vector<std::pair<std::string, Mark>> texts_of(const Node* node) {
    std::vector<std::pair<std::string, Mark>> out;
    if (node == nullptr) {
        return out;
    }
    if (node->is_string()) {
        out.emplace_back(node->text, node->mark);
    }
    for (const Node& item : node->items()) {
        if (item.is_string()) {
            out.emplace_back(item.text, item.mark);
        }
    }
    return out;
}

Include read_include(const Node& entry) {
    Include include;
    include.mark = entry.mark;
    include.paths = texts_of(entry.is_mapping() ? entry.find("path") : &entry);
    include.env_files = texts_of(entry.find("env_file"));
    if (const Node* directory = entry.find("project_directory")) {
        include.project_directory = directory->text;
        include.directory_mark = directory->mark;
    }
    return include;
}

class Includer {
public:
    Includer(LoadContext& context, const std::filesystem::path& directory, const Environment& environment,
             std::vector<std::filesystem::path>& including)
        : context_{context}, directory_{directory}, environment_{environment}, including_{including} {}

    void one(Node& model, const Node& entry, const Path& path) {
        const Include include = read_include(entry);
        if (include.paths.empty()) {
            return;
        }
        std::vector<InputFile> files;
        for (const auto& [text, mark] : include.paths) {
            if (is_remote(text)) {
                context_.findings.error(mark, path,
                                        fmt::format("'include' cannot read '{}' from elsewhere", abbreviate(text, 200)),
                                        "get a copy of the file and name its path");
                return;
            }
            InputFile file;
            file.path = resolve_path(text, directory_, context_.home);
            file.from = mark;
            file.index = path.index();
            files.push_back(std::move(file));
        }
        const std::filesystem::path main = files.front().path;
        if (circle(main, include.paths.front().second, path)) {
            return;
        }
        const std::filesystem::path named =
            include.project_directory.empty()
                ? main.parent_path()
                : std::filesystem::path{resolve_path(include.project_directory, directory_, context_.home)};
        const std::filesystem::path folder = folder_of(include, named, path);
        const Environment environment = read_env_files(context_, environment_, env_files(include, named));
        including_.push_back(main);
        Node included = load_model(context_, std::move(files), folder, environment, including_);
        including_.pop_back();
        default_build_contexts(included);
        if (context_.options.resolve_paths) {
            resolve_paths(included, folder, context_.home);
        } else {
            resolve_paths(included, folder.lexically_relative(directory_), context_.home);
        }
        import(model, std::move(included), include.mark);
    }

private:
    // A project_directory that is a file stands for the folder of that file, as docker compose has it; so does one that
    // is not there, which is rarely meant.
    std::filesystem::path folder_of(const Include& include, const std::filesystem::path& named, const Path& path) {
        std::error_code error;
        if (include.project_directory.empty() || std::filesystem::is_directory(named, error)) {
            return named;
        }
        if (!std::filesystem::exists(named, error)) {
            context_.findings.warning(include.directory_mark, path / "project_directory",
                                      fmt::format("the 'project_directory' of an include is '{}', which is not there; "
                                                  "paths are taken from the folder above it",
                                                  abbreviate(include.project_directory, 200)),
                                      "make the folder, or name one that is there");
        }
        return named.parent_path();
    }

    bool circle(const std::filesystem::path& file, Mark mark, const Path& path) {
        if (including_.size() > limits::include_depth) {
            context_.findings.error(
                mark, path, fmt::format("files include each other over more than {} steps", limits::include_depth));
            return true;
        }
        const auto found = std::find(including_.begin(), including_.end(), file);
        if (found == including_.end()) {
            return false;
        }
        std::string round;
        for (auto at = found; at != including_.end(); ++at) {
            round += fmt::format("'{}' -> ", display_name(context_, *at));
        }
        context_.findings.error(mark, path,
                                fmt::format("files include each other in a circle: {}'{}'", abbreviate(round, 1000),
                                            display_name(context_, file)),
                                "remove one of the includes");
        return true;
    }

    std::vector<std::pair<std::filesystem::path, Mark>> env_files(const Include& include,
                                                                  const std::filesystem::path& folder) const {
        std::vector<std::pair<std::filesystem::path, Mark>> out;
        for (const auto& [text, mark] : include.env_files) {
            out.emplace_back(resolve_path(text, directory_, context_.home), mark);
        }
        std::error_code error;
        if (include.env_files.empty() && std::filesystem::is_regular_file(folder / ".env", error)) {
            out.emplace_back(folder / ".env", Mark{});
        }
        return out;
    }

    void import(Node& model, Node included, Mark mark) {
        for (const std::string_view section : sections) {
            Node* from = included.find(section);
            if (from == nullptr || !from->is_mapping()) {
                continue;
            }
            Node* to = model.find(section);
            if (to == nullptr || to->is_null()) {
                to = &model.set(section, Node::mapping(from->mark), mark);
            }
            if (!to->is_mapping()) {
                continue;
            }
            for (Member& member : from->members()) {
                import_one(*to, member, section);
            }
        }
    }

    void import_one(Node& to, Member& member, std::string_view section) {
        const Member* mine = to.find_member(member.key);
        if (mine == nullptr) {
            to.members().push_back(std::move(member));
            return;
        }
        if (mine->value.same_value(member.value)) {
            return;
        }
        const Path root;
        const Path parent = root / section;
        const SourcePos other = context_.files.position(member.key_mark);
        context_.findings.error(
            mine->key_mark, parent / member.key,
            fmt::format("{} '{}' conflicts with the one that is included from {}",
                        section.substr(0, section.size() - 1), member.key, to_string(other)),
            "rename one of them, or list this file as a second 'path' of the include to override it");
    }

    LoadContext& context_;
    const std::filesystem::path& directory_;
    const Environment& environment_;
    std::vector<std::filesystem::path>& including_;
};

}  // namespace

Environment read_env_files(LoadContext& context, const Environment& environment,
                           const std::vector<std::pair<std::filesystem::path, Mark>>& files) {
    Environment from_files;
    for (const auto& [file, mark] : files) {
        std::string text;
        try {
            text = read_project_file(file, limits::env_file_bytes);
            if (!count_bytes(context, text.size(), mark, Path{})) {
                continue;
            }
        } catch (const Error& error) {
            context.findings.error(
                mark, Path{}, fmt::format("env file {}", error.what()),
                error.code() == Errc::not_found ? mend_missing_file(file, "make the file, or take its name out") : "");
            continue;
        }
        const FileId id = context.files.add(display_name(context, file), to_utf8(std::move(text)));
        const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
            for (const Environment* place : {&environment, static_cast<const Environment*>(&from_files)}) {
                if (const auto found = place->find(name); found != place->end()) {
                    return found->second;
                }
            }
            return std::nullopt;
        };
        for (DotenvVariable& variable : parse_dotenv(context.files.text(id), id, lookup, context.findings)) {
            if (variable.has_value) {
                from_files[variable.name] = std::move(variable.value);
            }
        }
    }
    Environment out = environment;
    out.merge(from_files);
    return out;
}

Node load_model(LoadContext& context, std::vector<InputFile> files, const std::filesystem::path& directory,
                const Environment& environment, std::vector<std::filesystem::path>& including) {
    Node model = Node::mapping();
    const Path top;
    const Path from = top / "include";
    for (InputFile& file : files) {
        std::vector<Node> documents =
            file.is_parsed ? std::move(file.parsed) : read_documents(context, file.path, file.from, from / file.index);
        for (Node& document : documents) {
            prepare_document(context, document, environment);
            if (const Member* version = document.find_member("version")) {
                const Path root;
                context.findings.warning(version->key_mark, root / "version", "'version' is obsolete and has no effect",
                                         "remove it");
            }
            if (!document.is_mapping()) {
                continue;
            }
            apply_extends(context, document, file.path, directory, environment);
            if (model.mark.file == 0) {
                model.mark = document.mark;
            }
            merge(model, std::move(document), Path{}, context.findings);
        }
    }
    strip_resets(model);
    make_unique(model);
    check_schema(model, context.findings, context.options.judged);
    const Node* include = model.find("include");
    if (include != nullptr && include->is_sequence()) {
        const std::vector<Node> entries = include->items();
        Includer includer{context, directory, environment, including};
        const Path root;
        const Path list = root / "include";
        std::size_t i = 0;
        for (const Node& entry : entries) {
            includer.one(model, entry, list / i++);
        }
    }
    model.erase("include");
    model.erase("version");
    return model;
}

}  // namespace stack::compose
