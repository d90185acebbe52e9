#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stack::engine {

/// Docker's words for where a container is in its life (`docker ps --filter status=`).
enum class ContainerStatus { created, running, paused, restarting, exited, dead, removing };
std::string_view to_string(ContainerStatus status);
std::optional<ContainerStatus> parse_container_status(std::string_view word);

enum class HealthStatus { none, starting, healthy, unhealthy };
std::string_view to_string(HealthStatus status);
std::optional<HealthStatus> parse_health_status(std::string_view word);

/// One run of a healthcheck. `exit_code` -1: it could not be run or was cut off by its timeout.
struct HealthProbe {
    std::int64_t start_ns{0}, end_ns{0};
    int exit_code{0};
    std::string output;  ///< its first 4096 bytes
};

struct Health {
    HealthStatus status{HealthStatus::none};
    int failing_streak{0};
    std::vector<HealthProbe> log;  ///< the last five, oldest first
};

/// A port as it was really published.
struct PublishedPort {
    std::string host_ip;         ///< empty: all addresses
    std::uint16_t host_port{0};  ///< 0: exposed, not published
    std::uint16_t container_port{0};
    std::string protocol{"tcp"};
};

/// The container's place in one network, as it was set up.
struct EndpointRow {
    std::string network, network_id;
    std::string ipv4;  ///< "172.18.0.2"
    int ipv4_prefix{0};
    std::string ipv4_gateway;
    std::string ipv6;
    int ipv6_prefix{0};
    std::string ipv6_gateway;
    std::string mac, interface_name;
    std::vector<std::string> aliases;    ///< as asked for by the user
    std::vector<std::string> dns_names;  ///< every name the network's DNS answers for it
};

struct MountRow {
    std::string type;         ///< "volume", "bind", "tmpfs", "image"
    std::string name;         ///< volume: full name
    std::string source;       ///< host path
    std::string destination;  ///< absolute path in the container
    std::string propagation;
    bool read_write{true};
    bool anonymous{false};  ///< volume made for this container alone; goes with `rm -v`
};

/// A stop that was begun: the next worker finishes it, should this one die before the container did.
struct StopUnderWay {
    enum class Stage : std::uint8_t { none, asked, signalled };
    Stage stage{Stage::none};
    std::int64_t kill_ns{0};  ///< when its patience ends; once signalled, else 0
};

/// One container as the state database knows it. Times are nanoseconds since the epoch, 0 = never.
struct ContainerRow {
    std::string id;       ///< 64 lower-case hex digits
    std::string name;     ///< unique in this root
    std::string project;  ///< empty: made by `docker run`
    std::string service;  ///< empty outside a project
    int replica{0};       ///< from 1; 0 outside a project
    bool one_off{false};  ///< `compose run`

    std::string image;     ///< reference as written
    std::string image_id;  ///< "sha256:…"
    std::string config_hash;
    std::string spec_json;                      ///< desired::container_spec_from_json reads it
    std::map<std::string, std::string> labels;  ///< the image's, the user's and com.docker.compose.*

    ContainerStatus status{ContainerStatus::created};
    std::int64_t pid{0};           ///< on the host; 0 unless running or paused
    std::uint64_t start_ticks{0};  ///< support/kernel process_start_ticks(pid): tells a reused pid
    std::optional<int> exit_code;  ///< of the last run that ended; nullopt after an end that nobody could see
    bool oom_killed{false};
    std::string error;  ///< why the last start failed, or why the exit code is unknown
    std::int64_t created_ns{0}, started_ns{0}, finished_ns{0};
    int restart_count{0};
    bool stopped_by_user{false};  ///< `unless-stopped` honours it
    StopUnderWay stop;
    Health health;

    std::vector<EndpointRow> endpoints;
    std::vector<PublishedPort> ports;
    std::vector<MountRow> mounts;
    std::string command;  ///< entrypoint and command in one line, for `ps`
    std::string log_driver;

    /// The row says running, but the process is gone and nobody has recorded its end (yet). Not stored.
    bool vanished{false};

    /// What Docker shows: 0 while it runs.
    int shown_exit_code() const {
        const bool runs = status == ContainerStatus::running || status == ContainerStatus::paused;
        return runs ? 0 : exit_code.value_or(0);
    }

    bool is_up() const {
        return !vanished && (status == ContainerStatus::running || status == ContainerStatus::paused ||
                             status == ContainerStatus::restarting);
    }
};

}  // namespace stack::engine
