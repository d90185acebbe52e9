#include "engine/runtime/seccomp_profile.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <seccomp.h>
#include <sys/utsname.h>

#include "engine/runtime/capabilities.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(Errc::invalid_input, fmt::format("the seccomp profile is not valid: {}", why));
}

template <class Value, size_t size>
Value look_up(const std::array<std::pair<std::string_view, Value>, size>& table, const std::string& word,
              const char* what) {
    for (const auto& [name, value] : table) {
        if (name == word) {
            return value;
        }
    }
    refuse(fmt::format("unknown {} '{}'", what, word));
}

std::uint32_t action_of(const std::string& word, std::uint32_t error) {
    const std::array<std::pair<std::string_view, std::uint32_t>, 9> actions = {
        {{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
         {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(error & 0xffffU)},
         {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
         {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
         {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
         {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
         {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(error & 0xffffU)},
         {"SCMP_ACT_LOG", SCMP_ACT_LOG},
         {"SCMP_ACT_NOTIFY", 0}}};
    const std::uint32_t action = look_up(actions, word, "action");
    if (word == "SCMP_ACT_NOTIFY") {
        throw Error(Errc::unsupported, "the seccomp profile uses SCMP_ACT_NOTIFY, which needs an agent that listens");
    }
    return action;
}

int operator_of(const std::string& word) {
    static const std::array<std::pair<std::string_view, int>, 7> operators = {
        {{"SCMP_CMP_NE", SCMP_CMP_NE},
         {"SCMP_CMP_LT", SCMP_CMP_LT},
         {"SCMP_CMP_LE", SCMP_CMP_LE},
         {"SCMP_CMP_EQ", SCMP_CMP_EQ},
         {"SCMP_CMP_GE", SCMP_CMP_GE},
         {"SCMP_CMP_GT", SCMP_CMP_GT},
         {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};
    return look_up(operators, word, "comparison");
}

#if defined(__x86_64__)
constexpr std::array<std::string_view, 2> own_architecture = {"amd64", "SCMP_ARCH_X86_64"};
#elif defined(__aarch64__)
constexpr std::array<std::string_view, 2> own_architecture = {"arm64", "SCMP_ARCH_AARCH64"};
#else
constexpr std::array<std::string_view, 2> own_architecture = {"", ""};
#endif

bool kernel_at_least(const std::string& wanted) {
    utsname name{};
    ::uname(&name);
    const auto number = [](std::string_view text, size_t field) {
        const auto fields = split(text, '.');
        return field < fields.size()
                   ? parse_int(fields[field].substr(0, fields[field].find_first_not_of("0123456789"))).value_or(0)
                   : 0;
    };
    return std::pair{number(name.release, 0), number(name.release, 1)} >=
           std::pair{number(wanted, 0), number(wanted, 1)};
}

/// Whether all that a rule's `includes` names is so; for `excludes` whether any of it is.
bool includes_hold(const json& conditions, CapabilityMask capabilities) {
    for (const auto& name : conditions.value("caps", json::array())) {
        if ((capabilities & capability_bit(name.get<std::string>())) == 0) {
            return false;
        }
    }
    const json architectures = conditions.value("arches", json::array());
    if (!architectures.empty() &&
        std::find(architectures.begin(), architectures.end(), own_architecture[0]) == architectures.end()) {
        return false;
    }
    const std::string kernel = conditions.value("minKernel", std::string{});
    return kernel.empty() || kernel_at_least(kernel);
}

bool excludes_hold(const json& conditions, CapabilityMask capabilities) {
    for (const auto& name : conditions.value("caps", json::array())) {
        if ((capabilities & capability_bit(name.get<std::string>())) != 0) {
            return true;
        }
    }
    for (const auto& name : conditions.value("arches", json::array())) {
        if (name.get<std::string>() == own_architecture[0]) {
            return true;
        }
    }
    const std::string kernel = conditions.value("minKernel", std::string{});
    return !kernel.empty() && kernel_at_least(kernel);
}

json object_or_empty(const json& from, const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_object() ? *found : json::object();
}

SyscallArgument parse_argument(const json& from) {
    SyscallArgument argument;
    argument.index = from.at("index").get<unsigned>();
    argument.op = operator_of(from.at("op").get<std::string>());
    argument.value = from.at("value").get<std::uint64_t>();
    argument.second = from.value("valueTwo", std::uint64_t{0});
    if (argument.index > 5) {
        refuse(fmt::format("a system call has no argument {}", argument.index));
    }
    return argument;
}

std::optional<SyscallRule> parse_rule(const json& from, std::uint32_t default_error, CapabilityMask capabilities) {
    if (!includes_hold(object_or_empty(from, "includes"), capabilities) ||
        excludes_hold(object_or_empty(from, "excludes"), capabilities)) {
        return std::nullopt;
    }
    SyscallRule rule;
    if (const auto names = from.find("names"); names != from.end() && names->is_array()) {
        rule.names = names->get<std::vector<std::string>>();
    }
    if (const std::string name = from.value("name", std::string{}); !name.empty()) {
        rule.names.push_back(name);
    }
    const auto error = from.find("errnoRet");
    rule.action = action_of(from.at("action").get<std::string>(),
                            error != from.end() && error->is_number() ? error->get<std::uint32_t>() : default_error);
    if (const auto arguments = from.find("args"); arguments != from.end() && arguments->is_array()) {
        for (const json& argument : *arguments) {
            rule.arguments.push_back(parse_argument(argument));
        }
    }
    return rule;
}

void add_architecture(SeccompProfile& profile, const std::string& name) {
    // "SCMP_ARCH_X86_64" -> libseccomp's own word "x86_64".
    const std::uint32_t token = seccomp_arch_resolve_name(to_lower(name.substr(name.rfind("ARCH_") + 5)).c_str());
    if (name.rfind("SCMP_ARCH_", 0) != 0 || token == 0) {
        refuse(fmt::format("unknown architecture '{}'", name));
    }
    if (token != seccomp_arch_native()) {
        profile.extra_architectures.push_back(token);
    }
}

void parse_architectures(SeccompProfile& profile, const json& from) {
    for (const auto& name : from.value("architectures", json::array())) {
        add_architecture(profile, name.get<std::string>());
    }
    const auto map = from.find("archMap");
    if (map == from.end() || !map->is_array()) {
        return;
    }
    for (const json& entry : *map) {
        if (entry.value("architecture", std::string{}) == own_architecture[1]) {
            const auto others = entry.find("subArchitectures");
            for (const auto& name : others != entry.end() && others->is_array() ? *others : json::array()) {
                add_architecture(profile, name.get<std::string>());
            }
        }
    }
}

SeccompProfile parse_document(const json& document, CapabilityMask capabilities) {
    SeccompProfile profile;
    const auto error = document.find("defaultErrnoRet");
    const std::uint32_t default_error =
        error != document.end() && error->is_number() ? error->get<std::uint32_t>() : EPERM;
    profile.default_action = action_of(document.at("defaultAction").get<std::string>(), default_error);
    parse_architectures(profile, document);
    const auto rules = document.find("syscalls");
    for (const json& rule : rules != document.end() && rules->is_array() ? *rules : json::array()) {
        // A rule without an error of its own answers EPERM, whatever the default's (OCI runtime-spec "errnoRet").
        if (auto parsed = parse_rule(rule, EPERM, capabilities)) {
            profile.rules.push_back(std::move(*parsed));
        }
    }
    return profile;
}

}  // namespace

SeccompProfile parse_seccomp_profile(std::string_view text, CapabilityMask capabilities) {
    try {
        return parse_document(json::parse(text), capabilities);
    } catch (const json::exception& error) {
        refuse(error.what());
    }
}

}  // namespace stack::runtime
