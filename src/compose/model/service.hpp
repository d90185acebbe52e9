#pragma once

#include "compose/model/build.hpp"
#include "compose/model/common.hpp"
#include "compose/model/deploy.hpp"

namespace stack::compose {

enum class DependencyCondition : std::uint8_t { started, healthy, completed_successfully };

struct Dependency {
    Mark mark;
    DependencyCondition condition{DependencyCondition::started};
    bool restart{false};
    bool required{true};
    /// The key that asks for it: depends_on, or links, volumes_from or a `service:` namespace that implies it.
    std::string cause{"depends_on"};
};

struct Healthcheck {
    Mark mark;
    StringList test;  // {"CMD", …}, {"CMD-SHELL", "…"}, {"NONE"}; empty: the image's
    std::optional<Duration> interval;
    std::optional<Duration> timeout;
    std::optional<Duration> start_period;
    std::optional<Duration> start_interval;
    std::optional<std::uint64_t> retries;
    bool disable{false};
};

struct Port {
    Mark mark;
    std::string name;
    std::string mode;  // ingress, host
    std::string host_ip;
    std::uint16_t target{0};
    std::string published;  // "", "8080" or a range "8000-8010"
    std::string protocol;   // tcp, udp, sctp
    std::string app_protocol;
};

struct Mount {
    Mark mark;
    std::string type;  // bind, volume, tmpfs, cluster, npipe, image
    std::string source;
    std::string target;
    bool read_only{false};
    std::string consistency;
    std::string idmap;  // x-idmap, an extension of ours: "owner"

    struct Bind {
        std::string propagation;
        bool create_host_path{true};
        std::string recursive;
        std::string selinux;
    };
    struct Volume {
        StringMap labels;
        bool nocopy{false};
        std::string subpath;
    };
    struct Tmpfs {
        std::optional<std::int64_t> size;  // bytes
        std::optional<std::uint32_t> mode;
    };
    struct Image {
        std::string subpath;
    };
    std::optional<Bind> bind;
    std::optional<Volume> volume;
    std::optional<Tmpfs> tmpfs;
    std::optional<Image> image;
};

/// How a service joins one network.
struct NetworkAttachment {
    Mark mark;
    StringList aliases;
    std::string interface_name;
    std::string ipv4_address;
    std::string ipv6_address;
    StringList link_local_ips;
    std::string mac_address;
    StringMap driver_opts;
    double priority{0};
    double gw_priority{0};
};

struct EnvFile {
    Mark mark;
    std::string path;  // absolute
    bool required{true};
    std::string format;  // "" or "raw"
};

struct DeviceMapping {
    Mark mark;
    std::string source;  // a path, or a CDI name vendor/class=name
    std::string target;
    std::string permissions;
};

struct ServiceHook {
    Mark mark;
    StringList command;
    std::string user;
    bool privileged{false};
    std::string working_dir;
    OptionalStringMap environment;
};

struct WatchTrigger {
    Mark mark;
    std::string path;  // absolute
    std::string action;
    std::string target;
    StringList ignore;
    StringList include;
    std::optional<ServiceHook> exec;
    bool initial_sync{false};
};

struct BlkioLimit {
    std::string path;
    std::int64_t rate{0};  // bytes or operations a second
};
struct BlkioWeight {
    std::string path;
    std::uint16_t weight{0};
};
struct BlkioConfig {
    Mark mark;
    std::uint16_t weight{0};
    std::vector<BlkioWeight> weight_device;
    std::vector<BlkioLimit> device_read_bps;
    std::vector<BlkioLimit> device_read_iops;
    std::vector<BlkioLimit> device_write_bps;
    std::vector<BlkioLimit> device_write_iops;
};

struct CredentialSpec {
    Mark mark;
    std::string config;
    std::string file;
    std::string registry;
};

struct Logging {
    Mark mark;
    std::string driver;
    StringMap options;
};

struct Provider {
    Mark mark;
    std::string type;
    std::map<std::string, StringList> options;
};

struct ModelReference {
    Mark mark;
    std::string endpoint_var;
    std::string model_var;
};

/// A service (compose-spec 05-services), everything in long form, defaults that do not depend on an image filled in.
/// Members stand in the order of the alphabet, as the specification lists them.
struct Service {
    std::string name;
    Mark mark;
    /// Where each key of the service was written, by its name: for messages of later phases and of the engine.
    std::map<std::string, Mark, std::less<>> key_marks;

