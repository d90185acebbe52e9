#include <fmt/format.h>

#include "compose/normalize.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

bool is_section(std::string_view key) {
    for (const std::string_view known :
         {"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"}) {
        if (key == known) {
            return true;
        }
    }
    return key.starts_with("x-");
}

bool looks_like_service(const Node& node) {
    return node.is_mapping() && (node.has("image") || node.has("build") || node.has("extends"));
}

bool is_first_format(const Node& document) {
    if (!document.is_mapping() || document.has("services") || document.has("include")) {
        return false;
    }
    bool found = false;
    for (const Member& member : document.members()) {
        if (member.key == "volumes" || member.key == "networks") {
            return false;
        }
        if (is_section(member.key)) {
            continue;
        }
        if (!looks_like_service(member.value)) {
            return false;
        }
        found = true;
    }
    return found;
}

// Keys that only the first format had, in the words of today.
void upgrade_service(Node& service) {
    if (const Node* links = service.find("links")) {
        const Mark mark = links->mark;
        service.set("x-link-variables", Node::boolean(true, mark), mark);
    }
    if (const Node* net = service.find("net"); net != nullptr && !service.has("network_mode")) {
        Node mode = *net;
        service.set("network_mode", std::move(mode), net->mark);
        service.erase("net");
    }
    if (const Node* dockerfile = service.find("dockerfile")) {
        Node file = *dockerfile;
        Node build = Node::mapping(file.mark);
        if (const Node* context = service.find("build"); context != nullptr && context->is_string()) {
            build.set("context", *context, context->mark);
        }
        const Mark mark = file.mark;
        build.set("dockerfile", std::move(file), mark);
        service.set("build", std::move(build), mark);
        service.erase("dockerfile");
    }
    Node logging = Node::mapping(service.mark);
    for (const auto& [old_key, key] : {std::pair{"log_driver", "driver"}, std::pair{"log_opt", "options"}}) {
        if (const Node* value = service.find(old_key)) {
            logging.set(key, *value, value->mark);
            service.erase(old_key);
        }
    }
    if (!logging.empty() && !service.has("logging")) {
        const Mark mark = logging.mark;
        service.set("logging", std::move(logging), mark);
    }
}

}  // namespace

bool upgrade_first_format(Node& document, Findings& findings) {
    if (!is_first_format(document)) {
        return false;
    }
    Node services = Node::mapping(document.mark);
    Node rest = Node::mapping(document.mark);
    for (Member& member : document.members()) {
        if (is_section(member.key)) {
            rest.members().push_back(std::move(member));
        } else {
            upgrade_service(member.value);
            services.members().push_back(std::move(member));
        }
    }
    findings.warning(document.mark, Path{}, "this file is written in the first Compose format, which is out of use",
                     "put the services below a key 'services:'");
    const Mark mark = services.mark;
    rest.set("services", std::move(services), mark);
    document = std::move(rest);
    return true;
}

}  // namespace stack::compose
