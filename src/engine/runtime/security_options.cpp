#include "engine/runtime/security_options.hpp"

#include <filesystem>

#include <fmt/format.h>

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

bool host_has_apparmor() {
    return trim(find_file("/sys/module/apparmor/parameters/enabled").value_or("")) == "Y";
}

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

void choose_apparmor(const std::string& value, ProcessPlan& process, std::vector<std::string>& warnings) {
    if (value == "unconfined") {
        return;
    }
    if (!host_has_apparmor()) {
        warnings.push_back(
            fmt::format("the AppArmor profile '{}' has no effect: this host's kernel runs without AppArmor", value));
        return;
    }
    process.apparmor_profile = value;
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

void apply_option(const std::string& option, ProcessPlan& process, Chosen& chosen, std::vector<std::string>& warnings) {
    const auto separator = option.find_first_of("=:");
    const std::string key = option.substr(0, separator);
    const std::string value = separator == std::string::npos ? "" : option.substr(separator + 1);
    if (key == "no-new-privileges") {
        process.no_new_privileges = truth(value, option);
    } else if (key == "seccomp") {
        choose_seccomp(value, chosen);
    } else if (key == "apparmor") {
        choose_apparmor(value, process, warnings);
    } else if (key == "label") {
        std::error_code ignored;
        if (value != "disable" && !std::filesystem::exists("/sys/fs/selinux/enforce", ignored)) {
            warnings.push_back(fmt::format("security_opt '{}' has no effect: this host runs without SELinux", option));
        }
    } else if (option != "systempaths=unconfined") {
        throw Error(Errc::invalid_input, fmt::format("unknown security_opt '{}'", option))
            .hint("known are no-new-privileges, seccomp, apparmor, label and systempaths=unconfined");
    }
}

}  // namespace

void apply_security_options(const LaunchInput& input, ProcessPlan& process, std::vector<std::string>& warnings) {
    Chosen chosen;
    chosen.seccomp_unconfined = input.spec.privileged;
    for (const std::string& option : input.spec.security_opt) {
        apply_option(option, process, chosen, warnings);
    }
    if (!chosen.seccomp_unconfined) {
        process.seccomp_file =
            compiled_seccomp_filter(chosen.seccomp_profile, process.capabilities, input.seccomp_cache);
    }
}

}  // namespace stack::runtime
