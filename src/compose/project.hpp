#pragma once

#include <filesystem>

#include "compose/model/service.hpp"

namespace stack::compose {

struct IpamPool {
    Mark mark;
    std::string subnet;
    std::string ip_range;
    std::string gateway;
    StringMap aux_addresses;
};

struct Network {
    Mark mark;
    std::string name;  // the engine's name: "project_key", or `name:`
    std::string driver;
    StringMap driver_opts;
    std::string ipam_driver;
    std::vector<IpamPool> ipam_config;
    StringMap ipam_options;
    bool external{false};
    bool internal{false};
    bool attachable{false};
    std::optional<bool> enable_ipv4;
    std::optional<bool> enable_ipv6;
    StringMap labels;
};

struct Volume {
    Mark mark;
    std::string name;
    std::string driver;
    StringMap driver_opts;
    bool external{false};
    StringMap labels;
};

struct AiModel {
    Mark mark;
    std::string name;
    std::string model;
    std::optional<std::int64_t> context_size;
    StringList runtime_flags;
};

/// A Compose project as the files say it (compose-spec 03-compose-file), in typed, long form.
/// Made by load_project(); a plain value that knows nothing of files or engines.
struct Project {
    std::string name;
    std::filesystem::path directory;           // absolute: relative paths of the files were relative to this
    std::vector<std::filesystem::path> files;  // absolute; stdin is "-"
    StringList profiles;                       // the active ones
    std::map<std::string, Service> services;   // those whose profiles are active
    std::map<std::string, Service> disabled_services;
    std::map<std::string, Network> networks;  // used ones
    std::map<std::string, Volume> volumes;
    std::map<std::string, FileSource> secrets;
    std::map<std::string, FileSource> configs;
    std::map<std::string, AiModel> models;
};

}  // namespace stack::compose
