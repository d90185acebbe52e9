#include <unordered_set>

#include <fmt/format.h>

#include "compose/check/consistency_parts.hpp"
#include "compose/check/report.hpp"
#include "compose/check/rule.hpp"
#include "compose/short/short_mount.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t most_compared = 200;  // names that the nearest is looked for in

std::vector<std::string> names_in(const Node* section) {
    std::vector<std::string> names;
    if (section != nullptr) {
        for (const auto& member : section->members()) {
            if (names.size() == most_compared) {
                break;
            }
            names.push_back(member.key);
        }
    }
    return names;
}

/// Tells a name of a section ("networks") that is not declared there. `used_as` is the key that uses it.
void undeclared(const ServiceView& view, std::string_view section, std::string_view one, std::string_view name,
                Mark mark, const Path& path, std::string hint = {}) {
    if (view.findings.has_error_at(mark) || view.is_open(name)) {
        return;
    }
    const bool read = view.findings.dropped() == 0;  // past the findings that are kept nobody reads hints
    const auto declared = read ? names_in(view.document.find(section)) : std::vector<std::string>{};
    if (const auto near = nearest(name, declared)) {
        hint = fmt::format("did you mean '{}'?", *near);
    } else if (hint.empty() && is_plain_name(name)) {
        hint = fmt::format("declare it at the top of the file: '{}: {{{}: {{}}}}'", section, name);
    }
    if (!declared.empty()) {
        hint +=
            fmt::format("{}declared: {}", hint.empty() ? "" : (hint.ends_with('?') ? " " : "; "), enumerate(declared));
    }
    view.findings.error(
        mark, path,
        fmt::format("service '{}' uses the {} '{}', which is not declared", shown(view.service.key), one, shown(name)),
        std::move(hint));
}

bool is_declared(const ServiceView& view, std::string_view section, std::string_view name) {
    const Node* declared = view.document.find(section);
    return declared != nullptr && declared->has(name);
}

void check_services(const ServiceView& view, const ServiceFilter& active) {
    const Node& services = *view.document.find("services");
    for (const auto& reference : service_references(view.service.value)) {
        const Path place = view.path / reference.cause;
        const Path path = reference.details == nullptr ? place : place / reference.name;
        const bool known = services.has(reference.name);
        if ((known && active(reference.name)) || view.is_open(reference.name) ||
            view.findings.has_error_at(reference.mark)) {
            continue;
        }
        const Node* required = reference.details == nullptr ? nullptr : reference.details->find("required");
        if (known && required != nullptr && !required->as_bool().value_or(true)) {
            continue;
        }
        if (known) {
            const Node* profiles = services.find(reference.name)->find("profiles");
            const auto profile = profiles != nullptr && !profiles->items().empty() ? profiles->items()[0].text : "…";
            view.findings.error(reference.mark, path,
                                fmt::format("service '{}' needs the service '{}' ({}), whose profiles are not active",
                                            shown(view.service.key), shown(reference.name), reference.cause),
                                fmt::format("activate it with --profile {}{}", shown(profile),
                                            reference.cause == "depends_on" ? ", or write 'required: false'" : ""));
            continue;
        }
        const auto declared = view.findings.dropped() == 0 ? names_in(&services) : std::vector<std::string>{};
        const auto near = nearest(reference.name, declared);
        view.findings.error(
            reference.mark, path,
            fmt::format("service '{}' needs the service '{}' ({}), which is not there", shown(view.service.key),
                        shown(reference.name), reference.cause),
            near ? fmt::format("did you mean '{}'?", *near) : fmt::format("the services are {}", enumerate(declared)));
    }
}

void check_networks(const ServiceView& view) {
    const Node* networks = view.find("networks");
    if (networks == nullptr) {
        return;
    }
    const Path path = view.path / "networks";
    const auto check = [&](std::string_view name, Mark mark, const Path& here) {
        if (name != "default" && !is_declared(view, "networks", name)) {
            undeclared(view, "networks", "network", name, mark, here);
        }
    };
    for (std::size_t i = 0; i < networks->items().size(); ++i) {
        check(networks->items()[i].text, networks->items()[i].mark, path / i);
    }
    for (const auto& member : networks->members()) {
        check(member.key, member.key_mark, path / member.key);
    }
}

