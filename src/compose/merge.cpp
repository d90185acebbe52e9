#include "compose/merge.hpp"

#include <fmt/format.h>

#include "compose/path_table.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

enum class Rule : std::uint8_t {
    replace,     // the later value counts, whole
    sequence,    // both as lists of "key=value", one after the other
    hosts,       // the same, "host=address"; an address list gives several entries
    build,       // a string is the context
    depends_on,  // a list gives conditions
    networks,    // a list gives empty attachments
    models,      // a list gives empty references
    logging,     // options are merged if the driver stays the same
    ulimit,      // a number replaces, a mapping merges
    ipam,        // pools by their subnet
};

const PathTable<Rule>& rules() {
    static const PathTable<Rule> table{
        {"networks.*.ipam.config", Rule::ipam},
        {"networks.*.labels", Rule::sequence},
        {"volumes.*.labels", Rule::sequence},
        {"services.*.annotations", Rule::sequence},
        {"services.*.build", Rule::build},
        {"services.*.build.additional_contexts", Rule::sequence},
        {"services.*.build.args", Rule::sequence},
        {"services.*.build.extra_hosts", Rule::hosts},
        {"services.*.build.labels", Rule::sequence},
        {"services.*.build.ssh", Rule::sequence},
        {"services.*.build.ulimits.*", Rule::ulimit},
        {"services.*.command", Rule::replace},
        {"services.*.depends_on", Rule::depends_on},
        {"services.*.deploy.labels", Rule::sequence},
        {"services.*.dns", Rule::sequence},
        {"services.*.dns_opt", Rule::sequence},
        {"services.*.dns_search", Rule::sequence},
        {"services.*.entrypoint", Rule::replace},
        {"services.*.env_file", Rule::sequence},
        {"services.*.environment", Rule::sequence},
        {"services.*.extra_hosts", Rule::hosts},
        {"services.*.healthcheck.test", Rule::replace},
        {"services.*.label_file", Rule::sequence},
        {"services.*.labels", Rule::sequence},
        {"services.*.logging", Rule::logging},
        {"services.*.models", Rule::models},
        {"services.*.networks", Rule::networks},
        {"services.*.provider.options.*", Rule::replace},
        {"services.*.sysctls", Rule::sequence},
        {"services.*.tmpfs", Rule::sequence},
        {"services.*.ulimits.*", Rule::ulimit},
        {"services.*.volumes[].volume.labels", Rule::sequence},
    };
    return table;
}

using Step = PathTable<Rule>::Step;

Node joined(std::string_view key, char separator, const Node& value, Mark mark) {
    if (value.is_null()) {
        return Node::string(std::string{key}, mark);
    }
    return Node::string(fmt::format("{}{}{}", key, separator, value.text), mark);
}

// A mapping as the list that means the same; a single value as a list of one. What has no such form stays as it is, for
// the checks to refuse.
Node as_sequence(Node node) {
    if (node.is_sequence()) {
        return node;
    }
    Node list = Node::sequence(node.mark);
    list.tag = node.tag;
    if (!node.is_mapping()) {
        if (!node.is_null()) {
            list.push_back(std::move(node));
        }
        return list;
    }
    for (Member& member : node.members()) {
        if (member.value.is_scalar()) {
            list.push_back(joined(member.key, '=', member.value, member.key_mark));
        } else if (member.value.is_sequence()) {
            for (const Node& item : member.value.items()) {
                list.push_back(joined(member.key, '=', item, item.mark));
            }
        } else {
            list.push_back(std::move(member.value));
        }
    }
    return list;
}

// A list of names as a mapping with `value` for each; entries that are no strings stay behind as they are not names.
Node as_mapping(Node node, const Node& value, bool& complete) {
    complete = true;
    if (!node.is_sequence()) {
        return node;
    }
    Node mapping = Node::mapping(node.mark);
    mapping.tag = node.tag;
    for (Node& item : node.items()) {
        if (item.is_string() && !mapping.has(item.text)) {
            Node copy = value;
            copy.mark = item.mark;
            mapping.set(item.text, std::move(copy), item.mark);
        } else {
            complete = false;
        }
    }
    return mapping;
}

Node started_condition() {
    Node node = Node::mapping();
    node.set("condition", Node::string("service_started"));
    return node;
}

class Merger {
public:
    explicit Merger(Findings& findings) : findings_{findings} {}

    void merge(Node& base, Node over, const Step* step, const Path& path) {
        if (over.tag == MergeTag::reset || over.tag == MergeTag::replace || base.tag == MergeTag::reset) {
            base = std::move(over);
            return;
        }
        if (step != nullptr && step->rule) {
            special(base, std::move(over), *step->rule, step, path);
        } else {
            plain(base, std::move(over), step, path);
        }
    }

private:
    void plain(Node& base, Node over, const Step* step, const Path& path) {
        if (base.is_scalar()) {
            base = std::move(over);
            return;
        }
        if (over.is_null()) {
            return;
        }
        if (base.kind != over.kind) {
            refuse(base, over, path);
            return;
        }
        if (base.is_sequence()) {
            append(base, std::move(over));
        } else {
            mappings(base, std::move(over), step, path);
        }
    }

