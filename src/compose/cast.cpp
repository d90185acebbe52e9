#include "compose/cast.hpp"

#include <fmt/format.h>

#include "compose/path_table.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

enum class Cast : std::uint8_t { boolean, integer, number };

const PathTable<Cast>& casts() {
    static const PathTable<Cast> table{
        {"services.*.attach", Cast::boolean},
        {"services.*.build.no_cache", Cast::boolean},
        {"services.*.build.pull", Cast::boolean},
        {"services.*.build.privileged", Cast::boolean},
        {"services.*.build.ulimits.*", Cast::integer},
        {"services.*.build.ulimits.*.hard", Cast::integer},
        {"services.*.build.ulimits.*.soft", Cast::integer},
        {"services.*.cpu_count", Cast::integer},
        {"services.*.cpu_percent", Cast::number},
        {"services.*.cpu_shares", Cast::integer},
        {"services.*.cpus", Cast::number},
        {"services.*.depends_on.*.required", Cast::boolean},
        {"services.*.depends_on.*.restart", Cast::boolean},
        {"services.*.deploy.placement.max_replicas_per_node", Cast::integer},
        {"services.*.deploy.replicas", Cast::integer},
        {"services.*.deploy.resources.limits.pids", Cast::integer},
        {"services.*.deploy.restart_policy.max_attempts", Cast::integer},
        {"services.*.deploy.rollback_config.max_failure_ratio", Cast::number},
        {"services.*.deploy.rollback_config.parallelism", Cast::integer},
        {"services.*.deploy.update_config.max_failure_ratio", Cast::number},
        {"services.*.deploy.update_config.parallelism", Cast::integer},
        {"services.*.env_file[].required", Cast::boolean},
        {"services.*.healthcheck.disable", Cast::boolean},
        {"services.*.healthcheck.retries", Cast::integer},
        {"services.*.init", Cast::boolean},
        {"services.*.oom_kill_disable", Cast::boolean},
        {"services.*.oom_score_adj", Cast::integer},
        {"services.*.pids_limit", Cast::integer},
        {"services.*.ports[].target", Cast::integer},
        {"services.*.post_start[].privileged", Cast::boolean},
        {"services.*.pre_stop[].privileged", Cast::boolean},
        {"services.*.privileged", Cast::boolean},
        {"services.*.read_only", Cast::boolean},
        {"services.*.scale", Cast::integer},
        {"services.*.stdin_open", Cast::boolean},
        {"services.*.tty", Cast::boolean},
        {"services.*.ulimits.*", Cast::integer},
        {"services.*.ulimits.*.hard", Cast::integer},
        {"services.*.ulimits.*.soft", Cast::integer},
        {"services.*.use_api_socket", Cast::boolean},
        {"services.*.volumes[].bind.create_host_path", Cast::boolean},
        {"services.*.volumes[].read_only", Cast::boolean},
        {"services.*.volumes[].volume.nocopy", Cast::boolean},
        {"networks.*.attachable", Cast::boolean},
        {"networks.*.enable_ipv4", Cast::boolean},
        {"networks.*.enable_ipv6", Cast::boolean},
        {"networks.*.external", Cast::boolean},
        {"networks.*.internal", Cast::boolean},
        {"volumes.*.external", Cast::boolean},
        {"secrets.*.external", Cast::boolean},
        {"configs.*.external", Cast::boolean},
    };
    return table;
}

class Caster {
public:
    Caster(Findings& findings, Variables variables) : findings_{findings}, variables_{variables} {}

    void walk(Node& node, const PathTable<Cast>::Step* step, const Path& path) {
        const bool open = variables_ == Variables::in_place && node.text.find('$') != std::string::npos;
        if (step->rule && node.is_string() && !open) {
            cast(node, *step->rule, path);
        }
        if (node.is_mapping()) {
            for (Member& member : node.members()) {
                if (const auto* next = step->key(member.key)) {
                    walk(member.value, next, path / member.key);
                }
            }
        } else if (node.is_sequence() && step->entry) {
            std::size_t i = 0;
            for (Node& item : node.items()) {
                walk(item, step->entry.get(), path / i++);
            }
        }
    }

private:
    void cast(Node& node, Cast to, const Path& path) {
        const std::string_view text = trim(node.text);
        if (to == Cast::boolean) {
            if (const auto value = boolean_word(text)) {
                node.kind = Kind::boolean;
                node.text = *value ? "true" : "false";
                return;
            }
            refuse(node, path, "is not a boolean", "write true or false");
            return;
        }
        const Kind kind = kind_of_plain(text);
        if (kind == Kind::integer || (to == Cast::number && kind == Kind::real)) {
            node.kind = kind;
            node.text = std::string{text};
            return;
        }
        refuse(node, path, to == Cast::integer ? "is not a whole number" : "is not a number", mend_number(text, to));
    }

    /// `cpus: 500m` is how Kubernetes writes half a CPU.
    static std::string mend_number(std::string_view text, Cast to) {
        const auto thousandths = text.ends_with('m') ? parse_uint(text.substr(0, text.size() - 1)) : std::nullopt;
        if (to == Cast::number && thousandths) {
            return fmt::format("write {}", static_cast<double>(*thousandths) / 1000);
        }
        return to == Cast::number ? "write a number, such as 0.5" : "write a number, such as 3";
    }

    void refuse(const Node& node, const Path& path, std::string_view what, std::string hint) {
        const std::string where =
            path.step(0) == "services" ? fmt::format(" for service '{}'", abbreviate(path.step(1), 80)) : std::string{};
        findings_.error(node.mark, path,
                        fmt::format("value '{}' of '{}'{} {}", abbreviate(node.text, 100), path.key(), where, what),
                        std::move(hint));
    }

    Findings& findings_;
    Variables variables_;
};

}  // namespace

std::optional<bool> boolean_word(std::string_view text) {
    const std::string word = to_lower(text);
    for (const std::string_view yes : {"true", "yes", "on", "y", "1", "t"}) {
        if (word == yes) {
            return true;
        }
    }
    for (const std::string_view no : {"false", "no", "off", "n", "0", "f"}) {
        if (word == no) {
            return false;
        }
    }
    return std::nullopt;
}

void cast_values(Node& document, Findings& findings, Variables variables) {
    Caster{findings, variables}.walk(document, casts().root(), Path{});
}

}  // namespace stack::compose