/// "data" without "./": a folder beside the file, or a volume to declare?
std::string mend_volume(std::string_view name) {
    if (name.find('/') != std::string_view::npos || name.find('.') != std::string_view::npos) {
        return fmt::format("for a path of the host write './{}'", shown(name));
    }
    return fmt::format(
        "declare it at the top of the file: 'volumes: {{{}: {{}}}}', or write './{}' for a folder of the host",
        shown(name), shown(name));
}

void check_volumes(const ServiceView& view) {
    const Node* mounts = view.find("volumes");
    if (mounts == nullptr) {
        return;
    }
    const Path path = view.path / "volumes";
    for (std::size_t i = 0; i < mounts->items().size(); ++i) {
        const Node& mount = mounts->items()[i];
        std::string name;
        Mark mark = mount.mark;
        if (mount.is_string()) {
            const auto form = parse_short_mount(mount.text);
            name = form.parts && !form.parts->bind ? form.parts->source : "";
        } else if (const Node* source = mount.find("source"); source != nullptr && source->is_string()) {
            const Node* type = mount.find("type");
            name = type != nullptr && type->text == "volume" ? source->text : "";
            mark = source->mark;
        }
        if (!name.empty() && !is_declared(view, "volumes", name)) {
            undeclared(view, "volumes", "volume", name, mark, path / i, mend_volume(name));
        }
    }
}

/// secrets and configs of a service or of its build.
void check_grants(const ServiceView& view, const Node* grants, std::string_view section, std::string_view one,
                  const Path& path) {
    if (grants == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < grants->items().size(); ++i) {
        const Node& grant = grants->items()[i];
        const Node* source = grant.is_mapping() ? grant.find("source") : &grant;
        if (source != nullptr && source->is_string() && !is_declared(view, section, source->text)) {
            const auto hint = fmt::format("declare it at the top of the file: '{}: {{{}: {{file: ./{}.txt}}}}'",
                                          section, shown(source->text), shown(source->text));
            undeclared(view, section, one, source->text, source->mark, path / i, hint);
        }
    }
}

void check_models(const ServiceView& view) {
    const Node* models = view.find("models");
    if (models == nullptr) {
        return;
    }
    const Path path = view.path / "models";
    for (std::size_t i = 0; i < models->items().size(); ++i) {
        if (!is_declared(view, "models", models->items()[i].text)) {
            undeclared(view, "models", "model", models->items()[i].text, models->items()[i].mark, path / i);
        }
    }
    for (const auto& member : models->members()) {
        if (!is_declared(view, "models", member.key)) {
            undeclared(view, "models", "model", member.key, member.key_mark, path / member.key);
        }
    }
}

}  // namespace

void check_references(const ServiceView& view, const ServiceFilter& active) {
    check_services(view, active);
    check_networks(view);
    check_volumes(view);
    check_grants(view, view.find("secrets"), "secrets", "secret", view.path / "secrets");
    check_grants(view, view.find("configs"), "configs", "config", view.path / "configs");
    if (const Node* build = view.find("build"); build != nullptr) {
        const Path path = view.path / "build";
        check_grants(view, build->find("secrets"), "secrets", "secret", path / "secrets");
    }
    if (const Node* spec = view.find("credential_spec"); spec != nullptr) {
        if (const Node* config = spec->find("config");
            config != nullptr && !is_declared(view, "configs", config->text)) {
            const Path path = view.path / "credential_spec";
            view.findings.warning(config->mark, path / "config",
                                  fmt::format("service '{}' uses the config '{}', which is not declared",
                                              shown(view.service.key), shown(config->text)),
                                  "declare it below 'configs' at the top of the file");
        }
    }
    check_models(view);
}

}  // namespace stack::compose
