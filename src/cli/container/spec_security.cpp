#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

desired::Ulimit parse_ulimit(const std::string& text) {
    const size_t equals = text.find('=');
    const size_t colon = text.find(':', equals);
    const auto limit = [&](std::string_view number) -> std::optional<std::int64_t> {
        return number == "unlimited" ? std::optional<std::int64_t>{-1} : parse_int(number);
    };
    if (equals == std::string::npos) {
        throw UsageError{fmt::format("invalid ulimit '{}': expected NAME=SOFT[:HARD]", text)};
    }
    const std::string_view numbers = std::string_view{text}.substr(equals + 1);
    const auto soft = limit(numbers.substr(0, numbers.find(':')));
    const auto hard = colon == std::string::npos ? soft : limit(std::string_view{text}.substr(colon + 1));
    if (!soft || !hard) {
        throw UsageError{fmt::format("invalid ulimit '{}': expected NAME=SOFT[:HARD]", text)};
    }
    return {text.substr(0, equals), *soft, *hard};
}

}  // namespace

void take_security_flags(const Flags& flags, desired::ContainerSpec& spec) {
    spec.privileged = flags.on("privileged");
    spec.read_only = flags.on("read-only");
    spec.cap_add = flags.values("cap-add");
    spec.cap_drop = flags.values("cap-drop");
    spec.security_opt = flags.values("security-opt");
    spec.sysctls = map_of(flags.values("sysctl"));
    spec.storage_opt = map_of(flags.values("storage-opt"));
    spec.ipc = flags.value_or("ipc", "");
    spec.pid = flags.value_or("pid", "");
    spec.uts = flags.value_or("uts", "");
    spec.userns = flags.value_or("userns", "");
    spec.cgroup = flags.value_or("cgroupns", "");
    spec.cgroup_parent = flags.value_or("cgroup-parent", "");
    for (const std::string& text : flags.values("ulimit")) {
        spec.ulimits.push_back(parse_ulimit(text));
    }
}

}  // namespace stack::cli
