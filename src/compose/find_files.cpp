#include "compose/find_files.hpp"

#include <span>

#include <fmt/format.h>

#include "compose/include.hpp"
#include "compose/resolve_paths.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

constexpr std::string_view default_names[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                              "docker-compose.yaml"};
constexpr std::string_view override_names[] = {"compose.override.yml", "compose.override.yaml",
                                               "docker-compose.override.yml", "docker-compose.override.yaml"};

std::string value_of(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string{} : found->second;
}

bool is_file(const std::filesystem::path& file) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    return !error && std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

/// A link that leads nowhere was meant to be one: reading it tells why it is none.
bool is_file_or_broken_link(const std::filesystem::path& file) {
    std::error_code error;
    return is_file(file) || std::filesystem::is_symlink(std::filesystem::symlink_status(file, error));
}

class Finder {
public:
    explicit Finder(LoadContext& context) : context_{context}, cwd_{context.options.working_dir} {}

    ProjectFiles find() {
        found_.environment = context_.options.environment;
        found_.files = absolute(context_.options.files);
        std::filesystem::path directory = project_directory();
        read_environment(directory);
        if (found_.files.empty()) {
            from_compose_file();
        }
        if (found_.files.empty()) {
            from_folders(directory);
        }
        found_.directory = project_directory();
        // Files elsewhere mean another folder's .env; the first one read keeps its say.
        if (found_.directory != directory) {
            read_environment(found_.directory);
        }
        return std::move(found_);
    }

private:
    std::string absolute(const std::string& file) const { return resolve_path(file, cwd_, {}); }

    std::vector<std::string> absolute(const std::vector<std::string>& files) const {
        std::vector<std::string> out;
        for (const std::string& file : files) {
            out.push_back(file == "-" ? file : absolute(file));
        }
        return out;
    }

    std::filesystem::path project_directory() const {
        if (!context_.options.project_directory.empty()) {
            return absolute(context_.options.project_directory);
        }
        for (const std::string& file : found_.files) {
            if (file != "-") {
                return std::filesystem::path{file}.parent_path();
            }
        }
        return cwd_;
    }

    void read_environment(const std::filesystem::path& directory) {
        std::vector<std::pair<std::filesystem::path, Mark>> files;
        if (!context_.options.env_files.empty()) {
            for (const std::string& file : context_.options.env_files) {
                files.emplace_back(absolute(file), Mark{});
            }
        } else if (const std::string listed = value_of(found_.environment, "COMPOSE_ENV_FILES"); !listed.empty()) {
            for (const std::string_view file : split(listed, ',')) {
                files.emplace_back(absolute(std::string{trim(file)}), Mark{});
            }
        } else if (is_file(directory / ".env") && !environment_file_disabled()) {
            files.emplace_back(directory / ".env", Mark{});
        }
        if (files == read_already_) {
            return;
        }
        read_already_ = files;
        found_.environment = read_env_files(context_, found_.environment, files);
    }

    bool environment_file_disabled() const {
        const std::string value = to_lower(value_of(found_.environment, "COMPOSE_DISABLE_ENV_FILE"));
        return value == "1" || value == "true";
    }

    void from_compose_file() {
        const std::string listed = value_of(found_.environment, "COMPOSE_FILE");
        if (listed.empty()) {
            return;
        }
        const std::string separator = value_of(found_.environment, "COMPOSE_PATH_SEPARATOR");
        const std::string cut = separator.empty() ? ":" : separator;
        std::string_view rest = listed;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(cut), rest.size());
            if (end > 0) {
                const std::string file{rest.substr(0, end)};
                found_.files.push_back(file == "-" ? file : absolute(file));
            }
            rest.remove_prefix(std::min(end + cut.size(), rest.size()));
        }
    }

    void from_folders(const std::filesystem::path& start) {
        for (std::filesystem::path folder = start;; folder = folder.parent_path()) {
            if (add_first(folder, default_names, "Compose files")) {
                add_first(folder, override_names, "override files");
                return;
            }
            if (folder == folder.parent_path()) {
                break;
            }
        }
        throw Error{Errc::not_found, fmt::format("no Compose file in '{}' or any folder above it", start.string())}
            .hint("make a compose.yaml, or name a file with -f");
    }

    /// Takes the first of `names` that the folder has; that it has others too is told, since they are easily taken for
    /// the one that counts.
    bool add_first(const std::filesystem::path& folder, std::span<const std::string_view> names,
                   std::string_view what) {
        std::vector<std::string> there;
        for (const std::string_view name : names) {
            if (is_file_or_broken_link(folder / name)) {
                there.emplace_back(name);
            }
        }
        if (there.empty()) {
            return false;
        }
        found_.files.push_back((folder / there.front()).string());
        if (there.size() > 1) {
            context_.findings.warning({}, Path{},
                                      fmt::format("'{}' has {} {}: {}; '{}' is used", folder.string(), there.size(),
                                                  what, join(there, ", "), there.front()),
                                      "remove the others, or name the files that you mean with -f");
        }
        return true;
    }

    LoadContext& context_;
    std::filesystem::path cwd_;
    ProjectFiles found_;
    std::vector<std::pair<std::filesystem::path, Mark>> read_already_;
};

}  // namespace

ProjectFiles find_project_files(LoadContext& context) {
    return Finder{context}.find();
}

std::string normalized_project_name(std::string_view text) {
    std::string name;
    for (const char c : to_lower(text)) {
        const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        const bool leading = name.empty() && (c == '-' || c == '_');
        if (allowed && !leading) {
            name += c;
        }
    }
    return name;
}

}  // namespace stack::compose
