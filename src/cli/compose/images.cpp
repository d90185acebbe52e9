#include "cli/compose/images.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/compose/build_many.hpp"
#include "cli/flags.hpp"
#include "cli/image/provide.hpp"
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

/// Where the services of one command get their images from, as their files and the flags want it.
class Provider {
public:
    Provider(const Context& context, const compose::LoadedProject& loaded, const ImagePolicy& policy)
        : context_{context}, loaded_{loaded}, policy_{policy} {}

    /// The images' ids, in the order of `services`. First all that is pulled, at once; then what is built.
    std::vector<std::string> image_ids(const std::vector<const compose::Service*>& services) {
        std::vector<WantedImage> wanted;
        for (const compose::Service* service : services) {
            wanted.push_back({image_name(*service), when(*service), service->platform});
        }
        const std::vector<ProvidedImage> provided = provide_images(context_, wanted, policy_.quiet_pull);
        std::vector<std::string> ids(services.size());
        std::vector<const compose::Service*> to_build;
        for (size_t i = 0; i < services.size(); ++i) {
            ids[i] = settle(*services[i], wanted[i], provided[i]);
            if (ids[i].empty()) {
                to_build.push_back(services[i]);
            }
        }
        if (!to_build.empty()) {
            const auto built = build_services(context_, loaded_, to_build, policy_.quiet_build);
            for (size_t i = 0, next = 0; i < ids.size(); ++i) {
                if (ids[i].empty()) {
                    ids[i] = built[next++];
                }
            }
        }
        return ids;
    }

private:
    using When = image::PullPolicy::When;

    std::string image_name(const compose::Service& service) const {
        return compose::image_of(loaded_.project, service);
    }

    image::PullPolicy when(const compose::Service& service) const {
        if (service.build && policy_.build) {
            return {When::build, {}};
        }
        const bool by_flag = !policy_.pull.empty() && policy_.pull != "policy";
        const auto chosen = pull_policy(by_flag ? policy_.pull : service.pull_policy, "pull_policy");
        // No registry has an image whose name was made up here.
        return service.image.empty() && chosen.when != When::build ? image::PullPolicy{When::never, {}} : chosen;
    }

    /// The image that is here now; empty if it is to be built.
    std::string settle(const compose::Service& service, const WantedImage& wanted, const ProvidedImage& provided) {
        if (service.build && wanted.policy.when == When::build && !policy_.no_build) {
            return {};
        }
        if (!provided.id.empty() && (!provided.failure || wanted.policy.when == When::aged)) {
            return provided.id;
        }
        if (service.build && !policy_.no_build) {
            return {};
        }
        return while_doing(fmt::format("find the image of service '{}'", service.name),
                           [&]() -> std::string { missing(service, wanted.name, provided.failure); });
    }

    [[noreturn]] void missing(const compose::Service& service, const std::string& name,
                              const std::exception_ptr& failure) const {
        try {
            if (failure) {
                std::rethrow_exception(failure);
            }
            (void)image::ImageStore{context_.paths}.get(name);
            throw Error{Errc::not_found, fmt::format("image '{}' is not here for platform {}", name, service.platform)};
        } catch (const Error& error) {
            const bool buildable = service.build && policy_.no_build;
            throw Error{error.code(), error.what()}
                .at(place(service))
                .hint(buildable ? "leave out --no-build to build it" : error.hint());
        }
    }

    SourcePos place(const compose::Service& service) const {
        const auto key = service.key_marks.find("image");
        return loaded_.files->position(key == service.key_marks.end() ? service.mark : key->second);
    }

    const Context& context_;
    const compose::LoadedProject& loaded_;
    const ImagePolicy& policy_;
};

void check_policy(const ImagePolicy& policy) {
    if (policy.pull != "policy") {
        (void)pull_policy(policy.pull, "--pull");
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
    std::vector<desired::ServiceSpec*> specs;
    std::vector<const compose::Service*> sources;
    for (desired::ServiceSpec& service : state.services) {
        if (std::find(wanted.begin(), wanted.end(), service.name) != wanted.end()) {
            specs.push_back(&service);
            sources.push_back(&loaded.project.services.at(service.name));
        }
    }
    const auto ids = Provider{context, loaded, policy}.image_ids(sources);
    for (size_t i = 0; i < specs.size(); ++i) {
        specs[i]->container.image = compose::image_of(loaded.project, *sources[i]);
        specs[i]->container.image_id = ids[i];
        specs[i]->config_hash = desired::config_hash(*specs[i]);
    }
}

}  // namespace stack::cli