    StringMap annotations;
    bool attach{true};
    std::optional<BlkioConfig> blkio_config;
    std::optional<Build> build;
    StringList cap_add;
    StringList cap_drop;
    std::string cgroup;
    std::string cgroup_parent;
    std::optional<StringList> command;  // absent: the image's; empty: none
    std::vector<FileReference> configs;
    std::string container_name;
    std::int64_t cpu_count{0};
    double cpu_percent{0};
    std::int64_t cpu_period{0};  // microseconds
    std::int64_t cpu_quota{0};   // microseconds
    std::int64_t cpu_rt_period{0};
    std::int64_t cpu_rt_runtime{0};
    std::int64_t cpu_shares{0};
    double cpus{0};
    std::string cpuset;
    std::optional<CredentialSpec> credential_spec;
    std::map<std::string, Dependency> depends_on;
    std::optional<Deploy> deploy;
    std::vector<WatchTrigger> develop_watch;
    StringList device_cgroup_rules;
    std::vector<DeviceMapping> devices;
    StringList dns;
    StringList dns_opt;
    StringList dns_search;
    std::string domainname;
    std::optional<StringList> entrypoint;
    std::vector<EnvFile> env_file;
    /// env_file and the shell already worked in, unless the load was told not to.
    OptionalStringMap environment;
    StringList expose;
    StringList external_links;
    std::map<std::string, StringList> extra_hosts;
    std::vector<DeviceRequest> gpus;
    StringList group_add;
    std::optional<Healthcheck> healthcheck;
    std::string hostname;
    std::string image;
    std::optional<bool> init;
    std::string ipc;
    std::string isolation;
    StringList label_file;
    StringMap labels;  // label_file worked in
    StringList links;
    bool link_variables{false};  // x-link-variables: links as Docker's first ones
    std::optional<Logging> logging;
    std::string mac_address;
    std::int64_t mem_limit{0};  // bytes
    std::int64_t mem_reservation{0};
    std::optional<std::int64_t> mem_swappiness;
    std::int64_t memswap_limit{0};
    std::map<std::string, ModelReference> models;
    std::string network_mode;
    std::map<std::string, NetworkAttachment> networks;
    std::optional<bool> oom_kill_disable;
    std::int64_t oom_score_adj{0};
    std::string pid;
    std::int64_t pids_limit{0};
    std::string platform;
    std::vector<Port> ports;
    std::vector<ServiceHook> post_start;
    std::vector<ServiceHook> pre_stop;
    bool privileged{false};
    StringList profiles;
    std::optional<Provider> provider;
    std::string pull_policy;
    std::string pull_refresh_after;
    bool read_only{false};
    std::string restart;
    std::string runtime;
    std::optional<std::int64_t> scale;
    std::vector<FileReference> secrets;
    StringList security_opt;
    std::optional<std::int64_t> shm_size;  // bytes
    bool stdin_open{false};
    std::optional<Duration> stop_grace_period;
    std::string stop_signal;
    StringMap storage_opt;
    StringMap sysctls;
    StringList tmpfs;
    bool tty{false};
    std::map<std::string, Ulimit> ulimits;
    bool use_api_socket{false};
    std::string user;
    std::string userns_mode;
    std::string uts;
    std::vector<Mount> volumes;
    StringList volumes_from;
    std::string working_dir;

    /// How many containers: scale, deploy.replicas, 1.
    std::int64_t replicas() const;
};

}  // namespace stack::compose