    void refuse(const Node& base, const Node& over, const Path& path) {
        findings_.error(
            over.mark, path,
            fmt::format("'{}' is {} here and cannot be merged with {} of an earlier file", abbreviate(path.str(), 200),
                        describe(over.kind), describe(base.kind)),
            fmt::format("write {} here too, or replace the earlier value with '!override'", describe(base.kind)));
    }

    static void append(Node& base, Node over) {
        auto& items = base.items();
        items.insert(items.end(), std::make_move_iterator(over.items().begin()),
                     std::make_move_iterator(over.items().end()));
    }

    void mappings(Node& base, Node over, const Step* step, const Path& path) {
        for (Member& member : over.members()) {
            Member* mine = base.find_member(member.key);
            const Step* next = step == nullptr ? nullptr : step->key(member.key);
            if (mine != nullptr && next == nullptr && member.key.starts_with("x-")) {
                *mine = std::move(member);  // nobody but its author knows how an extension could be merged
            } else if (mine != nullptr) {
                if (!member.value.is_null() || mine->value.is_scalar()) {
                    mine->key_mark = member.key_mark;
                }
                merge(mine->value, std::move(member.value), next, path / member.key);
            } else {
                base.members().push_back(std::move(member));
            }
        }
    }

    void special(Node& base, Node over, Rule rule, const Step* step, const Path& path) {
        switch (rule) {
            case Rule::replace:
                base = std::move(over);
                break;
            case Rule::sequence:
            case Rule::hosts:
                if (over.is_null()) {
                    break;
                }
                if (base.is_mapping() && over.is_mapping()) {
                    mappings(base, std::move(over), nullptr, path);
                    break;
                }
                base = as_sequence(std::move(base));
                append(base, as_sequence(std::move(over)));
                break;
            case Rule::build:
                base = build_mapping(std::move(base));
                plain(base, build_mapping(std::move(over)), step, path);
                break;
            case Rule::depends_on:
                named(base, std::move(over), started_condition(), step, path);
                break;
            case Rule::networks:
            case Rule::models:
                named(base, std::move(over), Node{}, step, path);
                break;
            case Rule::logging:
                logging(base, std::move(over), step, path);
                break;
            case Rule::ulimit:
                if (base.is_mapping() && over.is_mapping()) {
                    mappings(base, std::move(over), nullptr, path);
                } else {
                    base = std::move(over);
                }
                break;
            case Rule::ipam:
                ipam_pools(base, std::move(over), path);
                break;
        }
    }

    static Node build_mapping(Node node) {
        if (!node.is_string()) {
            return node;
        }
        Node mapping = Node::mapping(node.mark);
        const Mark mark = node.mark;
        mapping.set("context", std::move(node), mark);
        return mapping;
    }

    void named(Node& base, Node over, const Node& value, const Step* step, const Path& path) {
        bool complete = true;
        bool over_complete = true;
        Node mine = as_mapping(base, value, complete);
        Node theirs = as_mapping(over, value, over_complete);
        if (!complete || !over_complete) {
            // A list that holds what is no name is kept alone, so that the checks tell about it.
            if (complete) {
                base = std::move(over);
            }
            return;
        }
        base = std::move(mine);
        plain(base, std::move(theirs), step, path);
    }

    void logging(Node& base, Node over, const Step* step, const Path& path) {
        const Node* mine = base.find("driver");
        const Node* theirs = over.find("driver");
        if (base.is_mapping() && over.is_mapping() && mine != nullptr && theirs != nullptr &&
            mine->text != theirs->text) {
            base = std::move(over);
            return;
        }
        plain(base, std::move(over), step, path);
    }

    void ipam_pools(Node& base, Node over, const Path& path) {
        if (!base.is_sequence() || !over.is_sequence()) {
            plain(base, std::move(over), nullptr, path);
            return;
        }
        for (Node& pool : over.items()) {
            Node* same = find_pool(base, pool);
            if (same == nullptr) {
                base.push_back(std::move(pool));
            } else {
                mappings(*same, std::move(pool), nullptr, path);
            }
        }
    }

    static Node* find_pool(Node& pools, const Node& wanted) {
        const Node* subnet = wanted.find("subnet");
        for (Node& pool : pools.items()) {
            const Node* other = pool.find("subnet");
            if (subnet != nullptr && other != nullptr && subnet->text == other->text) {
                return &pool;
            }
        }
        return nullptr;
    }

    Findings& findings_;
};

// The table's step for a path that begins at the root.
const Step* step_at(const Path& path) {
    const Step* step = rules().root();
    for (std::size_t i = 0; i < path.depth() && step != nullptr; ++i) {
        step = step->key(path.step(i));
    }
    return step;
}

}  // namespace

void merge(Node& base, Node over, const Path& at, Findings& findings) {
    Merger{findings}.merge(base, std::move(over), step_at(at), at);
}

void strip_resets(Node& node) {
    if (node.is_mapping()) {
        auto& members = node.members();
        const std::size_t removed = std::erase_if(members, [](Member& m) { return m.value.tag == MergeTag::reset; });
        if (removed > 0) {
            node.members_changed();
        }
        for (Member& member : members) {
            strip_resets(member.value);
        }
    } else if (node.is_sequence()) {
        std::erase_if(node.items(), [](const Node& item) { return item.tag == MergeTag::reset; });
        for (Node& item : node.items()) {
            strip_resets(item);
        }
    }
}

}  // namespace stack::compose
