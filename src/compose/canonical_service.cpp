#include <fmt/format.h>

#include "compose/canonical_values.hpp"
#include "compose/merge.hpp"
#include "compose/short_forms.hpp"
#include "support/text.hpp"

namespace stack::compose::canonical {

namespace {

void set_missing(Node& node, std::string_view key, Node value) {
    if (!node.has(key)) {
        value.mark = node.mark;
        node.set(key, std::move(value), node.mark);
    }
}

Node wrap(Node value, std::string_view key) {
    Node out = Node::mapping(value.mark);
    const Mark mark = value.mark;
    out.set(key, std::move(value), mark);
    return out;
}

}  // namespace

bool build(Node& node, const Path&, Findings&) {
    if (node.is_string()) {
        node = wrap(std::move(node), "context");
    }
    return node.is_mapping();
}

bool dependencies(Node& node, const Path&, Findings&) {
    if (node.is_sequence()) {
        Node out = Node::mapping(node.mark);
        for (const Node& item : node.items()) {
            if (item.is_string()) {
                out.set(item.text, wrap(Node::string("service_started", item.mark), "condition"), item.mark);
            }
        }
        node = std::move(out);
    }
    for (Member& member : node.members()) {
        if (member.value.is_mapping()) {
            set_missing(member.value, "condition", Node::string("service_started"));
            set_missing(member.value, "required", Node::boolean(true));
            if (const Node* restart = member.value.find("restart"); restart != nullptr && restart->as_bool() == false) {
                member.value.erase("restart");
            }
        }
    }
    return node.is_mapping() && !node.empty();
}

bool device(Node& node, const Path&, Findings&) {
    if (node.is_string()) {
        node = long_device(node);
    } else if (node.is_mapping()) {
        if (const Node* source = node.find("source")) {
            set_missing(node, "target", *source);
        }
        set_missing(node, "permissions", Node::string("rwm"));
    }
    return true;
}

bool device_request(Node& node, const Path& path, Findings& findings) {
    const Node* count = node.find("count");
    const Node* ids = node.find("device_ids");
    if (count != nullptr && ids != nullptr) {
        findings.error(node.mark, path, fmt::format("a device of {} has both 'count' and 'device_ids'", owner_of(path)),
                       "keep one of the two");
    } else if (count == nullptr && ids == nullptr && node.is_mapping()) {
        set_missing(node, "count", Node::integer(-1));
    }
    return true;
}

bool gpus(Node& node, const Path& path, Findings& findings) {
    if (node.is_string()) {
        Node one = Node::mapping(node.mark);
        one.set("count", Node::integer(-1, node.mark), node.mark);
        Node out = Node::sequence(node.mark);
        out.push_back(std::move(one));
        node = std::move(out);
    }
    return list(node, path, findings);
}

bool env_file(Node& node, const Path&, Findings&) {
    if (node.is_string()) {
        node = wrap(std::move(node), "path");
    }
    if (node.is_mapping()) {
        set_missing(node, "required", Node::boolean(true));
    }
    return true;
}

bool file_reference(Node& node, const Path&, Findings&) {
    if (node.is_string()) {
        node = wrap(std::move(node), "source");
    }
    return true;
}

bool secret_reference(Node& node, const Path& path, Findings& findings) {
    file_reference(node, path, findings);
    if (const Node* source = node.find("source")) {
        set_missing(node, "target", Node::string(fmt::format("/run/secrets/{}", source->text)));
    }
    return true;
}

bool hook_or_nothing(Node& node, const Path&, Findings&) {
    const Node* command = node.find("command");
    return command != nullptr && !command->is_null();
}

bool ports(Node& node, const Path& path, Findings& findings) {
    if (!node.is_sequence()) {
        return false;
    }
    Node out = Node::sequence(node.mark);
    std::size_t i = 0;
    for (Node& item : node.items()) {
        const Path here = path / i++;
        if (item.is_scalar()) {
            std::vector<Node> all = long_ports(item);
            if (all.empty() && !item.interpolated && item.text.find('$') != std::string::npos) {
                all.push_back(std::move(item));  // a variable that was left in place: `config --no-interpolate`
            }
            for (Node& port : all) {
                out.push_back(std::move(port));
            }
            continue;
        }
        if (!item.has("target") && !findings.has_error_at(item.mark)) {
            findings.error(item.mark, here, fmt::format("a port of {} has no 'target'", owner_of(path)),
                           "name the container's port: 'target: 80'");
        }
        set_missing(item, "mode", Node::string("ingress"));
        set_missing(item, "protocol", Node::string("tcp"));
        out.push_back(std::move(item));
    }
    node = std::move(out);
    return !node.empty();
}

bool ulimit(Node& node, const Path& path, Findings& findings) {
    if (node.is_mapping()) {
        for (Member& member : node.members()) {
            if (!member.key.starts_with("x-")) {
                count_kept(member.value, path / member.key, findings);
            }
        }
        return true;
    }
    return count_kept(node, path, findings);
}

bool volume(Node& node, const Path& path, Findings& findings) {
    if (node.is_string()) {
        node = long_volume(node);
        return true;
    }
    const Node* type = node.find("type");
    const Node* source = node.find("source");
    const bool has_source = source != nullptr && !source->text.empty();
    if (type != nullptr && type->text == "bind" && !has_source) {
        findings.error(node.mark, path, fmt::format("a bind mount of {} has no 'source'", owner_of(path)),
                       "name the folder or file of the host: 'source: ./path'");
    }
    if (node.is_mapping() && !node.has("target") && !findings.has_error_at(node.mark)) {
        findings.error(node.mark, path, fmt::format("a volume of {} has no 'target'", owner_of(path)),
                       "name the path in the container: 'target: /path'");
    }
    return true;
}

}  // namespace stack::compose::canonical
