#include "compose/profiles.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::compose {

namespace {

using Names = std::set<std::string, std::less<>>;

bool is_active(const Node& service, const Names& active) {
    const Node* profiles = service.find("profiles");
    if (profiles == nullptr || profiles->empty() || active.contains("*")) {
        return true;
    }
    return std::any_of(profiles->items().begin(), profiles->items().end(),
                       [&](const Node& profile) { return active.contains(profile.text); });
}

// The active profiles, and those of services that the command line names.
Names with_named(const Node& services, const std::vector<std::string>& active_profiles,
                 const std::vector<std::string>& named_services) {
    Names active{active_profiles.begin(), active_profiles.end()};
    for (const std::string& name : named_services) {
        const Node* service = services.find(name);
        const Node* profiles = service == nullptr ? nullptr : service->find("profiles");
        // Only where the service would not be there otherwise.
        if (profiles != nullptr && !is_active(*service, active)) {
            for (const Node& profile : profiles->items()) {
                active.insert(profile.text);
            }
        }
    }
    return active;
}

void keep_only(Node* section, const Names& used) {
    if (section == nullptr || !section->is_mapping()) {
        return;
    }
    std::erase_if(section->members(), [&](const Member& member) { return !used.contains(member.key); });
    section->members_changed();
}

void collect_keys(const Node* mapping, Names& into) {
    if (mapping != nullptr) {
        for (const Member& member : mapping->members()) {
            into.insert(member.key);
        }
    }
}

void collect_sources(const Node* list, Names& into) {
    if (list != nullptr) {
        for (const Node& item : list->items()) {
            if (const Node* source = item.find("source")) {
                into.insert(source->text);
            }
        }
    }
}

std::vector<std::string> keys_of(const Node& mapping) {
    std::vector<std::string> keys;
    for (const Member& member : mapping.members()) {
        keys.push_back(member.key);
    }
    return keys;
}

}  // namespace

bool is_active_service(const Node* services, std::string_view name, const std::vector<std::string>& active_profiles,
                       const std::vector<std::string>& named_services) {
    const Node* service = services == nullptr ? nullptr : services->find(name);
    return service != nullptr && is_active(*service, with_named(*services, active_profiles, named_services));
}

Node take_inactive_services(Node& document, const std::vector<std::string>& active_profiles,
                            const std::vector<std::string>& named_services) {
    Node inactive = Node::mapping();
    Node* services = document.find("services");
    if (services == nullptr || !services->is_mapping()) {
        return inactive;
    }
    const Names active = with_named(*services, active_profiles, named_services);
    std::vector<Member> kept;
    for (Member& member : services->members()) {
        (is_active(member.value, active) ? kept : inactive.members()).push_back(std::move(member));
    }
    services->members() = std::move(kept);
    services->members_changed();
    return inactive;
}

void remove_unused(Node& document) {
    Names networks;
    Names volumes;
    Names secrets;
    Names configs;
    Names models;
    if (const Node* services = document.find("services")) {
        for (const Member& member : services->members()) {
            const Node& service = member.value;
            collect_keys(service.find("networks"), networks);
            collect_keys(service.find("models"), models);
            collect_sources(service.find("secrets"), secrets);
            collect_sources(service.find("configs"), configs);
            if (const Node* build = service.find("build")) {
                collect_sources(build->find("secrets"), secrets);
            }
            if (const Node* mounts = service.find("volumes")) {
                for (const Node& mount : mounts->items()) {
                    const Node* type = mount.find("type");
                    const Node* source = mount.find("source");
                    if (type != nullptr && source != nullptr && type->text == "volume") {
                        volumes.insert(source->text);
                    }
                }
            }
        }
    }
    for (const auto& [section, used] :
         {std::pair{"networks", &networks}, std::pair{"volumes", &volumes}, std::pair{"secrets", &secrets},
          std::pair{"configs", &configs}, std::pair{"models", &models}}) {
        Node* members = document.find(section);
        keep_only(members, *used);
        if (members != nullptr && members->empty()) {
            document.erase(section);
        }
    }
}

std::set<std::string, std::less<>> named_and_needed(const Node* services, const std::vector<std::string>& names) {
    Names wanted;
    std::vector<std::string> open = names;
    while (services != nullptr && !open.empty()) {
        std::string name = std::move(open.back());
        open.pop_back();
        const Node* service = services->find(name);
        const Node* depends_on = service == nullptr ? nullptr : service->find("depends_on");
        if (service == nullptr || !wanted.insert(std::move(name)).second || depends_on == nullptr) {
            continue;
        }
        for (const std::string& other : keys_of(*depends_on)) {
            open.push_back(other);
        }
        for (const Node& other : depends_on->items()) {
            open.push_back(other.text);
        }
    }
    return wanted;
}

Node select_services(Node& document, const std::vector<std::string>& names, Findings& findings) {
    Node left_out = Node::mapping();
    Node* services = document.find("services");
    if (names.empty() || services == nullptr || !services->is_mapping()) {
        return left_out;
    }
    for (const std::string& name : names) {
        if (!services->has(name)) {
            const auto meant = nearest(name, keys_of(*services));
            findings.error({}, Path{}, fmt::format("no such service: '{}'", abbreviate(name, 100)),
                           meant ? fmt::format("did you mean '{}'?", *meant) : std::string{});
        }
    }
    const Names wanted = named_and_needed(services, names);
    std::vector<Member> kept;
    for (Member& member : services->members()) {
        (wanted.contains(member.key) ? kept : left_out.members()).push_back(std::move(member));
    }
    services->members() = std::move(kept);
    services->members_changed();
    left_out.members_changed();
    return left_out;
}

}  // namespace stack::compose
