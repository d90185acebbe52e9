#include <map>

#include <fmt/format.h>

#include "compose/dotenv.hpp"
#include "compose/limits.hpp"
#include "compose/normalize.hpp"
#include "compose/read_file.hpp"
#include "compose/yaml_tree.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

/// Env files of services, each read once however many services name it.
class EnvFiles {
public:
    EnvFiles(LoadContext& context, const Environment& environment) : context_{context}, environment_{environment} {}

    /// Adds the variables of a service's env files to `variables`; later files win.
    void add(const Node& entry, const Path& path, Environment& variables) {
        const Node* file = entry.find("path");
        if (file == nullptr || !file->is_string()) {
            return;
        }
        const Node* required = entry.find("required");
        const Node* format = entry.find("format");
        const bool raw = format != nullptr && format->text == "raw";
        const FileId id = read(*file, required == nullptr || required->as_bool() != false, path);
        if (id == 0) {
            return;
        }
        const std::vector<DotenvVariable>& parsed = parse(id, raw, variables, file->mark, path);
        if (!count_nodes(context_, parsed.size(), file->mark, path)) {
            return;
        }
        for (const DotenvVariable& variable : parsed) {
            if (variable.has_value) {
                variables[variable.name] = variable.value;
            } else if (const auto found = environment_.find(variable.name); found != environment_.end()) {
                variables[variable.name] = found->second;
            }
        }
    }

private:
    // The variables of a file. Without a dollar sign they are the same for every service.
    const std::vector<DotenvVariable>& parse(FileId id, bool raw, const Environment& variables, Mark from,
                                             const Path& path) {
        const std::string& text = context_.files.text(id);
        const bool same = raw || text.find('$') == std::string::npos;
        const auto [place, is_new] = parsed_.try_emplace({id, raw});
        if (same && !is_new) {
            return place->second;
        }
        if (!is_new && !count_bytes(context_, text.size(), from, path)) {
            place->second.clear();
            return place->second;
        }
        const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
            if (const auto found = environment_.find(name); found != environment_.end()) {
                return found->second;
            }
            const auto earlier = variables.find(name);
            return earlier == variables.end() ? std::nullopt : std::optional{earlier->second};
        };
        place->second =
            raw ? parse_dotenv_raw(text, id, context_.findings) : parse_dotenv(text, id, lookup, context_.findings);
        return place->second;
    }

    FileId read(const Node& file, bool required, const Path& path) {
        const auto [known, is_new] = read_.emplace(file.text, 0);
        if (!is_new && known->second != 0) {
            return known->second;
        }
        if (read_.size() > limits::env_files) {
            context_.findings.error(file.mark, path,
                                    fmt::format("the project has more than {} env files", limits::env_files));
            throw TooManyFindings{};
        }
        try {
            std::string text = read_project_file(file.text, limits::env_file_bytes);
            if (!count_bytes(context_, text.size(), file.mark, path)) {
                return known->second;
            }
            known->second = context_.files.add(display_name(context_, file.text), to_utf8(std::move(text)));
        } catch (const Error& error) {
            if (required || error.code() != Errc::not_found) {
                context_.findings.error(
                    file.mark, path, fmt::format("env file of service '{}': {}", path.step(1), error.what()),
                    error.code() == Errc::not_found
                        ? mend_missing_file(file.text, "make the file, or write it as 'path:' with 'required: false'")
                        : "");
            }
        }
        return known->second;
    }

    LoadContext& context_;
    const Environment& environment_;
    std::map<std::string, FileId, std::less<>> read_;
    std::map<std::pair<FileId, bool>, std::vector<DotenvVariable>> parsed_;  // by file and "raw"
};

class ServiceEnvironment {
public:
    ServiceEnvironment(LoadContext& context, const Environment& environment)
        : context_{context}, environment_{environment}, files_{context, environment} {}

    void resolve(Node& service, const Path& path, bool keep_files) {
        variables(service, path);
        take_from_environment(service.find("environment"), environment_);
        labels(service, path);
        if (!keep_files) {
            service.erase("env_file");
            service.erase("label_file");
        }
    }

private:
    void variables(Node& service, const Path& path) {
        const Node* list = service.find("env_file");
        if (list == nullptr) {
            return;
        }
        Environment values;
        const Path here = path / "env_file";
        std::size_t i = 0;
        for (const Node& entry : list->items()) {
            files_.add(entry, here / i++, values);
        }
        lay_below(service, "environment", values, list->mark);
    }

    void labels(Node& service, const Path& path) {
        const Node* list = service.find("label_file");
        if (list == nullptr) {
            return;
        }
        Environment values;
        const Path here = path / "label_file";
        std::size_t i = 0;
        for (const Node& entry : list->items()) {
            Node wrapped = Node::mapping(entry.mark);
            wrapped.set("path", entry, entry.mark);
            files_.add(wrapped, here / i++, values);
        }
        lay_below(service, "labels", values, list->mark);
    }

    // What the service says itself wins.
    void lay_below(Node& service, std::string_view key, Environment& values, Mark mark) {
        Node* own = service.find(key);
        if (own == nullptr) {
            if (values.empty()) {
                return;
            }
            own = &service.set(key, Node::mapping(mark), mark);
        }
        for (auto& [name, value] : values) {
            if (!own->has(name)) {
                own->members().push_back({name, mark, Node::string(std::move(value), mark)});
            }
        }
    }

    LoadContext& context_;
    const Environment& environment_;
    EnvFiles files_;
};

}  // namespace

void resolve_service_environment(LoadContext& context, Node& document, const Environment& environment,
                                 bool keep_files) {
    Node* services = document.find("services");
    if (services == nullptr || !services->is_mapping()) {
        return;
    }
    ServiceEnvironment resolver{context, environment};
    const Path root;
    const Path section = root / "services";
    for (Member& member : services->members()) {
        if (member.value.is_mapping()) {
            resolver.resolve(member.value, section / member.key, keep_files);
        }
    }
}

}  // namespace stack::compose
