#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "compose/check/consistency_parts.hpp"
#include "compose/check/report.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

std::optional<double> amount_of(const Node& node) {
    if (const auto number = node.as_real()) {
        return number;
    }
    if (const auto number = parse_double(node.text)) {
        return number;
    }
    const auto size = parse_byte_size(node.text);
    return size ? std::optional{static_cast<double>(size->count)} : std::nullopt;
}

const Node* find_below(const Node& node, std::string_view dotted) {
    const Node* at = &node;
    for (const auto key : split(dotted, '.')) {
        at = at == nullptr ? nullptr : at->find(key);
    }
    return at;
}

/// The service after this one begins here; file and line beyond all if it is the last.
Mark end_of(const ServiceView& view) {
    const auto& services = view.document.find("services")->members();
    const Member* next = &view.service + 1;
    if (next < services.data() + services.size() && next->key_mark.file == view.service.key_mark.file) {
        return next->key_mark;
    }
    return {view.service.key_mark.file + 1, 0, 0};
}

/// 'imagee' is told as an unknown key; that 'image' is missing is the same mistake.
bool is_misspelled(const ServiceView& view) {
    static const std::vector<std::string> keys{"image", "build"};
    const auto& members = view.service.value.members();
    return std::any_of(members.begin(), members.end(), [&](const Member& member) {
        return view.findings.has_error_at(member.key_mark) && nearest(member.key, keys);
    });
}

/// A service of a second file that says little was often meant to be one of the first.
std::string mend_image(const ServiceView& view) {
    constexpr std::size_t most_compared = 200;
    std::vector<std::string> others;
    for (const Member& other : view.document.find("services")->members()) {
        if (other.key_mark.file != view.service.key_mark.file && others.size() < most_compared) {
            others.push_back(other.key);
        }
    }
    const auto meant = nearest(view.service.key, others);
    return meant ? fmt::format("did you mean '{}'?", shown(*meant))
                 : "add 'image: NAME', or 'build: ./FOLDER' with a Dockerfile in it";
}

void check_image(const ServiceView& view) {
    if (view.find_said("image") != nullptr || view.find("build") != nullptr || view.find("provider") != nullptr) {
        return;
    }
    if (is_misspelled(view) || view.findings.has_yaml_error_between(view.service.key_mark, end_of(view))) {
        return;
    }
    const Member* image = view.service.value.find_member("image");
    if (view.service.value.has("extends")) {
        return;  // what it extends was not found, which is told already
    }
    if (image != nullptr && view.findings.has_error_at(image->value.mark)) {
        return;
    }
    const Mark mark = image == nullptr ? view.service.key_mark : image->value.mark;
    if (!view.findings.has_error_at(mark)) {
        view.findings.error(mark, view.path,
                            fmt::format("service '{}' has neither 'image' nor 'build'", shown(view.service.key)),
                            mend_image(view));
    }
}

void check_network_mode(const ServiceView& view) {
    const Member* mode = view.find_said("network_mode");
    if (mode == nullptr) {
        return;
    }
    if (const Member* networks = view.find_said("networks")) {
        const Path path = view.path / "networks";
        view.findings.error(networks->key_mark, path,
                            fmt::format("service '{}' has both 'networks' and 'network_mode: {}'",
                                        shown(view.service.key), shown(mode->value.text)),
                            "remove one of them: a network mode takes the place of networks");
    }
    const bool of_another = mode->value.text.starts_with("service:") || mode->value.text.starts_with("container:");
    const bool of_host = mode->value.text == "host";
    const auto has_no_effect = [&](std::string_view key, const std::string& mend) {
        if (const Member* said = view.find_said(key)) {
            const Path path = view.path / key;
            view.findings.warning(
                said->key_mark, path,
                fmt::format("'{}' of service '{}' {} no effect with 'network_mode: {}'", key, shown(view.service.key),
                            key == "ports" || key == "extra_hosts" ? "have" : "has", shown(mode->value.text)),
                mend);
        }
    };
    if (of_host || of_another || mode->value.text == "none") {
        has_no_effect("ports", of_host ? "the service's ports are the host's own; remove 'ports'"
                                       : "publish them where the network is, or remove 'ports'");
        has_no_effect("mac_address", "remove it: the network's links are not the service's");
    }
    for (const std::string_view key : {"dns", "dns_search", "dns_opt", "extra_hosts"}) {
        if (of_another) {
            has_no_effect(key, fmt::format("say it where the network is, or remove '{}'", key));
        }
    }
}

struct SaidTwice {
    std::string_view key;
    std::string_view other;
};

/// Old keys of a service and the place below deploy that says the same.
void check_said_twice(const ServiceView& view) {
    static constexpr std::array pairs{
        SaidTwice{"cpus", "deploy.resources.limits.cpus"}, SaidTwice{"mem_limit", "deploy.resources.limits.memory"},
        SaidTwice{"pids_limit", "deploy.resources.limits.pids"},
        SaidTwice{"mem_reservation", "deploy.resources.reservations.memory"}, SaidTwice{"scale", "deploy.replicas"}};
    for (const auto& [key, other] : pairs) {
        const Member* one = view.find_said(key);
        const Node* two = find_below(view.service.value, other);
        if (one == nullptr || two == nullptr || two->is_null()) {
            continue;
        }
        const auto a = amount_of(one->value);
        const auto b = amount_of(*two);
        if (a && b && *a != 0 && *b != 0 && *a != *b) {
            const Path path = view.path / key;
            view.findings.error(
                one->value.mark, path,
                fmt::format("service '{}' has '{}: {}', but '{}: {}' in line {}", shown(view.service.key), key,
                            shown(one->value.text), other, shown(two->text), two->mark.line),
                "both say the same thing: remove one of them");
        }
    }
}

