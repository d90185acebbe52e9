#include "cli/compose/build_service.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/build_context.hpp"
#include "cli/build_output.hpp"
#include "cli/build_sources.hpp"
#include "cli/build_view.hpp"
#include "compose/desired/desired.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

namespace stack::cli {
namespace {

constexpr int deepest_service_context = 20;

/// What holds for a service and for those that it needs.
struct Order {
    const Context& context;
    const compose::LoadedProject& loaded;
    bool quiet;
    const BuildOverrides& overrides;
    const BuiltImages& built;
};

std::string built_service(const Order& order, const compose::Service& service, const std::string& image_name,
                          int depth);

void add_secrets(build::BuildRequest& request, const compose::LoadedProject& loaded, const compose::Build& build) {
    for (const auto& reference : build.secrets) {
        const auto source = loaded.project.secrets.find(reference.source);
        if (source == loaded.project.secrets.end()) {
            throw Error(Errc::not_found, fmt::format("build secret '{}' is not declared", reference.source))
                .at(loaded.files->position(reference.mark));
        }
        const auto& secret = source->second;
        std::string content;
        if (secret.content) {
            content = *secret.content;
        } else if (!secret.environment.empty()) {
            const auto variable = loaded.environment.find(secret.environment);
            content = variable == loaded.environment.end() ? "" : variable->second;
        } else if (!secret.file.empty()) {
            content = read_file(secret.file);
        } else {
            throw Error(Errc::unsupported, fmt::format("build secret '{}' is external", reference.source))
                .at(loaded.files->position(reference.mark));
        }
        request.secrets[reference.target.empty() ? reference.source : reference.target] = {std::move(content)};
    }
}

/// additional_contexts: what --build-context takes, or service:name, which is built first.
void add_contexts(build::BuildRequest& request, const Order& order, const compose::Build& build, int depth) {
    constexpr std::string_view service_scheme = "service:";
    const auto& loaded = order.loaded;
    for (const auto& [name, value] : build.additional_contexts) {
        if (!value.starts_with(service_scheme)) {
            add_context(order.context.paths, request, name, value);
            continue;
        }
        if (const auto built = order.built.find(value.substr(service_scheme.size())); built != order.built.end()) {
            request.contexts[name].image = built->second;
            continue;
        }
        const auto* other = find_buildable(loaded.project, value.substr(service_scheme.size()));
        if (other == nullptr) {
            throw Error(Errc::not_found, fmt::format("additional context '{}' names no service with 'build'", value))
                .at(loaded.files->position(build.mark));
        }
        if (depth > deepest_service_context) {
            throw Error(Errc::invalid_input, fmt::format("additional context '{}' leads back to itself", value))
                .at(loaded.files->position(build.mark));
        }
        const auto image = compose::image_of(loaded.project, *other);
        request.contexts[name].image = built_service(order, *other, image, depth + 1);
    }
}

void read_dockerfile_of(const Paths& paths, build::BuildRequest& request, const compose::LoadedProject& loaded,
                        const compose::Build& build) {
    try {
        read_build_context(paths, request, build.context, build.dockerfile, build.dockerfile_inline.empty());
        if (build.dockerfile_inline.empty()) {
            return;
        }
        request.dockerfile = build.dockerfile_inline;
        request.dockerfile_name = "dockerfile_inline";
        request.ignore_text = find_file(request.context / ".dockerignore").value_or("");
    } catch (Error& error) {
        throw error.pos() ? error : Error{error}.at(loaded.files->position(build.mark));
    }
}

/// platforms, isolation, entitlements: what one builder on one Linux host can do of them.
void read_limits_of_use(build::BuildRequest& request, const compose::LoadedProject& loaded,
                        const compose::Service& service) {
    const auto& build = *service.build;
    try {
        request.platform = service.platform;
        if (!build.platforms.empty()) {
            // With several, the service's own is built, as docker compose does for one that is to run here.
            const bool own = std::ranges::find(build.platforms, service.platform) != build.platforms.end();
            request.platform = own ? service.platform : one_platform(build.platforms);
        }
        if (!build.isolation.empty() && build.isolation != "default") {
            throw Error{Errc::unsupported, fmt::format("isolation '{}' is for Windows containers", build.isolation)};
        }
        for (const auto& text : build.entitlements) {
            add_entitlement(request, text);
        }
    } catch (const Error& error) {
        throw Error{error}.at(loaded.files->position(build.mark));
    }
}

std::string built_service(const Order& order, const compose::Service& service, const std::string& image_name,
                          int depth) {
    const auto& build = *service.build;
    const auto& loaded = order.loaded;
    build::BuildRequest request;
    read_dockerfile_of(order.context.paths, request, loaded, build);
    for (const auto& [name, value] : build.args) {
        const auto variable = loaded.environment.find(name);
        request.args[name] = value                                  ? value
                             : variable == loaded.environment.end() ? std::nullopt
                                                                    : std::optional{variable->second};
    }
    for (const auto& [id, path] : build.ssh) {
        add_ssh(request, path.empty() ? id : fmt::format("{}={}", id, path));
    }
    add_secrets(request, loaded, build);
    request.labels.insert(build.labels.begin(), build.labels.end());
    read_limits_of_use(request, loaded, service);
    add_contexts(request, order, build, depth);
    request.no_cache = build.no_cache.value_or(false);
    request.refresh_images = build.pull.value_or(false);
    request.network = build.network;
    request.target = build.target;
    request.shm_size = build.shm_size.value_or(0);
    request.privileged = build.privileged.value_or(false);
    for (const auto& [name, addresses] : build.extra_hosts) {
        for (const auto& address : addresses) {
            request.extra_hosts.push_back(fmt::format("{}={}", name, address));
        }
    }
    for (const auto& [name, limit] : build.ulimits) {
        request.ulimits.push_back({name, limit.soft, limit.hard});
    }
    request.tags = build.tags;
    request.tags.insert(request.tags.begin(), image_name);
    if (order.overrides) {
        order.overrides(request);
    }
    return while_doing(fmt::format("build service '{}'", service.name), [&] {
        import_build_cache(order.context, build.cache_from, order.quiet);
        add_cache_export(order.context, request, build.cache_to);
        return build_and_show(order.context, std::move(request), service.name, order.quiet);
    });
}

}  // namespace

const compose::Service* find_buildable(const compose::Project& project, const std::string& name) {
    for (const auto* services : {&project.services, &project.disabled_services}) {
        const auto found = services->find(name);
        if (found != services->end() && found->second.build) {
            return &found->second;
        }
    }
    return nullptr;
}

int check_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service) {
    build::BuildRequest request;
    read_dockerfile_of(context.paths, request, loaded, *service.build);
    return check_dockerfile(context, request);
}

std::string build_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service,
                          const std::string& image_name, bool quiet, const BuildOverrides& overrides,
                          const BuiltImages& built) {
    return built_service({context, loaded, quiet, overrides, built}, service, image_name, 0);
}

}  // namespace stack::cli
