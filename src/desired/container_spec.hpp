#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/error.hpp"

namespace stack::desired {

using Strings = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;

/// One published port of a container. `host_port` 0: any free one from 32768 up.
struct PortPublish {
    std::string host_ip;  ///< empty: all addresses, IPv4 and IPv6
    std::uint16_t host_port{0};
    std::uint16_t host_port_last{0};  ///< of "8000-8010:80": any free one from host_port to this; 0: host_port alone
    std::uint16_t container_port{0};
    std::string protocol{"tcp"};  ///< tcp, udp, sctp
    SourcePos pos;                ///< for messages; not part of the hash
};

struct Mount {
    enum class Type { volume, bind, tmpfs, image };
    Type type{Type::volume};
    std::string
        source;  ///< volume: full name, empty for anonymous; bind: absolute host path; image: reference; tmpfs: empty
    std::string target;  ///< absolute path in the container
    bool read_only{false};
    bool nocopy{false};            ///< volume: no copy-up of the image's content
    std::string subpath;           ///< below the volume or image
    bool create_host_path{false};  ///< bind: make a missing source as a folder
    std::string propagation;       ///< bind: "" = rprivate, else mount(8) names
    std::string recursive;         ///< bind: "", enabled, disabled, writable, readonly
    std::string selinux;           ///< bind: z or Z; accepted, without effect where SELinux is off
    std::int64_t tmpfs_size{0};    ///< bytes; 0 = kernel's default
    std::optional<std::uint32_t> tmpfs_mode;
    Strings tmpfs_options;  ///< further words of `tmpfs: /run:…`
    std::string idmap;      ///< "owner": x-idmap
    StringMap labels;       ///< volume: labels of an anonymous one
    SourcePos pos;
};

/// A file that is laid into the container: secret or config.
struct FileMount {
    std::string target;     ///< absolute path in the container
    std::string content;    ///< the bytes; used when host_path is empty
    std::string host_path;  ///< read when the container is started
    std::string
        digest;  ///< sha256 of what host_path held when the state was made, so that a change is seen in the hash
    std::string uid, gid;  ///< number or name, empty = 0
    std::uint32_t mode{0444};
    bool secret{false};  ///< kept on tmpfs, left out of inspect
    std::string name;
};

struct Healthcheck {
    Strings test;  ///< NONE | CMD … | CMD-SHELL …
    std::chrono::nanoseconds interval{std::chrono::seconds{30}};
    std::chrono::nanoseconds timeout{std::chrono::seconds{30}};
    std::chrono::nanoseconds start_period{0};
    std::chrono::nanoseconds start_interval{std::chrono::seconds{5}};
    int retries{3};
    bool disabled{false};
    // Which of the above were written; the others come from the image's HEALTHCHECK.
    bool has_test{false}, has_interval{false}, has_timeout{false}, has_start_period{false}, has_start_interval{false},
        has_retries{false};
};

struct RestartPolicy {
    enum class Condition { no, always, on_failure, unless_stopped };
    Condition condition{Condition::no};
    int max_attempts{0};                ///< on_failure: 0 = for ever
    std::chrono::nanoseconds delay{0};  ///< deploy.restart_policy.delay; 0 = the engine's backoff
    std::chrono::nanoseconds window{0};
};

struct Ulimit {
    std::string name;               ///< "nofile"
    std::int64_t soft{0}, hard{0};  ///< -1 = unlimited
};

struct Device {
    std::string host_path, container_path, permissions{"rwm"};
};

struct DeviceRequest {
    std::string driver;
    int count{0};  ///< -1 = all
    Strings ids, capabilities;
    StringMap options;
};

struct ThrottleDevice {
    std::string path;
    std::uint64_t rate{0};  ///< bytes or operations per second; weight for weight_device
};

struct BlkioSpec {
    std::uint16_t weight{0};
    std::vector<ThrottleDevice> weight_device, read_bps, write_bps, read_iops, write_iops;
};

/// 0 or unset means: no limit, the kernel's default.
struct Resources {
    std::int64_t memory{0}, memory_reservation{0};
    std::int64_t memory_swap{0};  ///< memory + swap; -1 = unlimited swap
    std::optional<int> swappiness;
    std::int64_t nano_cpus{0};
    std::int64_t cpu_shares{0}, cpu_period_us{0}, cpu_quota_us{0}, cpu_rt_period_us{0}, cpu_rt_runtime_us{0};
    std::string cpuset_cpus, cpuset_mems;
    std::int64_t pids_limit{0};
    bool oom_kill_disable{false};
    std::optional<int> oom_score_adj;
    BlkioSpec blkio;
};

/// How a container takes part in one network.
struct EndpointSpec {
    std::string network;  ///< full name of the network
    Strings aliases, link_local_ips;
    std::string ipv4_address, ipv6_address, mac_address, interface_name;
    int priority{0}, gw_priority{0};
    StringMap driver_opts;
};

struct Link {
    std::string container;  ///< service or container name
    std::string alias;
    bool variables{false};  ///< as Docker's first links: also a line in /etc/hosts and DB_PORT_5432_TCP_ADDR …
};

struct LoggingSpec {
    std::string driver;  ///< empty: the engine's own ("local")
    StringMap options;
};

struct Hook {
    Strings command;
    std::string user, working_dir;
    bool privileged{false};
    Strings environment;
};

/// How one container runs: what a compose service or `docker run` says about it, whole. What is not said (nullopt,
/// empty) comes from the image's config, then from the engine's defaults.
struct ContainerSpec {
    std::string image;     ///< reference as written
    std::string image_id;  ///< "sha256:…" of the config; filled in before it is sent to the engine
    std::string platform;