void check_replicas(const ServiceView& view) {
    const Member* name = view.find_said("container_name");
    if (name == nullptr) {
        return;
    }
    const Node* scale = view.find("scale");
    const Node* replicas = scale == nullptr ? find_below(view.service.value, "deploy.replicas") : scale;
    const auto count = replicas == nullptr ? std::nullopt : amount_of(*replicas);
    if (count && *count > 1) {
        const Path path = view.path / "container_name";
        view.findings.error(name->value.mark, path,
                            fmt::format("service '{}' has the container_name '{}', but {} replicas",
                                        shown(view.service.key), shown(name->value.text), *count),
                            "a name can be given to one container only: remove 'container_name', or the replicas");
    }
}

void check_build(const ServiceView& view) {
    const Node* build = view.find("build");
    if (build == nullptr) {
        return;
    }
    const Member* inlined = build->find_member("dockerfile_inline");
    if (inlined != nullptr && build->has("dockerfile")) {
        const Path path = view.path / "build";
        view.findings.error(inlined->key_mark, path / "dockerfile_inline",
                            fmt::format("'build' of service '{}' has both 'dockerfile' and 'dockerfile_inline'",
                                        shown(view.service.key)),
                            "remove one of them");
    }
}

void check_device_requests(const ServiceView& view, const Node* requests, const Path& path) {
    if (requests == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < requests->items().size(); ++i) {
        const Node& request = requests->items()[i];
        const Member* ids = request.find_member("device_ids");
        const Node* count = request.find("count");
        if (ids != nullptr && count != nullptr && !ids->value.empty()) {
            const Path here = path / i;
            view.findings.error(ids->key_mark, here / "device_ids",
                                fmt::format("{} has both 'count' and 'device_ids'", describe(here)),
                                "remove one of them");
        }
    }
}

void check_memory(const ServiceView& view) {
    const Member* limit = view.find_said("mem_limit");
    const Member* reservation = view.find_said("mem_reservation");
    if (limit == nullptr || reservation == nullptr) {
        return;
    }
    const auto most = amount_of(limit->value);
    const auto reserved = amount_of(reservation->value);
    if (most && reserved && *most > 0 && *reserved > *most) {
        const Path path = view.path / "mem_reservation";
        view.findings.warning(
            reservation->value.mark, path,
            fmt::format("service '{}' has 'mem_reservation: {}', above its mem_limit {}", shown(view.service.key),
                        shown(reservation->value.text), shown(limit->value.text)),
            "the reservation must be below the limit");
    }
}

struct Source {
    std::string_view section;
    std::string_view one;
    std::vector<std::string> keys;
};

void check_source(const Source& source, const Member& member, Findings& findings) {
    const Path root;
    const Path section = root / source.section;
    const Path path = section / member.key;
    const Node& node = member.value;
    if (!node.is_mapping()) {
        return;
    }
    std::vector<std::string> found;
    const Member* second = nullptr;
    for (const auto& entry : node.members()) {
        if (std::find(source.keys.begin(), source.keys.end(), entry.key) != source.keys.end() &&
            !entry.value.is_null()) {
            found.push_back(entry.key);
            second = found.size() == 2 ? &entry : second;
        }
    }
    const Node* external = node.find("external");
    const bool outside = external != nullptr && (external->is_mapping() || external->text != "false");
    if (second != nullptr) {
        findings.error(second->key_mark, path / second->key,
                       fmt::format("{} '{}' has both '{}' and '{}'", source.one, shown(member.key), found[0], found[1]),
                       "keep one of them");
    } else if (outside && !found.empty()) {
        const Member* ignored = node.find_member(found.front());
        findings.warning(
            ignored->key_mark, path / found.front(),
            fmt::format("'{}' of {} '{}' has no effect: it is external", found.front(), source.one, shown(member.key)),
            fmt::format("remove '{}' or 'external'", found.front()));
    } else if (!outside && found.empty() && !findings.has_error_at(node.mark)) {
        findings.error(node.size() == 0 ? member.key_mark : node.mark, path,
                       fmt::format("{} '{}' does not say where it comes from", source.one, shown(member.key)),
                       fmt::format("add one of {} and external", join(source.keys, ", ")));
    }
}

}  // namespace

void check_conflicts(const ServiceView& view) {
    check_image(view);
    check_network_mode(view);
    check_said_twice(view);
    check_replicas(view);
    check_build(view);
    check_memory(view);
    check_device_requests(view, view.find("gpus"), view.path / "gpus");
    const Path deploy = view.path / "deploy";
    const Path resources = deploy / "resources";
    const Path reservations = resources / "reservations";
    check_device_requests(view, find_below(view.service.value, "deploy.resources.reservations.devices"),
                          reservations / "devices");
}

void check_sources(const Node& document, Findings& findings) {
    static const std::array sources{Source{"secrets", "secret", {"file", "environment"}},
                                    Source{"configs", "config", {"file", "environment", "content"}}};
    for (const auto& source : sources) {
        if (const Node* section = document.find(source.section)) {
            for (const auto& member : section->members()) {
                check_source(source, member, findings);
            }
        }
    }
}

}  // namespace stack::compose
