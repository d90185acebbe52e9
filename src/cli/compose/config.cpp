#include <cstdio>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "cli/compose/image_digests.hpp"
#include "cli/load_project.hpp"
#include "cli/verbs.hpp"
#include "compose/desired/desired.hpp"
#include "compose/print.hpp"
#include "compose/profiles.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using compose::LoadedProject;
using compose::Node;

std::string lines(const std::set<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        out += name + "\n";
    }
    return out;
}

std::set<std::string> keys(const Node& tree, std::string_view section) {
    std::set<std::string> names;
    if (const Node* members = tree.find(section)) {
        for (const auto& member : members->members()) {
            names.insert(member.key);
        }
    }
    return names;
}

std::string services_text(const LoadedProject& loaded) {
    return lines(keys(loaded.tree, "services"));
}
std::string volumes_text(const LoadedProject& loaded) {
    return lines(keys(loaded.tree, "volumes"));
}
std::string networks_text(const LoadedProject& loaded) {
    return lines(keys(loaded.tree, "networks"));
}
std::string models_text(const LoadedProject& loaded) {
    return lines(keys(loaded.tree, "models"));
}

std::string images_text(const LoadedProject& loaded) {
    std::map<std::string, std::string> images;  // by service
    if (const Node* services = loaded.tree.find("services")) {
        for (const auto& [name, mark, service] : services->members()) {
            if (const Node* image = service.find("image")) {
                images[name] = image->text;
            } else if (service.has("build")) {
                images[name] = fmt::format("{}-{}", loaded.project.name, name);
            }
        }
    }
    std::string out;
    for (const auto& [service, image] : images) {
        out += image + "\n";
    }
    return out;
}

std::string profiles_text(const LoadedProject& loaded) {
    std::set<std::string> names;
    for (const Node* services : {loaded.tree.find("services"), &loaded.inactive}) {
        for (const auto& member : services == nullptr ? std::vector<compose::Member>{} : services->members()) {
            if (const Node* profiles = member.value.find("profiles")) {
                for (const Node& profile : profiles->items()) {
                    names.insert(profile.text);
                }
            }
        }
    }
    return lines(names);
}

std::string environment_text(const LoadedProject& loaded) {
    std::string out;
    for (const auto& [name, value] : loaded.environment) {
        out += fmt::format("{}={}\n", name, value);
    }
    return out;
}

std::string variables_text(const LoadedProject& loaded) {
    // The columns of `docker compose config --variables`: 20 wide, wider with three spaces to spare.
    constexpr std::size_t least = 20;
    constexpr std::size_t gap = 3;
    std::size_t names = least;
    std::size_t defaults = least;
    for (const auto& [name, use] : loaded.variables) {
        names = std::max(names, name.size() + gap);
        defaults = std::max(defaults, use.default_value.size() + gap);
    }
    const auto row = [&](std::string_view name, std::string_view required, std::string_view otherwise,
                         std::string_view alternate) {
        return fmt::format("{:{}}{:20}{:{}}{}\n", name, names, required, otherwise, defaults, alternate);
    };
    std::string out = row("NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE");
    for (const auto& [name, use] : loaded.variables) {
        out += row(name, use.required ? "true" : "false", use.default_value, use.alternate_value);
    }
    return out;
}

struct Listing {
    std::string_view flag;
    std::string (*text)(const LoadedProject&);
};

constexpr Listing listings[] = {
    {"services", services_text},       {"volumes", volumes_text},     {"networks", networks_text},
    {"models", models_text},           {"images", images_text},       {"profiles", profiles_text},
    {"environment", environment_text}, {"variables", variables_text},
};

/// "NAME HASH" for each service of `list`, which is comma separated or '*'.
std::string hashes_text(const LoadedProject& loaded, const std::string& list) {
    std::set<std::string> wanted;
    for (const std::string_view name : split(list, ',')) {
        if (name != "*" && !loaded.project.services.contains(std::string{name})) {
            throw Error{Errc::not_found, fmt::format("no such service: '{}'", name)};
        }
        wanted.emplace(name);
    }
    std::string out;
    for (const desired::ServiceSpec& service : compose::make_desired(loaded).state.services) {
        if (wanted.contains("*") || wanted.contains(service.name)) {
            out += fmt::format("{} {}\n", service.name, service.config_hash);
        }
    }
    return out;
}

void write_output(const Flags& flags, std::string_view text) {
    if (flags.on("quiet")) {
        return;
    }
    if (const auto file = flags.value("output")) {
        replace_file(*file, text);
        return;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string model_text(LoadedProject& loaded, const Flags& flags) {
    const std::string format = flags.value_or("format", "yaml");
    const compose::PrintStyle style{!flags.on("no-interpolate")};
    return format == "json" ? compose::print_json(loaded.tree, style) : compose::print_yaml(loaded.tree, style);
}

}  // namespace

int show_config(Context& context, const Flags& flags) {
    const std::string format = flags.value_or("format", "yaml");
    if (format != "yaml" && format != "json") {
        throw UsageError{fmt::format("invalid value '{}' for --format: expected yaml or json", format)};
    }
    compose::LoadOptions options = load_options(context);
    options.judged = true;
    options.services = flags.words();
    options.interpolate = !flags.on("no-interpolate") && !flags.on("variables");
    options.normalize = !flags.on("no-normalize");
    options.resolve_paths = !flags.on("no-path-resolution");
    options.check_consistency = !flags.on("no-consistency");
    options.resolve_env_files = !flags.on("no-env-resolution");
    options.typed = flags.value("hash").has_value();
    LoadedProject loaded = cli::load_project(options);
    if (options.interpolate) {  // else what is used depends on variables
        compose::remove_unused(loaded.tree);
    }
    for (const Listing& listing : listings) {
        if (flags.on(listing.flag)) {
            write_output(flags, listing.text(loaded));
            return 0;
        }
    }
    if (const auto list = flags.value("hash")) {
        write_output(flags, hashes_text(loaded, *list));
        return 0;
    }
    if (flags.on("resolve-image-digests") || flags.on("lock-image-digests")) {
        pin_images(loaded, context.paths);
    }
    if (flags.on("lock-image-digests")) {
        loaded.tree = images_only(loaded.tree);
    }
    write_output(flags, model_text(loaded, flags));
    return 0;
}

}  // namespace stack::cli
