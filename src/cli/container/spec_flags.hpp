#pragma once

#include <string>

#include "cli/context.hpp"
#include "cli/flags.hpp"
#include "desired/container_spec.hpp"

/// The flags of `docker run` and `docker create` (spec_flags.txt) as a desired::ContainerSpec. Each file takes one
/// subject. All throw UsageError, or Error with the CLI's words, for values that mean nothing.
namespace stack::cli {

/// IMAGE [COMMAND] [ARG...] and all flags. The image's id is not filled in.
desired::ContainerSpec spec_from_flags(const Flags& flags);

void take_mount_flags(const Flags& flags, desired::ContainerSpec& spec);
void take_network_flags(const Flags& flags, desired::ContainerSpec& spec);
void take_resource_flags(const Flags& flags, desired::ContainerSpec& spec);
void take_health_flags(const Flags& flags, desired::ContainerSpec& spec);
void take_security_flags(const Flags& flags, desired::ContainerSpec& spec);
void take_device_flags(const Flags& flags, desired::ContainerSpec& spec);

// Values that several of them, and other commands, read.
desired::RestartPolicy parse_restart_policy(const std::string& text);
/// "[NAME or /host/path:]/path[:options]"
desired::Mount parse_volume(const std::string& text);
/// "[IP:][HOST:]CONTAINER[/PROTOCOL]", ranges as well.
void add_published_port(const std::string& text, desired::ContainerSpec& spec);
/// "all", "2", "device=0", "\"device=0,1\",driver=nvidia,capabilities=compute" as Docker's --gpus.
desired::DeviceRequest parse_gpus(const std::string& text);
/// "/dev/sda:10mb" of each time that the flag is given.
enum class Rate { bytes, operations, weight };
std::vector<desired::ThrottleDevice> throttle_flag(const Flags& flags, const std::string& name, Rate rate);
std::int64_t size_flag(const Flags& flags, const std::string& name);
std::chrono::nanoseconds duration_flag(const Flags& flags, const std::string& name);
/// "K=V" texts; "K" alone has an empty value.
desired::StringMap map_of(const std::vector<std::string>& words);

}  // namespace stack::cli
