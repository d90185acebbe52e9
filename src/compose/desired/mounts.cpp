#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::compose::desired_parts {

namespace {

void unsupported(const Input& input, const Service& service, const Mount& mount, std::string_view why) {
    input.findings.error(mount.mark, Path{},
                         fmt::format("a mount of service '{}' has type '{}', which {}", service.name, mount.type, why),
                         "use a volume or a bind mount");
}

void fill_bind(const Mount& from, desired::Mount& to) {
    to.type = desired::Mount::Type::bind;
    to.source = from.source;
    // compose-spec 05-services "create_host_path": defaults to true, in the long form, too.
    to.create_host_path = !from.bind || from.bind->create_host_path;
    to.idmap = from.idmap;
    if (from.bind) {
        to.propagation = from.bind->propagation;
        to.recursive = from.bind->recursive;
        to.selinux = from.bind->selinux;
    }
}

void fill_volume(const Input& input, const Mount& from, desired::Mount& to) {
    to.type = desired::Mount::Type::volume;
    if (const auto volume = input.project().volumes.find(from.source); volume != input.project().volumes.end()) {
        to.source = volume->second.name;
    } else {
        to.source = from.source;
    }
    if (from.volume) {
        to.nocopy = from.volume->nocopy;
        to.subpath = from.volume->subpath;
        to.labels = from.volume->labels;
    }
}

void fill_tmpfs(const Mount& from, desired::Mount& to) {
    to.type = desired::Mount::Type::tmpfs;
    if (from.tmpfs) {
        to.tmpfs_size = from.tmpfs->size.value_or(0);
        to.tmpfs_mode = from.tmpfs->mode;
    }
}

// "/run:size=64m,mode=1777,noexec" of `tmpfs`.
desired::Mount tmpfs_of(const Input& input, const Service& service, const std::string& text) {
    desired::Mount mount;
    mount.type = desired::Mount::Type::tmpfs;
    mount.pos = input.position(place_of(service, "tmpfs"));
    const std::size_t colon = text.find(':');
    mount.target = text.substr(0, colon);
    if (colon == std::string::npos) {
        return mount;
    }
    for (const std::string_view option : split(std::string_view{text}.substr(colon + 1), ',')) {
        const auto size = option.starts_with("size=") ? parse_byte_size(option.substr(5)) : std::nullopt;
        const auto mode = option.starts_with("mode=") ? parse_uint(option.substr(5), 8) : std::nullopt;
        if (size) {
            mount.tmpfs_size = size->count;
        } else if (mode && *mode <= 07777) {
            mount.tmpfs_mode = static_cast<std::uint32_t>(*mode);
        } else if (option == "ro") {
            mount.read_only = true;
        } else if (!option.empty()) {
            mount.tmpfs_options.emplace_back(option);
        }
    }
    return mount;
}

}  // namespace

std::vector<desired::Mount> mounts_of(const Input& input, const Service& service) {
    std::vector<desired::Mount> out;
    for (const Mount& from : service.volumes) {
        desired::Mount to;
        to.target = from.target;
        to.read_only = from.read_only;
        to.pos = input.position(from.mark);
        if (!from.target.starts_with('/')) {
            input.findings.error(from.mark, Path{},
                                 fmt::format("service '{}' mounts to '{}', which is no absolute path", service.name,
                                             abbreviate(from.target, 100)),
                                 from.target.size() > 1 && from.target[1] == ':'
                                     ? "one letter before a ':' is a drive of Windows: give the volume a longer name, "
                                       "or use the long form"
                                     : "begin the path in the container with '/'");
        }
        if (from.type == "bind") {
            fill_bind(from, to);
        } else if (from.type == "volume") {
            fill_volume(input, from, to);
        } else if (from.type == "tmpfs") {
            fill_tmpfs(from, to);
        } else if (from.type == "image") {
            to.type = desired::Mount::Type::image;
            to.source = from.source;
            to.subpath = from.image ? from.image->subpath : std::string{};
        } else {
            unsupported(input, service, from,
                        from.type == "npipe" ? "exists on Windows only" : "needs a cluster of hosts");
            continue;
        }
        out.push_back(std::move(to));
    }
    for (const std::string& text : service.tmpfs) {
        out.push_back(tmpfs_of(input, service, text));
    }
    return out;
}

}  // namespace stack::compose::desired_parts
