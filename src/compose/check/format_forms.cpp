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

/// One that is told already; often it is the misspelt name of what seems to be missing.
bool has_unknown_key(const Rule& rule, const Node& node) {
    return std::any_of(node.members().begin(), node.members().end(), [&](const Member& member) {
        return rule.find_member(member.key) == nullptr && !member.key.starts_with("x-");
    });
}

void check_long_mount(const Rule& rule, const Report& report) {
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
    if (!node.has("target") && type->text != "cluster" && !has_unknown_key(rule, node)) {
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

void check_mount(const Rule& rule, const Report& report) {
    if (report.node().is_mapping()) {
        check_long_mount(rule, report);
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

/// `test: CMD curl …`: the shell would look for a program of that name.
void check_test_text(const Report& report) {
    const auto words = split(report.node().text, ' ');
    if (words[0] != "CMD" && words[0] != "CMD-SHELL") {
        return;
    }
    const auto command = trim(std::string_view{report.node().text}.substr(words[0].size()));
    report.warning(fmt::format("begins with '{}' in a string, where the shell takes it for a program", words[0]),
                   fmt::format("write the command alone: {}", shown(command)));
}

void check_test(const Rule& rule, const Report& report) {
    static const std::vector<std::string> kinds{"CMD", "CMD-SHELL", "NONE"};
    const auto& items = report.node().items();
    if (report.node().is_string()) {
        check_command(rule, report);
        check_test_text(report);
        return;
    }
    if (items.size() > 2 && items[0].text == "CMD-SHELL") {
        report.warning(fmt::format("has {} words behind CMD-SHELL: only '{}' is the command", items.size() - 1,
                                   shown(items[1].text)),
                       "write the whole command as one string behind CMD-SHELL, or CMD instead of CMD-SHELL");
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
            continue;
        }
        const std::string_view text = items[i].text;
        const auto name = text.substr(0, text.find('='));
        if (name.size() < text.size() && name != trim(name)) {
            const Path path = report.path() / i;
            Report{path, items[i], report.findings()}.warning(
                fmt::format("is '{}': the space before '=' belongs to the name", shown(text)),
                fmt::format("write '{}={}'", shown(trim(name)), shown(trim(text.substr(name.size() + 1)))));
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

/// What no registry could have. The grammar is distribution's reference.go; here only what people get wrong.
void check_image(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    const auto told = [&](std::string_view what, std::string hint) {
        report.warning(fmt::format("is '{}', {}", shown(text), what), std::move(hint));
    };
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
        told("which is a web address, not the name of an image",
             fmt::format("write '{}'", shown(text.substr(scheme + 3))));
        return;
    }
    if (text.find_first_of(" \t\n") != std::string_view::npos) {
        told("which has a space in it",
             text.find(':') == std::string_view::npos
                 ? fmt::format("write '{}'", shown(replace_all(std::string{trim(text)}, " ", ":")))
                 : "an image is named NAME[:TAG]");
        return;
    }
    const auto name = text.substr(0, text.find('@'));
    const auto slash = name.rfind('/');
    const auto last = name.substr(slash == std::string_view::npos ? 0 : slash + 1);
    if (std::count(last.begin(), last.end(), ':') > 1) {
        told("which has two tags", "an image is named NAME[:TAG]");
        return;
    }
    const auto host = name.substr(0, std::min(name.find('/'), name.size()));
    const bool has_host =
        host.size() < name.size() && host.find_first_of(".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
    const auto tag = last.find(':');
    auto repository = name.substr(0, tag == std::string_view::npos ? name.size() : name.size() - last.size() + tag);
    repository.remove_prefix(has_host ? host.size() : 0);
    if (repository != to_lower(repository)) {
        told("but names of images have small letters only",
             fmt::format("write '{}{}{}'", shown(has_host ? host : std::string_view{}), shown(to_lower(repository)),
                         shown(text.substr((has_host ? host.size() : 0) + repository.size()))));
    }
}

constexpr std::array formats{
    Format{"compose-image", check_image},
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
