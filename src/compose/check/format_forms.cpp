#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "compose/short/short_mount.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

std::string mend_target(const ShortMount& mount) {
    if (mount.target.size() > 2 && mount.target[1] == ':') {
        return "one letter before a colon is a drive of Windows: give the volume a longer name";
    }
    if (mount.source.starts_with('/')) {
        return "write SOURCE:TARGET, the path in the container last";
    }
    return fmt::format("write '/{}'", shown(mount.target));
}

void check_short_mount(const Report& report) {
    auto form = parse_short_mount(report.node().text);
    if (form.problem) {
        report.error(form.problem->message, std::move(form.problem->hint));
        return;
    }
    const auto& mount = *form.parts;
    if (!mount.unknown_options.empty()) {
        static const std::vector<std::string> options{"ro",       "rw",     "nocopy",  "z",     "Z",     "private",
                                                      "rprivate", "shared", "rshared", "slave", "rslave"};
        const auto near = nearest(mount.unknown_options, options);
        report.warning(
            fmt::format("has the unknown option '{}'", shown(mount.unknown_options)),
            near ? fmt::format("did you mean '{}'?", *near) : fmt::format("allowed: {}", join(options, ", ")));
    }
    if (!mount.target.starts_with('/')) {
        report.warning(fmt::format("mounts on '{}', which is no absolute path in the container", shown(mount.target)),
                       mend_target(mount));
    }
}

void check_long_mount(const Report& report) {
    const Node& node = report.node();
    const Node* type = node.find("type");
    const Node* source = node.find("source");
    if (type == nullptr || !type->is_string()) {
        return;
    }
    if ((type->text == "bind" || type->text == "image" || type->text == "npipe") &&
        (source == nullptr || (source->is_string() && source->text.empty()))) {
        report.error(fmt::format("is of type '{}' and has no 'source'", type->text),
                     type->text == "bind" ? "add the path of the host: source: ./data" : "add 'source'");
    }
    if (!node.has("target") && type->text != "cluster") {
        report.warning("has no 'target'", "add the path in the container: target: /data");
    }
    for (const std::string_view details : {"bind", "volume", "tmpfs", "image"}) {
        if (const auto* member = node.find_member(details); member != nullptr && details != type->text) {
            report.findings().warning(member->key_mark, report.path() / details,
                                      fmt::format("'{}' in {} has no effect: the mount is of type '{}'", details,
                                                  describe(report.path()), shown(type->text)),
                                      fmt::format("remove it, or write type: {}", details));
        }
    }
}

void check_mount(const Rule&, const Report& report) {
    if (report.node().is_mapping()) {
        check_long_mount(report);
    } else {
        check_short_mount(report);
    }
}

void check_permissions(const Report& report, std::string_view permissions) {
    if (permissions.empty() || permissions.find_first_not_of("rwm") != std::string_view::npos) {
        report.warning(fmt::format("has the permissions '{}'", shown(permissions)),
                       "write letters of r, w and m, such as rwm");
    }
}

void check_device(const Rule&, const Report& report) {
    const Node& node = report.node();
    if (!node.is_string()) {
        return;
    }
    const bool names_cdi = !node.text.starts_with('/') && node.text.find('=') != std::string::npos;
    const auto parts = split(node.text, ':');
    if (names_cdi) {
        return;
    }
    if (node.text.empty() || parts.size() > 3) {
        report.error(fmt::format("is '{}', which is no device mapping", shown(node.text)),
                     "write HOST[:CONTAINER[:PERMISSIONS]], such as /dev/ttyUSB0:/dev/ttyUSB0:rw");
    } else if (parts.size() == 3) {
        check_permissions(report, parts[2]);
    }
}

void check_device_permissions(const Rule&, const Report& report) {
    check_permissions(report, report.node().text);
}

/// "c 1:3 mr", see the devices cgroup of cgroups(7).
void check_device_rule(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    const auto words = split(text, ' ');
    const auto number = [](std::string_view word) { return word == "*" || parse_uint(word).has_value(); };
    bool good = words.size() == 3 && words[0].size() == 1 &&
                std::string_view{"abc"}.find(words[0]) != std::string_view::npos &&
                words[2].find_first_not_of("rwm") == std::string_view::npos;
    if (good) {
        const auto numbers = split(words[1], ':');
        good = numbers.size() == 2 && number(numbers[0]) && number(numbers[1]);
    }
    if (!good) {
        report.warning(fmt::format("is '{}', which is no device rule", shown(text)),
                       "write TYPE MAJOR:MINOR PERMISSIONS, such as 'c 1:3 mr'");
    }
}

