#include "desired/json.hpp"

#include <nlohmann/json.hpp>

#include "support/error.hpp"

// One description of the members per type serves both directions: `visit(fields, value)` names each member once, and
// Writer or Reader does the work.
namespace stack::desired {
namespace {

using Json = nlohmann::json;

template <class T>
Json encode(const T& value);
template <class T>
void decode(const Json& json, T& value);

class Writer {
public:
    template <class T>
    void field(const char* name, const T& value) {
        static const T unset{};
        Json encoded = encode(value);
        if (encoded != encode(unset)) {
            json[name] = std::move(encoded);
        }
    }
    Json json = Json::object();
};

class Reader {
public:
    explicit Reader(const Json& source) : json{source} {}
    template <class T>
    void field(const char* name, T& value) {
        if (const auto member = json.find(name); member != json.end()) {
            decode(*member, value);
        }
    }
    const Json& json;
};

#define FIELD(member) fields.field(#member, value.member)

template <class F, class V>
requires std::same_as<std::remove_const_t<V>, SourcePos>
void visit(F& fields, V& value) {
    FIELD(file);
    FIELD(line);
    FIELD(column);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, PortPublish>
void visit(F& fields, V& value) {
    FIELD(host_ip);
    FIELD(host_port);
    FIELD(host_port_last);
    FIELD(container_port);
    FIELD(protocol);
    FIELD(pos);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Mount>
void visit(F& fields, V& value) {
    FIELD(type);
    FIELD(source);
    FIELD(target);
    FIELD(read_only);
    FIELD(nocopy);
    FIELD(subpath);
    FIELD(create_host_path);
    FIELD(propagation);
    FIELD(recursive);
    FIELD(selinux);
    FIELD(tmpfs_size);
    FIELD(tmpfs_mode);
    FIELD(tmpfs_options);
    FIELD(idmap);
    FIELD(labels);
    FIELD(pos);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, FileMount>
void visit(F& fields, V& value) {
    FIELD(target);
    FIELD(content);
    FIELD(host_path);
    FIELD(uid);
    FIELD(gid);
    FIELD(mode);
    FIELD(secret);
    FIELD(digest);
    FIELD(name);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Healthcheck>
void visit(F& fields, V& value) {
    FIELD(test);
    FIELD(interval);
    FIELD(timeout);
    FIELD(start_period);
    FIELD(start_interval);
    FIELD(retries);
    FIELD(disabled);
    FIELD(has_test);
    FIELD(has_interval);
    FIELD(has_timeout);
    FIELD(has_start_period);
    FIELD(has_start_interval);
    FIELD(has_retries);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, RestartPolicy>
void visit(F& fields, V& value) {
    FIELD(condition);
    FIELD(max_attempts);
    FIELD(delay);
    FIELD(window);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Ulimit>
void visit(F& fields, V& value) {
    FIELD(name);
    FIELD(soft);
    FIELD(hard);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Device>
void visit(F& fields, V& value) {
    FIELD(host_path);
    FIELD(container_path);
    FIELD(permissions);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, DeviceRequest>
void visit(F& fields, V& value) {
    FIELD(driver);
    FIELD(count);
    FIELD(ids);
    FIELD(capabilities);
    FIELD(options);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, ThrottleDevice>
void visit(F& fields, V& value) {
    FIELD(path);
    FIELD(rate);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, BlkioSpec>
void visit(F& fields, V& value) {
    FIELD(weight);
    FIELD(weight_device);
    FIELD(read_bps);
    FIELD(write_bps);
    FIELD(read_iops);
    FIELD(write_iops);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Resources>
void visit(F& fields, V& value) {
    FIELD(memory);
    FIELD(memory_reservation);
    FIELD(memory_swap);
    FIELD(swappiness);
    FIELD(nano_cpus);
    FIELD(cpu_shares);
    FIELD(cpu_period_us);
    FIELD(cpu_quota_us);
    FIELD(cpu_rt_period_us);
    FIELD(cpu_rt_runtime_us);
    FIELD(cpuset_cpus);
    FIELD(cpuset_mems);
    FIELD(pids_limit);
    FIELD(oom_kill_disable);
    FIELD(oom_score_adj);
    FIELD(blkio);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, EndpointSpec>
void visit(F& fields, V& value) {
    FIELD(network);
    FIELD(aliases);
    FIELD(link_local_ips);
    FIELD(ipv4_address);
    FIELD(ipv6_address);
    FIELD(mac_address);
    FIELD(interface_name);
    FIELD(priority);
    FIELD(gw_priority);
    FIELD(driver_opts);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Link>
void visit(F& fields, V& value) {
    FIELD(container);
    FIELD(alias);
    FIELD(variables);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, LoggingSpec>
void visit(F& fields, V& value) {
    FIELD(driver);
    FIELD(options);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Hook>
void visit(F& fields, V& value) {
    FIELD(command);
    FIELD(user);
    FIELD(working_dir);
    FIELD(privileged);
    FIELD(environment);
}
template <class F, class V>
void visit_process(F& fields, V& value) {
    FIELD(image);
    FIELD(image_id);
    FIELD(platform);
    FIELD(command);
    FIELD(entrypoint);
    FIELD(environment);
    FIELD(user);
    FIELD(working_dir);
    FIELD(hostname);
    FIELD(domainname);
    FIELD(group_add);
    FIELD(tty);
    FIELD(stdin_open);
    FIELD(stdin_once);
    FIELD(init);
    FIELD(privileged);
    FIELD(read_only);
    FIELD(attach);
    FIELD(cap_add);
    FIELD(cap_drop);
    FIELD(security_opt);
    FIELD(sysctls);
    FIELD(labels);
    FIELD(annotations);
    FIELD(ulimits);
    FIELD(devices);
    FIELD(device_cgroup_rules);
    FIELD(device_requests);
    FIELD(resources);
    FIELD(shm_size);
    FIELD(storage_opt);
    FIELD(runtime);
    FIELD(isolation);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, ContainerSpec>
void visit(F& fields, V& value) {
    visit_process(fields, value);
    FIELD(ipc);
    FIELD(pid);
    FIELD(uts);
    FIELD(userns);
    FIELD(cgroup);
    FIELD(cgroup_parent);
    FIELD(network_mode);
    FIELD(endpoints);
    FIELD(ports);
    FIELD(publish_all);
    FIELD(expose);
    FIELD(dns);
    FIELD(dns_search);
    FIELD(dns_opt);
    FIELD(extra_hosts);
    FIELD(links);
    FIELD(external_links);
    FIELD(mac_address);
    FIELD(mounts);
    FIELD(volumes_from);
    FIELD(files);
    FIELD(healthcheck);
    FIELD(restart);
    FIELD(stop_signal);
    FIELD(stop_grace_period);
    FIELD(logging);
    FIELD(post_start);
    FIELD(pre_stop);
    FIELD(auto_remove);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, IpamPool>
void visit(F& fields, V& value) {
    FIELD(subnet);
    FIELD(gateway);
    FIELD(ip_range);
    FIELD(aux_addresses);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, NetworkSpec>
void visit(F& fields, V& value) {
    FIELD(key);
    FIELD(name);
    FIELD(driver);
    FIELD(driver_opts);
    FIELD(labels);
    FIELD(ipam);
    FIELD(ipam_driver);
    FIELD(internal);
    FIELD(attachable);
    FIELD(external);
    FIELD(enable_ipv4);
    FIELD(enable_ipv6);
    FIELD(pos);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, VolumeSpec>
void visit(F& fields, V& value) {
    FIELD(key);
    FIELD(name);
    FIELD(driver);
    FIELD(driver_opts);
    FIELD(labels);
    FIELD(external);
    FIELD(pos);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, Dependency>
void visit(F& fields, V& value) {
    FIELD(service);
    FIELD(condition);
    FIELD(required);
    FIELD(restart);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, ServiceSpec>
void visit(F& fields, V& value) {
    FIELD(name);
    FIELD(container);
    FIELD(container_name);
    FIELD(scale);
    FIELD(depends_on);
    FIELD(config_hash);
    FIELD(pos);
}
template <class F, class V>
requires std::same_as<std::remove_const_t<V>, DesiredState>
void visit(F& fields, V& value) {
    FIELD(project);
    FIELD(working_dir);
    FIELD(config_files);
    FIELD(services);
    FIELD(networks);
    FIELD(volumes);
    FIELD(inactive_services);
}
#undef FIELD

template <class T>
constexpr bool is_plain = std::is_same_v<T, std::string> || std::is_same_v<T, bool> || std::is_same_v<T, StringMap>;
template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;
template <class T>
constexpr bool is_vector = false;
template <class T>
constexpr bool is_vector<std::vector<T>> = true;

template <class T>
Json encode(const T& value) {
    if constexpr (is_plain<T> || std::is_integral_v<T>) {
        return value;
    } else if constexpr (std::is_enum_v<T>) {
        return static_cast<int>(value);
    } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
        return value.count();
    } else if constexpr (is_optional<T>) {
        return value ? encode(*value) : Json{};
    } else if constexpr (is_vector<T>) {
        Json list = Json::array();
        for (const auto& item : value) {
            list.push_back(encode(item));
        }
        return list;
    } else {
        Writer writer;
        visit(writer, value);
        return std::move(writer.json);
    }
}

template <class T>
void decode(const Json& json, T& value) {
    if constexpr (is_plain<T> || std::is_integral_v<T>) {
        json.get_to(value);
    } else if constexpr (std::is_enum_v<T>) {
        value = static_cast<T>(json.get<int>());
    } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
        value = std::chrono::nanoseconds{json.get<std::int64_t>()};
    } else if constexpr (is_optional<T>) {
        if (!json.is_null()) {
            decode(json, value.emplace());
        }
    } else if constexpr (is_vector<T>) {
        if (!json.is_array()) {
            throw Error(Errc::invalid_input, "a list was expected, found " + std::string{json.type_name()});
        }
        for (const auto& item : json) {
            decode(item, value.emplace_back());
        }
    } else {
        if (!json.is_object()) {
            throw Error(Errc::invalid_input, "an object was expected, found " + std::string{json.type_name()});
        }
        Reader reader{json};
        visit(reader, value);
    }
}

template <class T>
T from_json_text(std::string_view text, const char* what) {
    try {
        T value;
        decode(Json::parse(text), value);
        return value;
    } catch (const std::exception& error) {
        throw Error(Errc::invalid_input, std::string{"the "} + what + " is not valid: " + error.what());
    }
}

}  // namespace

// Texts come from YAML and command lines; a byte that is not UTF-8 there is replaced rather than refused. Binary
// secrets travel by FileMount::host_path.
std::string to_json(const DesiredState& state) {
    return encode(state).dump(-1, ' ', false, Json::error_handler_t::replace);
}
std::string to_json(const ContainerSpec& spec) {
    return encode(spec).dump(-1, ' ', false, Json::error_handler_t::replace);
}

DesiredState desired_state_from_json(std::string_view text) {
    return from_json_text<DesiredState>(text, "desired state");
}
ContainerSpec container_spec_from_json(std::string_view text) {
    return from_json_text<ContainerSpec>(text, "container spec");
}

}  // namespace stack::desired
