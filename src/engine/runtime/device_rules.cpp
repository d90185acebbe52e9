#include "engine/runtime/device_rules.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/runtime/plan_mounts.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

[[noreturn]] void refuse(std::string_view text) {
    throw Error(Errc::invalid_input, fmt::format("'{}' is no device rule", text))
        .hint("write it as 'c 1:3 rwm': type a, b or c, major:minor or *, and r, w, m");
}

std::int64_t parse_number(std::string_view number, std::string_view text) {
    if (number == "*") {
        return -1;
    }
    const auto parsed = parse_uint(number);
    if (!parsed || *parsed > 0xffffffffU) {
        refuse(text);
    }
    return static_cast<std::int64_t>(*parsed);
}

std::string number_text(std::int64_t number) {
    return number < 0 ? "*" : std::to_string(number);
}

}  // namespace

DeviceRule parse_device_rule(std::string_view text) {
    std::vector<std::string_view> words;
    for (const auto word : split(trim(text), ' ')) {
        if (!word.empty()) {
            words.push_back(word);
        }
    }
    if (words.size() != 3 || words[0].size() != 1 ||
        std::string_view{"abc"}.find(words[0][0]) == std::string_view::npos) {
        refuse(text);
    }
    const auto numbers = split(words[1], ':');
    if (numbers.size() != 2 || words[2].empty() || words[2].find_first_not_of("rwm") != std::string_view::npos) {
        refuse(text);
    }
    return {words[0][0], parse_number(numbers[0], text), parse_number(numbers[1], text), std::string{words[2]}};
}

std::string to_string(const DeviceRule& rule) {
    return fmt::format("{} {}:{} {}", rule.type, number_text(rule.major), number_text(rule.minor), rule.access);
}

const std::vector<DeviceRule>& default_device_rules() {
    static const std::vector<DeviceRule> rules = {
        {'c', -1, -1, "m"},   {'b', -1, -1, "m"}, {'c', 1, 3, "rwm"},  // null
        {'c', 1, 5, "rwm"},                                            // zero
        {'c', 1, 7, "rwm"},                                            // full
        {'c', 1, 8, "rwm"},                                            // random
        {'c', 1, 9, "rwm"},                                            // urandom
        {'c', 5, 0, "rwm"},                                            // tty
        {'c', 5, 1, "rwm"},                                            // console
        {'c', 5, 2, "rwm"},                                            // ptmx
        {'c', 136, -1, "rwm"}                                          // pts
    };
    return rules;
}

std::vector<DeviceRule> device_rules(const desired::ContainerSpec& spec) {
    if (spec.privileged) {
        return {DeviceRule{}};
    }
    std::vector<DeviceRule> rules = default_device_rules();
    for (const desired::Device& device : spec.devices) {
        desired::ContainerSpec one;
        one.devices = {device};
        for (const DeviceStep& node : plan_devices(one)) {
            rules.push_back({S_ISBLK(node.type_and_mode) ? 'b' : 'c', node.major, node.minor,
                             device.permissions.empty() ? "rwm" : device.permissions});
        }
    }
    for (const std::string& rule : spec.device_cgroup_rules) {
        rules.push_back(parse_device_rule(rule));
    }
    return rules;
}

}  // namespace stack::runtime
