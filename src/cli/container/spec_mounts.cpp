#include <filesystem>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "compose/short/short_mount.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using desired::Mount;

std::string absolute_path(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

Mount::Type mount_type(const std::string& word, const std::string& text) {
    if (word == "volume") {
        return Mount::Type::volume;
    }
    if (word == "bind") {
        return Mount::Type::bind;
    }
    if (word == "tmpfs") {
        return Mount::Type::tmpfs;
    }
    if (word == "image") {
        return Mount::Type::image;
    }
    throw UsageError{fmt::format("invalid mount '{}': unknown type '{}'", text, word)};
}

bool flag_value(std::string_view value, const std::string& text) {
    const std::optional<bool> parsed = value.empty() ? true : parse_bool(value);
    if (!parsed) {
        throw UsageError{fmt::format("invalid mount '{}': '{}' is neither true nor false", text, value)};
    }
    return *parsed;
}

void take_mount_word(Mount& mount, std::string_view key, const std::string& value, const std::string& text) {
    if (key == "type") {
        mount.type = mount_type(value, text);
    } else if (key == "source" || key == "src") {
        mount.source = value;
    } else if (key == "target" || key == "dst" || key == "destination") {
        mount.target = value;
    } else if (key == "readonly" || key == "ro") {
        mount.read_only = flag_value(value, text);
    } else if (key == "volume-nocopy") {
        mount.nocopy = flag_value(value, text);
    } else if (key == "volume-subpath" || key == "image-subpath") {
        mount.subpath = value;
    } else if (key == "bind-propagation") {
        mount.propagation = value;
    } else if (key == "bind-recursive") {
        mount.recursive = value;
    } else if (key == "bind-create-src") {
        mount.create_host_path = flag_value(value, text);
    } else if (key == "volume-label") {
        mount.labels.merge(map_of({value}));
    } else if (key == "tmpfs-size" && parse_byte_size(value)) {
        mount.tmpfs_size = parse_byte_size(value)->count;
    } else if (key == "tmpfs-mode" && parse_uint(value, 8)) {
        mount.tmpfs_mode = static_cast<std::uint32_t>(*parse_uint(value, 8));
    } else {
        throw UsageError{fmt::format("invalid mount '{}': unexpected '{}'", text, key)};
    }
}

/// "type=volume,source=data,target=/data,readonly"
Mount parse_mount(const std::string& text) {
    Mount mount;
    for (const std::string_view part : split(text, ',')) {
        const size_t equals = part.find('=');
        take_mount_word(mount, part.substr(0, equals),
                        equals == std::string_view::npos ? "" : std::string{part.substr(equals + 1)}, text);
    }
    if (!mount.target.starts_with('/')) {
        throw UsageError{fmt::format("invalid mount '{}': the target must be an absolute path", text)};
    }
    if (mount.type == Mount::Type::bind) {
        mount.source = absolute_path(mount.source);
    }
    return mount;
}

Mount parse_tmpfs(const std::string& text) {
    const size_t colon = text.find(':');
    Mount mount;
    mount.type = Mount::Type::tmpfs;
    mount.target = text.substr(0, colon);
    if (colon != std::string::npos) {
        for (const std::string_view option : split(std::string_view{text}.substr(colon + 1), ',')) {
            mount.tmpfs_options.emplace_back(option);
        }
    }
    return mount;
}

}  // namespace

desired::Mount parse_volume(const std::string& text) {
    const compose::ShortForm<compose::ShortMount> form = compose::parse_short_mount(text, compose::Drives::none);
    if (!form.parts || !form.parts->unknown_options.empty()) {
        throw UsageError{
            fmt::format("invalid volume '{}': {}", text, form.problem ? form.problem->message : "unknown option")};
    }
    const compose::ShortMount& parts = *form.parts;
    Mount mount;
    mount.type = parts.bind ? Mount::Type::bind : Mount::Type::volume;
    mount.source = parts.bind ? absolute_path(parts.source) : parts.source;
    mount.target = parts.target;
    mount.read_only = parts.read_only;
    mount.nocopy = parts.nocopy;
    mount.propagation = parts.propagation;
    mount.selinux = parts.selinux;
    mount.subpath = parts.subpath;
    mount.create_host_path = parts.bind;
    if (!mount.target.starts_with('/')) {
        throw UsageError{fmt::format("invalid volume '{}': the path in the container must be absolute", text)};
    }
    return mount;
}

void take_mount_flags(const Flags& flags, desired::ContainerSpec& spec) {
    if (const std::string driver = flags.value_or("volume-driver", "local"); driver != "local") {
        throw Error{Errc::unsupported, fmt::format("there is no volume driver '{}': only local", driver)}.hint(
            "make the volume with its options first: docker volume create --opt …");
    }
    for (const std::string& text : flags.values("volume")) {
        spec.mounts.push_back(parse_volume(text));
    }
    for (const std::string& text : flags.values("mount")) {
        spec.mounts.push_back(parse_mount(text));
    }
    for (const std::string& text : flags.values("tmpfs")) {
        spec.mounts.push_back(parse_tmpfs(text));
    }
    for (const std::string& text : flags.values("volumes-from")) {
        // Compose names services here; an id or name of a container is written with its kind.
        spec.volumes_from.push_back("container:" + text);
    }
}

}  // namespace stack::cli
