#include "compose/normalize.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::compose {

namespace {

void imply(Node& service, std::string_view other, bool restart, Mark mark) {
    Node* depends_on = service.find("depends_on");
    if (depends_on == nullptr) {
        depends_on = &service.set("depends_on", Node::mapping(mark), mark);
    }
    if (!depends_on->is_mapping() || depends_on->has(other)) {
        return;
    }
    Node dependency = Node::mapping(mark);
    dependency.set("condition", Node::string("service_started", mark), mark);
    if (restart) {
        dependency.set("restart", Node::boolean(true, mark), mark);
    }
    dependency.set("required", Node::boolean(true, mark), mark);
    depends_on->set(other, std::move(dependency), mark);
}

// compose-spec 05-services: links, volumes_from and shared namespaces start the other service first.
void imply_dependencies(Node& service) {
    if (const Node* links = service.find("links")) {
        for (const Node& link : std::vector<Node>{links->items()}) {
            imply(service, std::string_view{link.text}.substr(0, link.text.find(':')), true, link.mark);
        }
    }
    constexpr std::string_view prefix = "service:";
    for (const std::string_view key : {"network_mode", "ipc", "pid", "uts", "cgroup"}) {
        const Node* value = service.find(key);
        if (value != nullptr && value->text.starts_with(prefix)) {
            const Node copy = *value;
            imply(service, std::string_view{copy.text}.substr(prefix.size()), true, copy.mark);
        }
    }
    if (const Node* volumes_from = service.find("volumes_from")) {
        for (const Node& from : std::vector<Node>{volumes_from->items()}) {
            if (!from.text.starts_with("container:")) {
                imply(service, std::string_view{from.text}.substr(0, from.text.find(':')), false, from.mark);
            }
        }
    }
}

}  // namespace

void take_from_environment(Node* variables, const Environment& environment) {
    if (variables == nullptr || !variables->is_mapping()) {
        return;
    }
    for (Member& member : variables->members()) {
        if (!member.value.is_null()) {
            continue;
        }
        if (const auto found = environment.find(member.key); found != environment.end()) {
            member.value = Node::string(found->second, member.value.mark);
        }
    }
}

namespace {

void normalize_build(Node& build, const Environment& environment) {
    if (!build.has("dockerfile") && !build.has("dockerfile_inline")) {
        build.set("dockerfile", Node::string("Dockerfile", build.mark), build.mark);
    }
    for (const std::string_view key : {"dockerfile", "dockerfile_inline"}) {
        if (const Node* value = build.find(key); value != nullptr && value->text.empty()) {
            build.erase(key);  // the builder has the same default
        }
    }
    Node* args = build.find("args");
    take_from_environment(args, environment);
    if (args != nullptr && args->is_mapping()) {
        // An argument without a value is the Dockerfile's own default.
        std::erase_if(args->members(), [](const Member& member) { return member.value.is_null(); });
        args->members_changed();
        if (args->empty()) {
            build.erase("args");
        }
    }
}

void normalize_service(Node& service, const Environment& environment) {
    if (!service.is_mapping()) {
        return;
    }
    if (!service.has("networks") && !service.has("network_mode") && !service.has("provider")) {
        Node networks = Node::mapping(service.mark);
        networks.set("default", Node{service.mark}, service.mark);
        service.set("networks", std::move(networks), service.mark);
    }
    if (Node* build = service.find("build"); build != nullptr && build->is_mapping()) {
        normalize_build(*build, environment);
    }
    imply_dependencies(service);
}

void name_members(Node* section, const std::string& project_name) {
    if (section == nullptr || !section->is_mapping()) {
        return;
    }
    for (Member& member : section->members()) {
        if (!member.value.is_mapping() || member.value.has("name")) {
            continue;
        }
        const Node* external = member.value.find("external");
        const bool outside = external != nullptr && external->as_bool() == true;
        member.value.set(
            "name",
            Node::string(outside ? member.key : fmt::format("{}_{}", project_name, member.key), member.key_mark),
            member.key_mark);
    }
}

}  // namespace

void normalize(Node& document, const std::string& project_name, const Environment& environment) {
    Node* networks = document.find("networks");
    if (networks == nullptr) {
        networks = &document.set("networks", Node::mapping());
    }
    if (networks->is_mapping() && !networks->has("default")) {
        networks->set("default", Node::mapping());
    }
    if (Node* services = document.find("services")) {
        for (Member& member : services->members()) {
            normalize_service(member.value, environment);
        }
    }
    for (const std::string_view section : {"networks", "volumes", "secrets", "configs"}) {
        name_members(document.find(section), project_name);
    }
}

void default_build_contexts(Node& document) {
    Node* services = document.find("services");
    if (services == nullptr || !services->is_mapping()) {
        return;
    }
    for (Member& member : services->members()) {
        Node* build = member.value.find("build");
        if (build != nullptr && build->is_mapping() && !build->has("context")) {
            build->set("context", Node::string(".", build->mark), build->mark);
        }
    }
}

void relocate_external_names(Node& document, Findings& findings) {
    for (const std::string_view section : {"networks", "volumes", "secrets", "configs"}) {
        Node* members = document.find(section);
        if (members == nullptr || !members->is_mapping()) {
            continue;
        }
        for (Member& member : members->members()) {
            Node* external = member.value.find("external");
            if (external == nullptr || !external->is_mapping()) {
                continue;
            }
            const Mark mark = external->mark;
            const Path top;
            const Path parent = top / section;
            findings.warning(mark, parent / member.key,
                             fmt::format("{} '{}' has its name below 'external', which is out of use",
                                         section.substr(0, section.size() - 1), member.key),
                             "write 'external: true' and 'name:' beside it");
            const Node* old_name = external->find("name");
            const Node* name = member.value.find("name");
            if (old_name != nullptr && name != nullptr && name->text != old_name->text) {
                findings.error(old_name->mark, parent / member.key,
                               fmt::format("{} '{}' has two names: '{}' and, in the old form, '{}'",
                                           section.substr(0, section.size() - 1), member.key,
                                           abbreviate(name->text, 100), abbreviate(old_name->text, 100)),
                               "write 'external: true' and one 'name:'");
            }
            if (old_name != nullptr && name == nullptr) {
                Node copy = *old_name;
                member.value.set("name", std::move(copy), mark);
            }
            member.value.set("external", Node::boolean(true, mark), mark);
        }
    }
}

}  // namespace stack::compose
