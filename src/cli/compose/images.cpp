#include "cli/compose/images.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/compose/build_service.hpp"
#include "cli/flags.hpp"
#include "compose/desired/desired.hpp"
#include "desired/hash.hpp"
#include "image/store.hpp"

namespace stack::cli {

namespace {

void add_with_dependencies(const desired::DesiredState& state, const std::string& name, std::set<std::string>& all) {
    if (!all.insert(name).second) {
        return;
    }
    for (const desired::ServiceSpec& service : state.services) {
        if (service.name == name) {
            for (const desired::Dependency& dependency : service.depends_on) {
                add_with_dependencies(state, dependency.service, all);
            }
        }
    }
}

}  // namespace

std::vector<std::string> with_dependencies(const desired::DesiredState& state,
                                           const std::vector<std::string>& services) {
    std::set<std::string> all;
    for (const std::string& service : services) {
        add_with_dependencies(state, service, all);
    }
    std::vector<std::string> names;
    for (const desired::ServiceSpec& service : state.services) {
        if (services.empty() || all.contains(service.name)) {
            names.push_back(service.name);
        }
    }
    return names;
}

namespace {

/// One service's image, as its files and the flags want it.
class Provider {
public:
    Provider(const Context& context, const compose::LoadedProject& loaded, const ImagePolicy& policy)
        : context_{context}, loaded_{loaded}, policy_{policy}, store_{context.paths} {}

    std::string image_id(const compose::Service& service, const std::string& name) {
        const std::string when = policy_.pull.empty() || policy_.pull == "policy" ? service.pull_policy : policy_.pull;
        if (service.build && (policy_.build || when == "build")) {
            return build_service(context_, loaded_, service, name, policy_.quiet_build);
        }
        if (const std::optional<image::Image> found = store_.find(name); found && when != "always") {
            return found->id;
        }
        if (service.build && !policy_.no_build) {
            return build_service(context_, loaded_, service, name, policy_.quiet_build);
        }
        return while_doing(fmt::format("find the image of service '{}'", service.name),
                           [&] { return missing(service, name, when); });
    }

private:
    /// Not here, or wanted afresh: that needs a registry.
    std::string missing(const compose::Service& service, const std::string& name, const std::string& when) {
        if (when == "always") {
            throw Error{Errc::unsupported,
                        fmt::format("cannot pull '{}': there is no registry client in this build", name)}
                .at(place(service))
                .hint("leave out --pull always to use the image that is here");
        }
        try {
            return store_.get(name).id;
        } catch (Error& error) {
            throw Error{error.code(), error.what()}.at(place(service)).hint(error.hint());
        }
    }

    SourcePos place(const compose::Service& service) const {
        const auto key = service.key_marks.find("image");
        return loaded_.files->position(key == service.key_marks.end() ? service.mark : key->second);
    }

    const Context& context_;
    const compose::LoadedProject& loaded_;
    const ImagePolicy& policy_;
    image::ImageStore store_;
};

void check_policy(const ImagePolicy& policy) {
    static constexpr const char* known[] = {"", "always", "missing", "never", "build", "policy", "if_not_present"};
    if (std::none_of(std::begin(known), std::end(known), [&](const char* word) { return policy.pull == word; })) {
        throw UsageError{
            fmt::format("invalid value '{}' for --pull: expected always, missing, never or policy", policy.pull)};
    }
    if (policy.build && policy.no_build) {
        throw UsageError{"--build and --no-build exclude each other"};
    }
}

}  // namespace

void provide_images(const Context& context, const compose::LoadedProject& loaded, desired::DesiredState& state,
                    const std::vector<std::string>& services, const ImagePolicy& policy) {
    check_policy(policy);
    const std::vector<std::string> wanted = with_dependencies(state, services);
    Provider provider{context, loaded, policy};
    for (desired::ServiceSpec& service : state.services) {
        if (std::find(wanted.begin(), wanted.end(), service.name) != wanted.end()) {
            const compose::Service& source = loaded.project.services.at(service.name);
            const std::string name = compose::image_of(loaded.project, source);
            service.container.image = name;
            service.container.image_id = provider.image_id(source, name);
            service.config_hash = desired::config_hash(service);
        }
    }
}

}  // namespace stack::cli
