#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "desired/possible.hpp"

namespace stack::compose::desired_parts {

namespace {

/// What stands in a service but cannot be done on one Linux host by this engine.
class SupportCheck {
public:
    SupportCheck(const Input& input, const Service& service)
        : findings_{input.findings}, service_{service}, section_{root_ / "services"}, path_{section_ / service.name} {}

    void all() {
        elsewhere();
        windows();
        if (service_.deploy) {
            deploy(*service_.deploy);
        }
        if (service_.build) {
            build(*service_.build);
        }
    }

private:
    void elsewhere() {
        if (service_.provider) {
            error("provider",
                  fmt::format("service '{}' is left to provider '{}', which this engine cannot run", service_.name,
                              service_.provider->type),
                  "run what the provider would run as an ordinary service with an 'image'");
        }
        if (!service_.models.empty()) {
            error("models",
                  fmt::format("service '{}' uses models, and this engine has no runner for them", service_.name),
                  "run a model server as an ordinary service and name its address in 'environment'");
        }
        if (service_.use_api_socket) {
            error(
                "use_api_socket",
                fmt::format("service '{}' asks for the engine's API socket, which does not exist here", service_.name),
                "leave 'use_api_socket' out");
        }
    }

    void windows() {
        constexpr std::string_view why = "is for Windows containers and has no effect on Linux";
        if (service_.credential_spec) {
            no_effect("credential_spec", why);
        }
        if (service_.cpu_count != 0) {
            no_effect("cpu_count", why, "use 'cpus'");
        }
        if (service_.cpu_percent != 0) {
            no_effect("cpu_percent", why, "use 'cpus'");
        }
    }

    void deploy(const Deploy& deploy) {
        constexpr std::string_view why = "has no effect: there is one host";
        if (deploy.mode == "global" && service_.replicas() != 1) {
            at(deploy.mark, "deploy.mode", "has no effect: there is one host, and 'replicas' counts");
        } else if (deploy.mode.ends_with("-job")) {
            at(deploy.mark, "deploy.mode", "has no effect: the containers run as 'restart' says");
        }
        if (deploy.placement) {
            at(deploy.placement->mark, "deploy.placement", why);
        }
        if (!deploy.endpoint_mode.empty() && deploy.endpoint_mode != "dnsrr") {
            at(deploy.mark, "deploy.endpoint_mode",
               "has no effect: the service's name stands for the addresses of its containers (dnsrr)");
        }
        if (deploy.update_config) {
            at(deploy.update_config->mark, "deploy.update_config", "has no effect: containers are replaced one by one");
        }
        if (deploy.rollback_config) {
            at(deploy.rollback_config->mark, "deploy.rollback_config", "has no effect: nothing is rolled back");
        }
        if (!deploy.labels.empty()) {
            at(deploy.mark, "deploy.labels", "has no effect: they are not for containers; use 'labels'");
        }
        if (deploy.reservations && deploy.reservations->cpus) {
            at(deploy.reservations->mark, "deploy.resources.reservations.cpus",
               "has no effect: cpus are not reserved; 'cpu_shares' gives a weight");
        }
        if (deploy.reservations && !deploy.reservations->generic_resources.empty()) {
            at(deploy.reservations->mark, "deploy.resources.reservations.generic_resources", why);
        }
        const bool both = deploy.restart_policy && !service_.restart.empty();
        if (both) {
            at(deploy.restart_policy->mark, "deploy.restart_policy", "has no effect beside 'restart'");
        }
    }

    void build(const Build& build) {
        if (!build.isolation.empty() && build.isolation != "default") {
            findings_.error(build.mark, path_ / "build",
                            fmt::format("build isolation '{}' of service '{}' does not exist on Linux", build.isolation,
                                        service_.name),
                            "leave 'isolation' out");
        }
    }

    void error(std::string_view key, std::string message, std::string hint) {
        findings_.error(place_of(service_, key), path_ / key, std::move(message), std::move(hint));
    }

    void no_effect(std::string_view key, std::string_view why, std::string hint = {}) {
        findings_.warning(place_of(service_, key), path_ / key,
                          fmt::format("'{}' of service '{}' {}", key, service_.name, why), std::move(hint));
    }

    void at(Mark mark, std::string_view key, std::string_view why) {
        findings_.warning(mark, path_ / key, fmt::format("'{}' of service '{}' {}", key, service_.name, why));
    }

    Findings& findings_;
    const Service& service_;
    const Path root_;
    const Path section_;
    const Path path_;
};

}  // namespace

void check_support(const Input& input, const Service& service) {
    SupportCheck{input, service}.all();
}

void check_possible(const Input& input, const Service& service, const desired::ContainerSpec& spec) {
    for (const desired::Impossible& it : desired::impossible_values(spec)) {
        // A limit may stand below `deploy` instead of under its own key.
        const bool in_deploy = service.deploy && !service.key_marks.contains(it.key);
        input.findings.error(in_deploy ? service.deploy->mark : place_of(service, it.key), Path{},
                             fmt::format("service '{}': {}", service.name, it.message), it.hint);
    }
}

}  // namespace stack::compose::desired_parts
