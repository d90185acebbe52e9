#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"

namespace stack::desired {

struct IpamPool {
    std::string subnet, gateway, ip_range;  ///< CIDR, address, CIDR
    StringMap aux_addresses;
};

struct NetworkSpec {
    std::string key;   ///< name in the compose file: "default", "back"
    std::string name;  ///< full name: "blog_default"
    std::string driver{"bridge"};
    StringMap driver_opts, labels;
    std::vector<IpamPool> ipam;
    std::string ipam_driver;
    bool internal{false}, attachable{false}, external{false};
    bool enable_ipv4{true}, enable_ipv6{false};
    SourcePos pos;
};

struct VolumeSpec {
    std::string key;
    std::string name;  ///< full name: "blog_db_data"
    std::string driver{"local"};
    StringMap driver_opts, labels;
    bool external{false};
    SourcePos pos;
};

struct Dependency {
    enum class Condition { started, healthy, completed_successfully };
    std::string service;
    Condition condition{Condition::started};
    bool required{true};  ///< false: a missing or failing one is a warning
    bool restart{false};  ///< restart this service when the dependency was restarted by an operation
};

struct ServiceSpec {
    std::string name;
    ContainerSpec container;
    std::string container_name;  ///< empty: "<project>-<service>-<replica>"
    int scale{1};
    std::vector<Dependency> depends_on;  ///< explicit and implicit edges
    /// Changes exactly when its containers must be replaced; see hash.hpp.
    std::string config_hash;
    SourcePos pos;
};

/// What one project shall look like. `compose/` makes it, `engine/` makes it true.
struct DesiredState {
    std::string project;  ///< empty: the containers without a project
    std::string working_dir;
    Strings config_files;
    std::vector<ServiceSpec> services;
    std::vector<NetworkSpec> networks;
    std::vector<VolumeSpec> volumes;
    /// Names of services the files know but that are not active (profiles): not orphans.
    Strings inactive_services;
};

}  // namespace stack::desired
