#include "cli/build_sources.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "build/builder.hpp"
#include "cli/build_context.hpp"
#include "image/config.hpp"
#include "image/rfc3339.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

namespace fs = std::filesystem;

std::string shown_path(const fs::path& file) {
    std::error_code ignored;
    const auto relative = fs::relative(file, fs::current_path(ignored), ignored);
    return relative.empty() || relative.string().starts_with("../..") ? file.string() : relative.string();
}

std::string read_dockerfile(const fs::path& file) {
    if (auto text = find_file(file)) {
        return std::move(*text);
    }
    Error error{Errc::not_found, fmt::format("there is no '{}'", shown_path(file))};
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{file.parent_path(), ignored}) {
        const auto name = entry.path().filename().string();
        if (to_lower(name).find("dockerfile") != std::string::npos || name == "Containerfile") {
            error.set_hint(fmt::format("did you mean '{}'? name it with -f", shown_path(entry.path())));
        }
    }
    throw error;
}

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

}  // namespace

void read_build_folder(build::BuildRequest& request, const std::string& folder, const std::string& dockerfile) {
    request.context = fs::absolute(folder).lexically_normal();
    if (!fs::is_directory(request.context)) {
        throw Error(Errc::not_found, fmt::format("the build context '{}' is not a folder", folder));
    }
    if (dockerfile == "-") {
        request.dockerfile = read_all(STDIN_FILENO, "standard input");
        request.dockerfile_name = "Dockerfile (standard input)";  // no file that lies here has this name
    } else {
        const auto file = request.context / (dockerfile.empty() ? "Dockerfile" : dockerfile);
        request.dockerfile = read_dockerfile(file);
        request.dockerfile_name = shown_path(file);
        if (auto own = find_file(file.string() + ".dockerignore")) {
            request.ignore_text = std::move(*own);
            return;
        }
    }
    request.ignore_text = find_file(request.context / ".dockerignore").value_or("");
}

void add_secret(build::BuildRequest& request, const std::string& text) {
    std::string id;
    std::string source;
    std::string variable;
    for (const auto field : split(text, ',')) {
        const auto equals = field.find('=');
        const auto key = field.substr(0, equals);
        const std::string value{equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1)};
        if (key == "id") {
            id = value;
        } else if (key == "src" || key == "source") {
            source = value;
        } else if (key == "env") {
            variable = value;
        } else if (key != "type") {
            throw Error(Errc::invalid_input, fmt::format("unknown key '{}' in --secret", key));
        }
    }
    if (id.empty()) {
        throw Error(Errc::invalid_input, fmt::format("--secret '{}' has no id", text)).hint("write id=NAME,src=FILE");
    }
    if (!variable.empty() || (source.empty() && environment(id))) {
        const auto value = environment(variable.empty() ? id : variable);
        if (!value) {
            throw Error(Errc::not_found, fmt::format("variable '{}' of secret '{}' is not set", variable, id));
        }
        request.secrets[id] = {*value};
    } else {
        request.secrets[id] = {read_file(source.empty() ? id : source)};
    }
}

void add_context(const Paths& paths, build::BuildRequest& request, const std::string& name, const std::string& value) {
    request.contexts[name] = read_named_context(paths, request, name, value);
}

void add_ssh(build::BuildRequest& request, const std::string& text) {
    const auto equals = text.find('=');
    const auto id = text.substr(0, equals);
    const auto socket = equals == std::string::npos ? environment("SSH_AUTH_SOCK") : text.substr(equals + 1);
    if (!socket || socket->empty()) {
        throw Error(Errc::not_found, fmt::format("no ssh agent for '{}'", id))
            .hint("start ssh-agent, so that SSH_AUTH_SOCK is set, or write id=SOCKET");
    }
    // A key's file would be readable in the build: what is bound there must be an agent, which never tells keys.
    std::error_code not_there;
    if (!fs::is_socket(*socket, not_there)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no socket of an ssh agent", *socket))
            .hint(fmt::format("load the key into an agent ('eval $(ssh-agent); ssh-add {}') and pass --ssh {}",
                              not_there ? "KEY" : *socket, id));
    }
    request.ssh[id] = fs::absolute(*socket);
}

void add_build_arg(build::BuildRequest& request, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
        request.args[text] = environment(text);
    } else {
        request.args[text.substr(0, equals)] = text.substr(equals + 1);
    }
}

ProgressStyle build_progress(const Flags& flags, ProgressStyle fallback) {
    const auto text = flags.value_or("progress", "");
    if (text.empty() || text == "auto") {
        return fallback;
    }
    if (text == "plain") {
        return ProgressStyle::plain;
    }
    if (text == "tty") {
        return ProgressStyle::tty;
    }
    if (text == "quiet") {
        return ProgressStyle::quiet;
    }
    if (text == "rawjson" || text == "json") {
        return ProgressStyle::json;
    }
    throw UsageError{fmt::format("invalid value '{}' for --progress", text)};
}

int check_dockerfile(const Context& context, const build::BuildRequest& request) {
    const auto checked = build::check_build(context.paths, request);
    const auto& warnings = checked.warnings;
    if (warnings.empty()) {
        fmt::print("Check complete, no warnings found.\n");
        return 0;
    }
    fmt::print("Check complete, {} found!\n",
               warnings.size() == 1 ? "1 warning has been" : fmt::format("{} warnings have been", warnings.size()));
    for (const auto& one : warnings) {
        fmt::print("\nWARNING: {} - {}\n{}\n", one.rule, build::lint_rule_url(one.rule), one.text);
        fmt::print("{}:{}\n--------------------\n", one.pos.file, one.pos.line);
        for (const auto& line : build::dockerfile_excerpt(checked.file.lines, one.pos.line, one.last_line)) {
            fmt::print("{}\n", line);
        }
        fmt::print("--------------------\n");
    }
    return 1;
}

void add_entitlement(build::BuildRequest& request, const std::string& text) {
    if (text != "security.insecure" && text != "network.host") {
        throw Error{Errc::unsupported, fmt::format("'{}' is no entitlement that is known here", text)}.hint(
            "there are security.insecure and network.host");
    }
    request.entitlements.push_back(text);
}

std::string one_platform(const std::vector<std::string>& platforms) {
    std::vector<std::string> all;
    for (const auto& text : platforms) {
        for (const auto one : split(text, ',')) {
            all.push_back(to_string(image::parse_platform(one)));
        }
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (all.size() > 1) {
        throw Error{Errc::unsupported, fmt::format("cannot build for {} at a time", join(all, " and "))}.hint(
            "build for one platform after the other, each with a name of its own");
    }
    return all.empty() ? "" : all.front();
}

void read_common_flags(build::BuildRequest& request, const Flags& flags) {
    for (const auto& arg : flags.values("build-arg")) {
        add_build_arg(request, arg);
    }
    for (const auto& ssh : flags.values("ssh")) {
        add_ssh(request, ssh);
    }
    request.refresh_images = request.refresh_images || flags.on("pull");
    request.no_cache = request.no_cache || flags.on("no-cache");
    request.classic = environment("DOCKER_BUILDKIT") == "0";
    if (const auto memory = flags.value("memory")) {
        const auto bytes = parse_byte_size(*memory);
        if (!bytes) {
            throw UsageError{fmt::format("invalid value '{}' for --memory", *memory)};
        }
        request.resources.memory = bytes->count;
    }
    request.source_date_epoch = image::source_date_epoch();
    if (const auto epoch = request.args.find("SOURCE_DATE_EPOCH"); epoch != request.args.end() && epoch->second) {
        request.source_date_epoch = parse_int(*epoch->second);
    }
}

}  // namespace stack::cli
