// Devices: --device with paths and CDI names, --gpus, and limits of block devices.
#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

/// "vendor.com/class=device" (Container Device Interface); a path starts with its slash.
bool is_cdi_name(const std::string& text) {
    const size_t slash = text.find('/');
    return slash != 0 && slash != std::string::npos && text.find('=', slash) != std::string::npos;
}

/// "/dev/sda:/dev/xvda:rwm", "/dev/sda:rw".
desired::Device parse_device(const std::string& text) {
    const std::vector<std::string_view> parts = split(text, ':');
    desired::Device device{.host_path = std::string{parts[0]}, .container_path = std::string{parts[0]}};
    if (parts.size() > 3 || parts[0].empty()) {
        throw UsageError{fmt::format("invalid device '{}'", text)};
    }
    if (parts.size() == 2 && !parts[1].starts_with('/')) {
        device.permissions = std::string{parts[1]};
    } else if (parts.size() > 1) {
        device.container_path = std::string{parts[1]};
    }
    if (parts.size() == 3) {
        device.permissions = std::string{parts[2]};
    }
    if (device.permissions.find_first_not_of("rwm") != std::string::npos) {
        throw UsageError{fmt::format("invalid device '{}': what it may be used for is told by r, w and m", text)};
    }
    return device;
}

/// Fields between commas; a field in double quotes may hold commas, and "" stands for a quote in it.
std::vector<std::string> comma_fields(const std::string& text, const std::string& flag) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '"';
            if (doubled) {
                fields.back() += text[++i];
            } else {
                quoted = !quoted;
            }
        } else if (text[i] == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += text[i];
        }
    }
    if (quoted) {
        throw UsageError{fmt::format("invalid value '{}' for --{}: a quote is not closed", text, flag)};
    }
    return fields;
}

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    for (const std::string_view word : split(list, ',')) {
        words.emplace_back(trim(word));
    }
    return words;
}

int parse_gpu_count(const std::string& value, const std::string& text) {
    if (value == "all") {
        return -1;
    }
    const std::optional<std::int64_t> count = parse_int(value);
    if (!count || *count < -1 || *count > 1'000'000) {
        throw UsageError{fmt::format("invalid value '{}' for --gpus: '{}' is neither a number nor all", text, value)};
    }
    return static_cast<int>(*count);
}

}  // namespace

desired::DeviceRequest parse_gpus(const std::string& text) {
    desired::DeviceRequest request;
    bool counted = false;
    for (const std::string& field : comma_fields(text, "gpus")) {
        const size_t equals = field.find('=');
        const std::string key = field.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
        if (equals == std::string::npos || key == "count") {
            request.count = parse_gpu_count(equals == std::string::npos ? field : value, text);
            counted = true;
        } else if (key == "driver") {
            request.driver = value;
        } else if (key == "device") {
            request.ids = words_of(value);
        } else if (key == "capabilities") {
            request.capabilities = words_of(value);
        } else if (key == "options") {
            request.options = map_of(words_of(value));
        } else {
            throw UsageError{fmt::format("invalid value '{}' for --gpus: unknown key '{}'", text, key)};
        }
    }
    if (counted && !request.ids.empty()) {
        throw UsageError{fmt::format("invalid value '{}' for --gpus: either a count or devices", text)};
    }
    if (!counted && request.ids.empty()) {
        request.count = 1;  // as Docker counts where only other words are said
    }
    request.capabilities.emplace_back("gpu");
    return request;
}

std::vector<desired::ThrottleDevice> throttle_flag(const Flags& flags, const std::string& name, Rate rate) {
    std::vector<desired::ThrottleDevice> out;
    for (const std::string& text : flags.values(name)) {
        const size_t colon = text.rfind(':');
        const std::string value = colon == std::string::npos ? "" : text.substr(colon + 1);
        std::optional<std::uint64_t> number;
        if (rate == Rate::bytes) {
            const std::optional<Bytes> size = parse_byte_size(value);
            number = size && size->count >= 0 ? std::optional{static_cast<std::uint64_t>(size->count)} : std::nullopt;
        } else {
            number = parse_uint(value);
        }
        if (!text.starts_with('/') || !number) {
            throw UsageError{fmt::format("invalid value '{}' for --{}: expected {}", text, name,
                                         rate == Rate::bytes ? "/dev/sda:10mb" : "/dev/sda:100")};
        }
        if (rate == Rate::weight && (*number < 10 || *number > 1000)) {
            throw UsageError{fmt::format("invalid value '{}' for --{}: the weight is from 10 to 1000", text, name)};
        }
        out.push_back({text.substr(0, colon), *number});
    }
    return out;
}

void take_device_flags(const Flags& flags, desired::ContainerSpec& spec) {
    for (const std::string& text : flags.values("device")) {
        if (is_cdi_name(text)) {
            spec.device_requests.push_back({"cdi", 0, {text}, {}, {}});
        } else {
            spec.devices.push_back(parse_device(text));
        }
    }
    for (const std::string& text : flags.values("gpus")) {
        spec.device_requests.push_back(parse_gpus(text));
    }
    spec.device_cgroup_rules = flags.values("device-cgroup-rule");
    desired::BlkioSpec& blkio = spec.resources.blkio;
    blkio.weight = static_cast<std::uint16_t>(flags.number("blkio-weight").value_or(0));
    blkio.weight_device = throttle_flag(flags, "blkio-weight-device", Rate::weight);
    blkio.read_bps = throttle_flag(flags, "device-read-bps", Rate::bytes);
    blkio.write_bps = throttle_flag(flags, "device-write-bps", Rate::bytes);
    blkio.read_iops = throttle_flag(flags, "device-read-iops", Rate::operations);
    blkio.write_iops = throttle_flag(flags, "device-write-iops", Rate::operations);
}

}  // namespace stack::cli