    std::optional<Strings> command, entrypoint;  ///< an empty list clears the image's
    Strings environment;                         ///< "A=b"; "A" alone was resolved or dropped before
    std::string user, working_dir, hostname, domainname;
    Strings group_add;
    bool tty{false}, stdin_open{false}, stdin_once{false}, init{false}, privileged{false}, read_only{false};
    bool attach{true};  ///< whether `up` without -d shows its output

    Strings cap_add, cap_drop, security_opt;
    StringMap sysctls, labels, annotations;
    std::vector<Ulimit> ulimits;
    std::vector<Device> devices;
    Strings device_cgroup_rules;
    std::vector<DeviceRequest> device_requests;
    Resources resources;
    std::int64_t shm_size{0};  ///< 0 = 64 MiB
    StringMap storage_opt;
    std::string runtime, isolation;

    /// "", "host", "private", "shareable", "none", "container:<name or id>", "service:<name>" where the namespace knows
    /// it.
    std::string ipc, pid, uts, userns, cgroup, cgroup_parent;
    /// "" = `endpoints`; "none", "host", "container:<name>", "service:<name>"
    std::string network_mode;
    std::vector<EndpointSpec> endpoints;
    std::vector<PortPublish> ports;
    bool publish_all{false};
    Strings expose;  ///< "80/tcp"
    Strings dns, dns_search, dns_opt;
    Strings extra_hosts;  ///< "name:address", address may be host-gateway
    std::vector<Link> links;
    Strings external_links;
    std::string mac_address;

    std::vector<Mount> mounts;
    Strings volumes_from;  ///< "service[:ro]" or "container:name[:ro]"
    std::vector<FileMount> files;

    std::optional<Healthcheck> healthcheck;
    RestartPolicy restart;
    std::string stop_signal;                                    ///< empty: the image's, then SIGTERM
    std::optional<std::chrono::nanoseconds> stop_grace_period;  ///< unset: 10 s
    LoggingSpec logging;
    std::vector<Hook> post_start, pre_stop;
    bool auto_remove{false};
};

}  // namespace stack::desired
