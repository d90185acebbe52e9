#include "engine/runtime/security_options.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "engine/runtime/apparmor.hpp"
#include "engine/runtime/seccomp.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

struct Chosen {
    bool seccomp_unconfined{false};
    std::string seccomp_profile;  ///< JSON; empty: the default one
};

void choose_seccomp(const std::string& value, Chosen& chosen) {
    if (value == "unconfined") {
        chosen.seccomp_unconfined = true;
    } else if (value == "builtin" || value == "default") {
        chosen.seccomp_profile.clear();
    } else if (!value.empty() && value.front() == '{') {
        chosen.seccomp_profile = value;
    } else {
        try {
            chosen.seccomp_profile = read_file(value, size_t{4} << 20U);
        } catch (const Error& error) {
            throw Error(Errc::invalid_input, fmt::format("the seccomp profile cannot be read: {}", error.what()));
        }
    }
}

void load_default_apparmor() {
    try {
        load_default_apparmor_profile();
    } catch (const SysError& error) {
        throw Error(Errc::permission, error.what())
            .hint("'security_opt: [apparmor=unconfined]' starts the container without AppArmor");
    }
}

void choose_apparmor(const desired::ContainerSpec& spec, ProcessPlan& process, std::vector<std::string>& warnings) {
    const std::string profile = apparmor_profile_of(spec);
    if (profile == "unconfined") {
        return;
    }
    if (!host_has_apparmor()) {
        if (profile != default_apparmor_profile) {
            warnings.push_back(fmt::format(
                "the AppArmor profile '{}' has no effect: this host's kernel runs without AppArmor", profile));
        }
        return;
    }
    if (profile == default_apparmor_profile) {
        load_default_apparmor();
    } else if (!apparmor_profile_is_loaded(profile)) {
        throw Error(Errc::not_found, fmt::format("the AppArmor profile '{}' is not loaded on this host", profile))
            .hint("load it with 'apparmor_parser --replace FILE'; 'aa-status' lists those that are loaded");
    }
    process.apparmor_profile = profile;
}

bool truth(const std::string& value, const std::string& option) {
    if (value.empty() || value == "true") {
        return true;
    }
    if (value != "false") {
        throw Error(Errc::invalid_input, fmt::format("security_opt '{}': 'true' or 'false' is expected", option));
    }
    return false;
}

/// "key=value", as Docker wrote it first "key:value".
std::pair<std::string, std::string> key_and_value(const std::string& option) {
    const auto separator = option.find_first_of("=:");
    return {option.substr(0, separator), separator == std::string::npos ? "" : option.substr(separator + 1)};
}

void apply_option(const std::string& option, ProcessPlan& process, Chosen& chosen, std::vector<std::string>& warnings) {
    const auto [key, value] = key_and_value(option);
    if (key == "no-new-privileges") {
        process.no_new_privileges = truth(value, option);
    } else if (key == "seccomp") {
        choose_seccomp(value, chosen);
    } else if (key == "label") {
        std::error_code ignored;
        if (value != "disable" && !std::filesystem::exists("/sys/fs/selinux/enforce", ignored)) {
            warnings.push_back(fmt::format("security_opt '{}' has no effect: this host runs without SELinux", option));
        }
    } else if (key != "apparmor" && option != "systempaths=unconfined") {
        throw Error(Errc::invalid_input, fmt::format("unknown security_opt '{}'", option))
            .hint("known are no-new-privileges, seccomp, apparmor, label and systempaths=unconfined");
    }
}

}  // namespace

std::string apparmor_profile_of(const desired::ContainerSpec& spec) {
    std::string profile{spec.privileged ? "unconfined" : default_apparmor_profile};
    for (const std::string& option : spec.security_opt) {
        const auto [key, value] = key_and_value(option);
        if (key == "apparmor" && !value.empty()) {
            profile = value;
        }
    }
    return profile;
}

void apply_security_options(const LaunchInput& input, ProcessPlan& process, std::vector<std::string>& warnings) {
    Chosen chosen;
    chosen.seccomp_unconfined = input.spec.privileged;
    for (const std::string& option : input.spec.security_opt) {
        apply_option(option, process, chosen, warnings);
    }
    choose_apparmor(input.spec, process, warnings);
    if (!chosen.seccomp_unconfined) {
        process.seccomp_file =
            compiled_seccomp_filter(chosen.seccomp_profile, process.capabilities, input.seccomp_cache);
    }
}

}  // namespace stack::runtime
