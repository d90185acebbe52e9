#include "engine/runtime/plan_process.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <sys/resource.h>

#include "desired/possible.hpp"
#include "engine/runtime/capabilities.hpp"
#include "engine/runtime/security_options.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

constexpr const char* default_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> command_line(const LaunchInput& input) {
    const auto& spec = input.spec;
    std::vector<std::string> args =
        spec.entrypoint ? *spec.entrypoint : input.image.entrypoint.value_or(std::vector<std::string>{});
    std::vector<std::string> command;
    if (spec.command) {
        command = *spec.command;
    } else if (!spec.entrypoint) {
        command = input.image.cmd.value_or(std::vector<std::string>{});
    }
    args.insert(args.end(), command.begin(), command.end());
    if (args.empty()) {
        throw Error(Errc::invalid_input, "there is no command to run: neither the image nor the service names one")
            .hint("set 'command' or 'entrypoint'");
    }
    return args;
}

std::uint64_t limit_value(std::int64_t value) {
    return value < 0 ? RLIM_INFINITY : static_cast<std::uint64_t>(value);
}

/// A name that nobody knows was told before.
Rlimit plan_limit(const desired::Ulimit& wanted) {
    return {desired::ulimit_resource(wanted.name).value(), wanted.name, limit_value(wanted.soft),
            limit_value(wanted.hard)};
}

std::vector<std::string> environment(const LaunchInput& input, const std::string& hostname) {
    std::vector<std::string> env = merge_environment({default_path, "HOSTNAME=" + hostname}, {});
    if (input.spec.tty) {
        env.emplace_back("TERM=xterm");
    }
    env = merge_environment(merge_environment(env, input.image.env), input.spec.environment);
    return merge_environment(env, input.device_edits.env);
}

}  // namespace

std::vector<std::string> merge_environment(const std::vector<std::string>& base, const std::vector<std::string>& more) {
    std::vector<std::string> merged = base;
    for (const std::string& variable : more) {
        const auto equals = variable.find('=');
        const std::string prefix = variable.substr(0, equals) + "=";
        const auto same = std::find_if(merged.begin(), merged.end(),
                                       [&](const std::string& other) { return other.rfind(prefix, 0) == 0; });
        if (equals == std::string::npos) {
            if (same != merged.end()) {
                merged.erase(same);
            }
        } else if (same != merged.end()) {
            *same = variable;
        } else {
            merged.push_back(variable);
        }
    }
    return merged;
}

ProcessPlan plan_process(const LaunchInput& input, const std::string& hostname, std::vector<std::string>& warnings) {
    const auto& spec = input.spec;
    ProcessPlan process;
    process.args = command_line(input);
    process.env = environment(input, hostname);
    process.cwd = !spec.working_dir.empty() ? spec.working_dir : input.image.working_dir;
    if (process.cwd.empty()) {
        process.cwd = "/";
    } else if (process.cwd.front() != '/') {
        process.cwd.insert(process.cwd.begin(), '/');
    }
    process.create_cwd = true;
    process.user = !spec.user.empty() ? spec.user : input.image.user;
    process.additional_groups = spec.group_add;
    process.additional_groups.insert(process.additional_groups.end(), input.device_edits.groups.begin(),
                                     input.device_edits.groups.end());
    process.capabilities = spec.privileged ? ~CapabilityMask{0} : merge_capabilities(spec.cap_add, spec.cap_drop);
    for (const desired::Ulimit& limit : spec.ulimits) {
        process.rlimits.push_back(plan_limit(limit));
    }
    process.oom_score_adj = spec.resources.oom_score_adj;
    process.tty = spec.tty;
    apply_security_options(input, process, warnings);
    return process;
}

}  // namespace stack::runtime
