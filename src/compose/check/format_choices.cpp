#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "desired/capability_names.hpp"
#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

using Words = std::vector<std::string>;

bool contains(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string mend_choice(std::string_view word, const Words& allowed) {
    const auto near = nearest(word, allowed);
    return near ? fmt::format("did you mean '{}'?", *near) : fmt::format("allowed: {}", join(allowed, ", "));
}

std::string to_upper(std::string_view text) {
    std::string word{text};
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return word;
}

void check_restart(const Rule&, const Report& report) {
    static const Words policies{"no", "always", "on-failure", "unless-stopped"};
    const std::string_view text = report.node().text;
    const auto colon = text.find(':');
    const auto policy = text.substr(0, colon);
    if (!contains(policies, policy)) {
        report.warning(fmt::format("is '{}', which is no restart policy", shown(text)), mend_choice(policy, policies));
    } else if (colon != std::string_view::npos && (policy != "on-failure" || !parse_uint(text.substr(colon + 1)))) {
        report.warning(fmt::format("is '{}', which is no restart policy", shown(text)),
                       "only on-failure takes a number, the most starts: on-failure:3");
    }
}

void check_pull_policy(const Rule&, const Report& report) {
    static const Words policies{"always", "never", "missing", "if_not_present", "build", "refresh", "daily", "weekly"};
    constexpr std::string_view every = "every_";
    const std::string_view text = report.node().text;
    if (contains(policies, text) || (text.starts_with(every) && parse_duration(text.substr(every.size())))) {
        return;
    }
    if (text.starts_with(every) && text.find('w') != std::string_view::npos) {
        return;  // every_2w: weeks are known here alone
    }
    const auto hint =
        text.starts_with(every) ? "write a duration behind every_, such as every_12h" : mend_choice(text, policies);
    report.error(fmt::format("is '{}', which is no pull policy", shown(text)), hint);
}

void check_signal(const Rule&, const Report& report) {
    static const Words names{"HUP",   "INT",  "QUIT", "ILL",  "TRAP", "ABRT",  "BUS",    "FPE",    "KILL",
                             "USR1",  "SEGV", "USR2", "PIPE", "ALRM", "TERM",  "STKFLT", "CHLD",   "CONT",
                             "STOP",  "TSTP", "TTIN", "TTOU", "URG",  "XCPU",  "XFSZ",   "VTALRM", "PROF",
                             "WINCH", "IO",   "POLL", "PWR",  "SYS",  "RTMIN", "RTMAX"};
    const std::string_view text = report.node().text;
    const std::string upper = to_upper(text);
    const auto name = std::string_view{upper}.substr(upper.starts_with("SIG") ? 3 : 0);
    constexpr std::uint64_t highest_signal = 64;
    const auto number = parse_uint(text);
    const bool realtime = name.starts_with("RTMIN+") || name.starts_with("RTMAX-");
    if ((number && *number >= 1 && *number <= highest_signal) || contains(names, name) || realtime) {
        return;
    }
    const auto near = nearest(name, names);
    report.warning(fmt::format("is '{}', which is no signal", shown(text)),
                   near ? fmt::format("did you mean 'SIG{}'?", *near) : "write a name such as SIGTERM, see signal(7)");
}

void check_propagation(const Rule&, const Report& report) {
    static const Words words{"private", "rprivate", "shared", "rshared", "slave", "rslave"};
    const auto& text = report.node().text;
    if (!contains(words, text)) {
        report.warning(fmt::format("is '{}', which is no propagation", shown(text)), mend_choice(text, words));
    }
}

/// ipc, pid, uts and network_mode name another service as "service:web".
void check_namespace(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    for (const std::string_view prefix : {"service:", "container:"}) {
        if (text.starts_with(prefix) && trim(text.substr(prefix.size())).empty()) {
            // A variable that is not set has its own warning; whoever only looks at the file can go on.
            const auto tell = report.node().interpolated ? &Report::warning : &Report::error;
            (report.*tell)(fmt::format("is '{}' without a name behind the colon", shown(text)),
                           fmt::format("write {}NAME", prefix));
        }
    }
}

bool is_container_name(std::string_view name) {
    const bool starts_well = !name.empty() && name.front() != '.' && name.front() != '_' && name.front() != '-';
    return starts_well && name.size() > 1 && is_plain_name(name);
}

void check_container_name(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (is_container_name(text)) {
        return;
    }
    auto mended = text.substr(0, 64);
    std::replace_if(
        mended.begin(), mended.end(),
        [](char c) {
            return !is_plain_name({&c, 1});
        },
        '-');
    const auto hint = text.size() == 1 && is_plain_name(text) ? "it must have two characters at least"
                      : is_container_name(mended)
                          ? fmt::format("write '{}'", mended)
                          : "names are of letters, digits, '.', '_' and '-', and begin with a letter or digit";
    report.warning(fmt::format("is '{}', which no container can be called", shown(text)), hint);
}

void check_profile(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (!is_container_name(text) && !(text.size() == 1 && is_plain_name(text))) {
        report.warning(fmt::format("is '{}', which is no good name for a profile", shown(text)),
                       "use letters, digits, '.', '_' and '-', and begin with a letter or digit");
    }
}

void check_env_format(const Rule&, const Report& report) {
    static const Words words{"raw"};
    const auto& text = report.node().text;
    if (!text.empty() && text != "raw") {
        report.error(fmt::format("is '{}', which is no format of env files", shown(text)), mend_choice(text, words));
    }
}

void check_capability(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    std::string name = to_lower(text);
    if (name.starts_with("cap_")) {
        name.erase(0, 4);
    }
    const auto& known = desired::capability_names;
    if (name == "all" || std::find(known.begin(), known.end(), name) != known.end()) {
        return;
    }
    const auto near = nearest(name, to_strings(known));
    const bool has_prefix = text.size() > name.size();
    report.warning(fmt::format("is '{}', which is no capability", shown(text)),
                   near ? fmt::format("did you mean '{}{}'?", has_prefix ? "CAP_" : "", to_upper(*near))
                        : "the names are in capabilities(7), such as NET_ADMIN; ALL is all of them");
}

void check_log_driver(const Rule&, const Report& report) {
    static const Words drivers{"json-file", "local", "journald", "syslog", "none"};
    const std::string_view text = report.node().text;
    if (!text.empty() && !contains(drivers, text)) {
        report.warning(fmt::format("is '{}', which is no log driver of this engine", shown(text)),
                       mend_choice(text, drivers));
    }
}

void check_gpus(const Rule&, const Report& report) {
    if (report.node().is_string() && report.node().text != "all") {
        report.must_be("'all' or a list", "write all, or a list such as [{count: 1}]");
    }
}

constexpr std::array formats{
    Format{"compose-restart", check_restart},
    Format{"compose-pull-policy", check_pull_policy},
    Format{"compose-signal", check_signal},
    Format{"compose-propagation", check_propagation},
    Format{"compose-namespace", check_namespace},
    Format{"compose-container-name", check_container_name},
    Format{"compose-profile", check_profile},
    Format{"compose-env-format", check_env_format},
    Format{"compose-gpus", check_gpus},
    Format{"compose-capability", check_capability},
    Format{"compose-log-driver", check_log_driver},
};

}  // namespace

FormatTable choice_formats() {
    return {formats.data(), formats.data() + formats.size()};
}

}  // namespace stack::compose
