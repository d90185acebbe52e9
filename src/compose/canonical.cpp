#include "compose/canonical.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compose/canonical_values.hpp"
#include "compose/path_table.hpp"

namespace stack::compose {

namespace {

/// Makes one value canonical. Gives false if the value says nothing and can go.
using Rule = bool (*)(Node& node, const Path& path, Findings& findings);

const PathTable<Rule>& rules() {
    using namespace canonical;  // NOLINT(google-build-using-namespace): the table is unreadable without
    static const PathTable<Rule> table{
        {"services", structure_or_nothing},
        {"services.*", structure},
        {"services.*.annotations", string_map},
        {"services.*.attach", flag_kept},
        {"services.*.blkio_config", structure},
        {"services.*.blkio_config.device_read_bps", list},
        {"services.*.blkio_config.device_read_bps[].rate", bytes},
        {"services.*.blkio_config.device_read_iops", list},
        {"services.*.blkio_config.device_read_iops[].rate", bytes},
        {"services.*.blkio_config.device_write_bps", list},
        {"services.*.blkio_config.device_write_bps[].rate", bytes},
        {"services.*.blkio_config.device_write_iops", list},
        {"services.*.blkio_config.device_write_iops[].rate", bytes},
        {"services.*.blkio_config.weight", count},
        {"services.*.blkio_config.weight_device", list},
        {"services.*.blkio_config.weight_device[].weight", count},
        {"services.*.build", build},
        {"services.*.build.additional_contexts", string_map},
        {"services.*.build.args", optional_string_map},
        {"services.*.build.cache_from", strings},
        {"services.*.build.cache_to", strings},
        {"services.*.build.entitlements", strings},
        {"services.*.build.extra_hosts", hosts},
        {"services.*.build.isolation", text},
        {"services.*.build.labels", string_map},
        {"services.*.build.network", text},
        {"services.*.build.no_cache", flag},
        {"services.*.build.platforms", strings},
        {"services.*.build.privileged", flag},
        {"services.*.build.provenance", text},
        {"services.*.build.pull", flag},
        {"services.*.build.sbom", text},
        {"services.*.build.secrets", list},
        {"services.*.build.secrets[]", file_reference},
        {"services.*.build.secrets[].mode", mode},
        {"services.*.build.shm_size", bytes},
        {"services.*.build.ssh", ssh_keys},
        {"services.*.build.tags", strings},
        {"services.*.build.target", text},
        {"services.*.build.ulimits", map},
        {"services.*.build.ulimits.*", ulimit},
        {"services.*.cap_add", strings},
        {"services.*.cap_drop", strings},
        {"services.*.cgroup", text},
        {"services.*.cgroup_parent", text},
        {"services.*.command", command},
        {"services.*.configs", list},
        {"services.*.configs[]", file_reference},
        {"services.*.configs[].mode", mode},
        {"services.*.container_name", text},
        {"services.*.cpu_count", count},
        {"services.*.cpu_percent", number},
        {"services.*.cpu_period", microseconds},
        {"services.*.cpu_quota", microseconds},
        {"services.*.cpu_rt_period", microseconds},
        {"services.*.cpu_rt_runtime", microseconds},
        {"services.*.cpu_shares", count},
        {"services.*.cpus", number},
        {"services.*.cpuset", text},
        {"services.*.credential_spec", structure},
        {"services.*.depends_on", dependencies},
        {"services.*.deploy", structure},
        {"services.*.deploy.endpoint_mode", text},
        {"services.*.deploy.labels", string_map},
        {"services.*.deploy.mode", text},
        {"services.*.deploy.placement", structure_or_nothing},
        {"services.*.deploy.placement.constraints", strings},
        {"services.*.deploy.placement.max_replicas_per_node", count},
        {"services.*.deploy.placement.preferences", list},
        {"services.*.deploy.replicas", count_kept},
        {"services.*.deploy.resources", structure_or_nothing},
        {"services.*.deploy.resources.limits", structure},
        {"services.*.deploy.resources.limits.cpus", number},
        {"services.*.deploy.resources.limits.memory", bytes},
        {"services.*.deploy.resources.limits.pids", count},
        {"services.*.deploy.resources.reservations", structure},
        {"services.*.deploy.resources.reservations.cpus", number},
        {"services.*.deploy.resources.reservations.devices", list},
        {"services.*.deploy.resources.reservations.devices[]", device_request},
        {"services.*.deploy.resources.reservations.devices[].capabilities", strings},
        {"services.*.deploy.resources.reservations.devices[].count", device_count},
        {"services.*.deploy.resources.reservations.devices[].device_ids", strings},
        {"services.*.deploy.resources.reservations.devices[].options", string_map},
        {"services.*.deploy.resources.reservations.generic_resources", list},
        {"services.*.deploy.resources.reservations.generic_resources[].discrete_resource_spec.value", count},
        {"services.*.deploy.resources.reservations.memory", bytes},
        {"services.*.deploy.restart_policy", structure},
        {"services.*.deploy.restart_policy.condition", text},
        {"services.*.deploy.restart_policy.delay", duration},
        {"services.*.deploy.restart_policy.max_attempts", count_kept},
        {"services.*.deploy.restart_policy.window", duration},
        {"services.*.deploy.rollback_config", structure},
        {"services.*.deploy.rollback_config.delay", duration},
        {"services.*.deploy.rollback_config.max_failure_ratio", number},
        {"services.*.deploy.rollback_config.monitor", duration},
        {"services.*.deploy.rollback_config.parallelism", count_kept},
        {"services.*.deploy.update_config", structure},
        {"services.*.deploy.update_config.delay", duration},
        {"services.*.deploy.update_config.max_failure_ratio", number},
        {"services.*.deploy.update_config.monitor", duration},
        {"services.*.deploy.update_config.parallelism", count_kept},
        {"services.*.develop", structure},
        {"services.*.develop.watch", list},
        {"services.*.develop.watch[].exec", hook_or_nothing},
        {"services.*.develop.watch[].exec.command", command},
        {"services.*.develop.watch[].exec.environment", optional_string_map},
        {"services.*.develop.watch[].exec.privileged", flag},
        {"services.*.develop.watch[].ignore", strings},
        {"services.*.develop.watch[].include", strings},
        {"services.*.develop.watch[].initial_sync", flag},
        {"services.*.device_cgroup_rules", strings},
        {"services.*.devices", list},
        {"services.*.devices[]", device},
        {"services.*.dns", strings},
        {"services.*.dns_opt", strings},
        {"services.*.dns_search", strings},
        {"services.*.domainname", text},
        {"services.*.entrypoint", command},
        {"services.*.env_file", list_of_one},
        {"services.*.env_file[]", env_file},
        {"services.*.environment", optional_string_map},
        {"services.*.expose", strings},
        {"services.*.external_links", strings},
        {"services.*.extra_hosts", hosts},
        {"services.*.gpus", gpus},
        {"services.*.gpus[]", device_request},
        {"services.*.gpus[].capabilities", strings},
        {"services.*.gpus[].count", device_count},
        {"services.*.gpus[].device_ids", strings},
        {"services.*.gpus[].options", string_map},
        {"services.*.group_add", strings},
        {"services.*.healthcheck", structure},
        {"services.*.healthcheck.disable", flag},
        {"services.*.healthcheck.interval", duration},
        {"services.*.healthcheck.retries", count_kept},
        {"services.*.healthcheck.start_interval", duration},
        {"services.*.healthcheck.start_period", duration},
        {"services.*.healthcheck.test", health_test},
        {"services.*.healthcheck.timeout", duration},
        {"services.*.hostname", text},
        {"services.*.image", text},
        {"services.*.init", flag_kept},
        {"services.*.ipc", text},
        {"services.*.isolation", text},
        {"services.*.label_file", strings},
        {"services.*.labels", string_map},
        {"services.*.links", strings},
        {"services.*.logging", structure},
        {"services.*.logging.driver", text},
        {"services.*.logging.options", string_map},
        {"services.*.mac_address", text},
        {"services.*.mem_limit", bytes},
        {"services.*.mem_reservation", bytes},
        {"services.*.mem_swappiness", bytes},
        {"services.*.memswap_limit", bytes},
        {"services.*.models", named_structures},
        {"services.*.network_mode", text},
        {"services.*.networks", named_structures},
        {"services.*.networks.*.aliases", strings},
        {"services.*.networks.*.driver_opts", string_map},
        {"services.*.networks.*.gw_priority", number},
        {"services.*.networks.*.ipv4_address", text},
        {"services.*.networks.*.ipv6_address", text},
        {"services.*.networks.*.link_local_ips", strings},
        {"services.*.networks.*.mac_address", text},
        {"services.*.networks.*.priority", number},
        {"services.*.oom_kill_disable", flag},
        {"services.*.oom_score_adj", count},
        {"services.*.pid", text},
        {"services.*.pids_limit", count},
        {"services.*.platform", text},
        {"services.*.ports", ports},
        {"services.*.ports[]", structure},
        {"services.*.ports[].published", text},
        {"services.*.post_start", list},
        {"services.*.post_start[].command", command},
        {"services.*.post_start[].environment", optional_string_map},
        {"services.*.post_start[].privileged", flag},
        {"services.*.pre_stop", list},
        {"services.*.pre_stop[].command", command},
        {"services.*.pre_stop[].environment", optional_string_map},
        {"services.*.pre_stop[].privileged", flag},
        {"services.*.privileged", flag},
        {"services.*.profiles", strings},
        {"services.*.provider", structure},
        {"services.*.provider.options", map},
        {"services.*.provider.options.*", strings},
        {"services.*.pull_policy", pull_policy},
        {"services.*.pull_refresh_after", text},
        {"services.*.read_only", flag},
        {"services.*.restart", text},
        {"services.*.runtime", text},
        {"services.*.scale", count_kept},
        {"services.*.secrets", list},
        {"services.*.secrets[]", secret_reference},
        {"services.*.secrets[].mode", mode},
        {"services.*.security_opt", strings},
        {"services.*.shm_size", bytes},
        {"services.*.stdin_open", flag},
        {"services.*.stop_grace_period", duration},
        {"services.*.stop_signal", text},
        {"services.*.storage_opt", string_map},
        {"services.*.sysctls", string_map},
        {"services.*.tmpfs", strings},
        {"services.*.tty", flag},
        {"services.*.ulimits", map},
        {"services.*.ulimits.*", ulimit},
        {"services.*.use_api_socket", flag},
        {"services.*.user", text},
        {"services.*.userns_mode", text},
        {"services.*.uts", text},
        {"services.*.volumes", list},
        {"services.*.volumes[]", volume},
        {"services.*.volumes[].bind", structure},
        {"services.*.volumes[].bind.create_host_path", flag_kept},
        {"services.*.volumes[].image", structure},
        {"services.*.volumes[].read_only", flag},
        {"services.*.volumes[].tmpfs", structure},
        {"services.*.volumes[].tmpfs.mode", mode},
        {"services.*.volumes[].tmpfs.size", bytes},
        {"services.*.volumes[].volume", structure},
        {"services.*.volumes[].volume.labels", string_map},
        {"services.*.volumes[].volume.nocopy", flag},
        {"services.*.volumes_from", strings},
        {"services.*.working_dir", text},
        {"networks", map},
        {"networks.*", structure},
        {"networks.*.attachable", flag},
        {"networks.*.driver", text},
        {"networks.*.driver_opts", string_map},
        {"networks.*.enable_ipv4", flag_kept},
        {"networks.*.enable_ipv6", flag},
        {"networks.*.external", external},
        {"networks.*.internal", flag},
        {"networks.*.ipam", structure_or_nothing},
        {"networks.*.ipam.config", list},
        {"networks.*.ipam.config[].aux_addresses", string_map},
        {"networks.*.ipam.driver", text},
        {"networks.*.ipam.options", string_map},
        {"networks.*.labels", string_map},
        {"volumes", map},
        {"volumes.*", structure},
        {"volumes.*.driver", text},
        {"volumes.*.driver_opts", string_map},
        {"volumes.*.external", external},
        {"volumes.*.labels", string_map},
        {"secrets", map},
        {"secrets.*", structure},
        {"secrets.*.driver_opts", string_map},
        {"secrets.*.external", external},
        {"secrets.*.labels", string_map},
        {"configs", map},
        {"configs.*", structure},
        {"configs.*.external", external},
        {"configs.*.labels", string_map},
        {"models", map},
        {"models.*", structure},
        {"models.*.context_size", count},
        {"models.*.runtime_flags", strings},
    };
    return table;
}

class Canonicalizer {
public:
    explicit Canonicalizer(Findings& findings) : findings_{findings} {}

    // Short forms become long first, so that the rules of the long form's members follow.
    bool walk(Node& node, const PathTable<Rule>::Step* step, const Path& path) {
        const bool keep = !step->rule || (*step->rule)(node, path, findings_);
        if (!keep) {
            return false;
        }
        if (node.is_mapping()) {
            members(node, step, path);
        } else if (node.is_sequence() && step->entry) {
            std::size_t i = 0;
            for (Node& item : node.items()) {
                walk(item, step->entry.get(), path / i++);
            }
        }
        return true;
    }

private:
    void members(Node& node, const PathTable<Rule>::Step* step, const Path& path) {
        bool removed = false;
        auto& all = node.members();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto* next = step->key(all[i].key);
            if (next != nullptr && !walk(all[i].value, next, path / all[i].key)) {
                all[i].value.tag = MergeTag::reset;
                removed = true;
            }
        }
        if (removed) {
            std::erase_if(all, [](const Member& member) { return member.value.tag == MergeTag::reset; });
            node.members_changed();
        }
    }

    Findings& findings_;
};

}  // namespace

void make_canonical(Node& document, Findings& findings) {
    Canonicalizer{findings}.walk(document, rules().root(), Path{});
}

}  // namespace stack::compose