void check_cpuset(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    bool good = !text.empty();
    for (const auto part : split(text, ',')) {
        const auto dash = part.find('-');
        const auto first = parse_uint(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : parse_uint(part.substr(dash + 1));
        good = good && first && last && *first <= *last;
    }
    if (!good) {
        report.warning(fmt::format("is '{}', which is no list of CPUs", shown(text)),
                       "write numbers and ranges, such as 0-3 or 0,2");
    }
}

/// A quote in a command line that is never closed, by the rules of a shell.
bool has_open_quote(std::string_view text, char& quote) {
    quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && quote != '\'') {
            ++i;
        } else if (quote != 0) {
            quote = text[i] == quote ? '\0' : quote;
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        }
    }
    return quote != 0;
}

void check_command(const Rule&, const Report& report) {
    char quote = 0;
    if (report.node().is_string() && has_open_quote(report.node().text, quote)) {
        report.error(fmt::format("has a quote that is never closed: {}", shown(report.node().text)),
                     fmt::format("close it with {}, or write the command as a list of words", quote));
    }
}

void check_test(const Rule& rule, const Report& report) {
    static const std::vector<std::string> kinds{"CMD", "CMD-SHELL", "NONE"};
    const auto& items = report.node().items();
    if (report.node().is_string()) {
        check_command(rule, report);
        return;
    }
    if (items.empty() || !items[0].is_string() || std::find(kinds.begin(), kinds.end(), items[0].text) != kinds.end()) {
        return;
    }
    const auto near = nearest(items[0].text, kinds);
    const Path path = report.path() / std::size_t{0};
    Report{path, items[0], report.findings()}.error(
        fmt::format("is '{}': a test in list form begins with CMD, CMD-SHELL or NONE", shown(items[0].text)),
        near ? fmt::format("did you mean '{}'?", *near) : fmt::format("put \"CMD\" before '{}'", shown(items[0].text)));
}

/// environment, labels, args …: names must not be empty; a list's entries are NAME or NAME=VALUE.
void check_pairs(const Rule&, const Report& report) {
    const auto& items = report.node().items();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].is_string() && (items[i].text.empty() || items[i].text.front() == '=')) {
            const Path path = report.path() / i;
            Report{path, items[i], report.findings()}.warning(
                fmt::format("is '{}', which has no name", shown(items[i].text)), "write NAME=VALUE");
        }
    }
}

void check_ulimits(const Rule&, const Report& report) {
    static const std::vector<std::string> names{"as",      "core",     "cpu",        "data",   "fsize", "locks",
                                                "memlock", "msgqueue", "nice",       "nofile", "nproc", "rss",
                                                "rtprio",  "rttime",   "sigpending", "stack"};
    for (const auto& member : report.node().members()) {
        const Path path = report.path() / member.key;
        if (std::find(names.begin(), names.end(), member.key) == names.end()) {
            const auto near = nearest(member.key, names);
            report.findings().warning(
                member.key_mark, path,
                fmt::format("unknown limit '{}' in {}", shown(member.key), describe(report.path())),
                near ? fmt::format("did you mean '{}'?", *near) : fmt::format("allowed: {}", join(names, ", ")));
        }
        const Node* soft = member.value.find("soft");
        const Node* hard = member.value.find("hard");
        const auto low = soft == nullptr ? std::nullopt : soft->as_integer();
        const auto high = hard == nullptr ? std::nullopt : hard->as_integer();
        if (low && high && *high >= 0 && (*low > *high || *low < 0)) {
            const Path at = path / "soft";
            Report{at, *soft, report.findings()}.warning(
                fmt::format("is {}, above the hard limit {}", shown(soft->text), shown(hard->text)),
                "the soft limit cannot be above the hard one");
        }
    }
}

constexpr std::array formats{
    Format{"compose-mount", check_mount},
    Format{"compose-device", check_device},
    Format{"compose-device-permissions", check_device_permissions},
    Format{"compose-device-rule", check_device_rule},
    Format{"compose-cpuset", check_cpuset},
    Format{"compose-command", check_command},
    Format{"compose-test", check_test},
    Format{"compose-pairs", check_pairs},
    Format{"compose-ulimits", check_ulimits},
};

}  // namespace

FormatTable form_formats() {
    return {formats.data(), formats.data() + formats.size()};
}

}  // namespace stack::compose
