#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "compose/limits.hpp"
#include "compose/read_file.hpp"
#include "support/digest.hpp"

namespace stack::compose::desired_parts {

namespace {

struct Kind {
    std::string_view name;    // "secret"
    std::string_view folder;  // of relative targets
    bool secret{false};
    std::string_view section;
};

constexpr Kind secret_kind{"secret", "/run/secrets/", true, "secrets"};
constexpr Kind config_kind{"config", "/", false, "configs"};

// Fills content or host_path and digest; false if there is nothing to lay into the container.
bool fill_content(const Input& input, const Service& service, const FileReference& reference, const FileSource& source,
                  const Kind& kind, desired::FileMount& file) {
    const auto refuse = [&](std::string message, std::string hint) {
        const Path root;
        const Path section = root / kind.section;
        input.findings.error(source.mark, section / reference.source, std::move(message), std::move(hint));
        return false;
    };
    if (source.external) {
        return refuse(fmt::format("{} '{}' of service '{}' is external, but this engine keeps no {}s of its own",
                                  kind.name, reference.source, service.name, kind.name),
                      "give it a 'file' or an 'environment' variable");
    }
    if (!source.driver.empty()) {
        return refuse(
            fmt::format("{} '{}' asks for driver '{}', which is not known", kind.name, reference.source, source.driver),
            "give it a 'file' or an 'environment' variable");
    }
    if (!source.template_driver.empty()) {
        return refuse(fmt::format("{} '{}' asks for template_driver '{}', and this engine fills no templates in",
                                  kind.name, reference.source, source.template_driver),
                      "leave 'template_driver' out; variables of Compose work in 'content'");
    }
    if (source.content) {
        file.content = *source.content;
        return true;
    }
    if (!source.environment.empty()) {
        const auto value = input.loaded.environment.find(source.environment);
        if (value == input.loaded.environment.end()) {
            return refuse(fmt::format("{} '{}' of service '{}' is variable '{}', which is not set", kind.name,
                                      reference.source, service.name, source.environment),
                          fmt::format("set it in .env or in the shell: {}=…", source.environment));
        }
        file.content = value->second;
        return true;
    }
    file.host_path = source.file;
    try {
        file.digest = sha256_hex(read_project_file(source.file, limits::file_bytes));
    } catch (const Error& error) {
        return refuse(
            fmt::format("{} '{}' of service '{}': {}", kind.name, reference.source, service.name, error.what()),
            "make the file, or correct 'file'");
    }
    return true;
}

void add_files(const Input& input, const Service& service, const std::vector<FileReference>& references,
               const std::map<std::string, FileSource>& sources, const Kind& kind,
               std::vector<desired::FileMount>& out) {
    for (const FileReference& reference : references) {
        const auto source = sources.find(reference.source);
        if (source == sources.end()) {
            continue;  // told by the checks, unless they were switched off
        }
        desired::FileMount file;
        const std::string target = reference.target.empty() ? reference.source : reference.target;
        file.target = target.starts_with('/') ? target : std::string{kind.folder} + target;
        file.uid = reference.uid;
        file.gid = reference.gid;
        file.mode = reference.mode.value_or(file.mode);
        file.secret = kind.secret;
        file.name = reference.source;
        if (fill_content(input, service, reference, source->second, kind, file)) {
            out.push_back(std::move(file));
        }
    }
}

}  // namespace

std::vector<desired::FileMount> files_of(const Input& input, const Service& service) {
    std::vector<desired::FileMount> out;
    add_files(input, service, service.secrets, input.project().secrets, secret_kind, out);
    add_files(input, service, service.configs, input.project().configs, config_kind, out);
    return out;
}

}  // namespace stack::compose::desired_parts
