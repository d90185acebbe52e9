#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "compose/check/consistency_parts.hpp"
#include "compose/check/report.hpp"
#include "compose/key_index.hpp"
#include "compose/limits.hpp"
#include "compose/short/short_mount.hpp"
#include "compose/short/short_port.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t most_ports = 200'000;  // host ports of a project that are compared
constexpr std::size_t most_holders = 64;     // of one port, each on an address of its own

struct Holder {
    std::string_view service;
    Mark mark;
};

/// "line 7", or with the file if it is another one: a message cannot know the file's name, so it names the service.
std::string place_of(const Holder& holder) {
    return fmt::format("service '{}' in line {}", shown(holder.service), holder.mark.line);
}

class Names {
public:
    explicit Names(Findings& findings) : findings_{findings} {}

    void add(const ServiceView& view) {
        const Member* name = view.find_said("container_name");
        if (name == nullptr || !name->value.is_string() || name->value.text.find('$') != std::string::npos) {
            return;
        }
        const auto [first, is_new] = held_.emplace(name->value.text, Holder{view.service.key, name->value.mark});
        if (!is_new) {
            const Path path = view.path / "container_name";
            findings_.warning(name->value.mark, path,
                              fmt::format("service '{}' has the container_name '{}', which {} has too",
                                          shown(view.service.key), shown(name->value.text), place_of(first->second)),
                              "container names must differ");
        }
    }

private:
    Findings& findings_;
    std::unordered_map<std::string, Holder> held_;
};

/// Host ports by protocol and number. An entry without an address holds the port on all addresses.
class HostPorts {
public:
    explicit HostPorts(Findings& findings) : findings_{findings} {}

    void add(const ServiceView& view) {
        const Node* ports = view.find("ports");
        if (ports == nullptr || has_no_effect(view)) {
            return;
        }
        const Path path = view.path / "ports";
        std::size_t expanded = 0;
        for (std::size_t i = 0; i < ports->items().size(); ++i) {
            const Node& entry = ports->items()[i];
            const auto wanted = read(entry);
            expanded += wanted ? wanted->target.count() : 1;
            if (expanded > limits::ports) {
                findings_.error(
                    entry.mark, path / i,
                    fmt::format("service '{}' publishes more than {} ports", shown(view.service.key), limits::ports),
                    "publish fewer, or use 'network_mode: host'");
                return;
            }
            // A range for a single container port leaves a choice, and port 0 does so, too.
            const bool fixed = wanted && wanted->published && wanted->published->count() == wanted->target.count();
            for (std::size_t n = 0; fixed && n < wanted->target.count() && count_ < most_ports; ++n, ++count_) {
                if (wanted->published->first + n != 0 && !hold(view, *wanted, n, entry.mark, path / i)) {
                    break;
                }
            }
        }
    }

private:
    struct Held {
        std::string address;
        Holder holder;
    };

    /// Told elsewhere (conflicts.cpp).
    static bool has_no_effect(const ServiceView& view) {
        const Member* mode = view.find_said("network_mode");
        return mode != nullptr &&
               (mode->value.text == "host" || mode->value.text == "none" || mode->value.text.starts_with("service:") ||
                mode->value.text.starts_with("container:"));
    }

    static std::optional<ShortPorts> read(const Node& entry) {
        if (entry.is_string()) {
            return parse_short_port(entry.text).parts;
        }
        const Node* published = entry.find("published");
        const auto range = published == nullptr ? std::nullopt : parse_port_range(published->text);
        if (!range) {
            return std::nullopt;
        }
        const auto text = [&](std::string_view key) { return entry.has(key) ? entry.find(key)->text : std::string{}; };
        return ShortPorts{
            text("host_ip"), {1, 1}, range, text("protocol").empty() ? "tcp" : to_lower(text("protocol"))};
    }

    static bool overlap(std::string_view a, std::string_view b) {
        const auto all = [](std::string_view address) {
            return address.empty() || address == "0.0.0.0" || address == "::";
        };
        return a == b || all(a) || all(b);
    }

    /// False if the port was held already, which is told.
    bool hold(const ServiceView& view, const ShortPorts& port, std::size_t n, Mark mark, const Path& path) {
        const auto number = port.published_as(n);
        auto& holders = held_[port.protocol + number];
        if (holders.size() == most_holders) {
            return false;
        }
        for (const auto& held : holders) {
            if (!overlap(held.address, port.host_ip)) {
                continue;
            }
            const bool same_entry = held.holder.mark == mark;
            if (!same_entry && !findings_.has_error_at(mark)) {
                findings_.warning(mark, path,
                                  fmt::format("service '{}' publishes port {}/{} of the host, which {} publishes too",
                                              shown(view.service.key), number, port.protocol, place_of(held.holder)),
                                  "only one can have it: choose another host port");
            }
            return same_entry;
        }
        holders.push_back({port.host_ip, {view.service.key, mark}});
        return true;
    }

    Findings& findings_;
    std::unordered_map<std::string, std::vector<Held>> held_;
    std::size_t count_{0};
};

std::string target_of(const Node& mount) {
    std::string target;
    if (mount.is_string()) {
        const auto form = parse_short_mount(mount.text);
        target = form.parts ? form.parts->target : "";
    } else if (const Node* text = mount.find("target"); text != nullptr) {
        target = text->text;
    }
    while (target.size() > 1 && target.ends_with('/')) {
        target.pop_back();
    }
    return target;
}

void check_targets(const ServiceView& view) {
    const Node* list = view.find("volumes");
    if (list == nullptr) {
        return;
    }
    const std::vector<Node>& mounts = list->items();
    KeyIndex held{mounts.size()};
    const Path path = view.path / "volumes";
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const std::string target = target_of(mounts[i]);
        const auto first =
            held.find_or_add(target, i, [&](std::size_t other) { return target_of(mounts[other]) == target; });
        if (!target.empty() && first && mounts[*first].mark != mounts[i].mark) {
            view.findings.warning(mounts[i].mark, path / i,
                                  fmt::format("service '{}' mounts twice on '{}', first in line {}",
                                              shown(view.service.key), shown(target), mounts[*first].mark.line),
                                  "the later mount would hide the first: remove one of them");
        }
    }
}

}  // namespace

void check_clashes(const Node& document, const ServiceFilter& active, Findings& findings) {
    const Node* services = document.find("services");
    if (services == nullptr) {
        return;
    }
    const Path root;
    const Path services_path = root / "services";
    Names names{findings};
    HostPorts ports{findings};
    for (const auto& member : services->members()) {
        if (!active(member.key) || !member.value.is_mapping()) {
            continue;
        }
        const Path path = services_path / member.key;
        const ServiceView view{document, member, path, findings};
        names.add(view);
        ports.add(view);
        check_targets(view);
    }
}

}  // namespace stack::compose
