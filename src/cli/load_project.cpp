#include "cli/load_project.hpp"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_codes.hpp"
#include "support/files.hpp"

namespace stack::cli {

namespace {

compose::Environment process_environment() {
    compose::Environment out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) {
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return out;
}

void print_findings(const std::vector<compose::Finding>& findings, const compose::SourceFiles& files) {
    const std::string text = compose::render_findings(findings, files);
    std::fflush(stdout);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

compose::LoadOptions load_options(const Context& context) {
    compose::LoadOptions options;
    options.working_dir = std::filesystem::current_path();
    options.environment = process_environment();
    options.files = context.project.files;
    options.env_files = context.project.env_files;
    options.project_directory = context.project.directory;
    options.project_name = context.project.name;
    options.profiles = context.project.profiles;
    options.read_stdin = [] { return read_all(STDIN_FILENO, "standard input", std::size_t{16} << 20U); };
    return options;
}

compose::LoadedProject load_project(const compose::LoadOptions& options, Warnings warnings) {
    try {
        compose::LoadedProject loaded = compose::load_project(options);
        if (warnings == Warnings::told) {
            print_findings(loaded.warnings, *loaded.files);
        }
        return loaded;
    } catch (const compose::LoadFailure& failure) {
        print_findings(failure.findings(), failure.files());
        throw Exit{failure.code() == Errc::not_found ? exit_file_not_found : exit_invalid_project};
    } catch (const Error& error) {
        if (error.code() == Errc::not_found) {
            throw ExitError{exit_file_not_found, error};
        }
        throw;
    }
}

compose::LoadedProject load_project(const Context& context, const std::vector<std::string>& services,
                                    Warnings warnings) {
    compose::LoadOptions options = load_options(context);
    options.services = services;
    return load_project(options, warnings);
}

}  // namespace stack::cli
