#include "engine/supervisor/mounts.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include "desired/json.hpp"
#include "engine/runtime/users.hpp"
#include "engine/supervisor/container.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"
#include "volumes/resolve_mounts.hpp"

namespace stack::engine::supervisor {
namespace {

using desired::ContainerSpec;

/// The row that one entry of volumes_from means: "service", "container:name", each with ":ro" or ":rw".
ContainerRow source_of(Project& project, std::string_view text, bool& read_only) {
    auto parts = split(text, ':');
    if (parts.size() > 1 && (parts.back() == "ro" || parts.back() == "rw")) {
        read_only = parts.back() == "ro";
        parts.pop_back();
    }
    const std::string name{parts.back()};
    if (parts.size() == 1) {
        for (const auto& [id, container] : project.containers) {
            if (container->row().service == name && !container->row().one_off) {
                return container->row();
            }
        }
    }
    return project.store.get(name);
}

std::string normal(const std::string& target) {
    return std::filesystem::path{target}.lexically_normal().relative_path() / "";
}

/// How a mount of a container is written: in its own list, or in that of a container whose mounts it has in turn.
std::optional<desired::Mount> written_mount(Project& project, const ContainerRow& row, const std::string& target) {
    const ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    for (const desired::Mount& mount : spec.mounts) {
        if (normal(mount.target) == normal(target)) {
            return mount;
        }
    }
    for (const std::string& text : spec.volumes_from) {
        bool read_only = false;
        if (auto found = written_mount(project, source_of(project, text, read_only), target)) {
            return found;
        }
    }
    return std::nullopt;
}

/// Anonymous volumes and those of the image have names that only the row knows.
desired::Mount inherited_mount(Project& project, const ContainerRow& source, const MountRow& row) {
    desired::Mount mount = written_mount(project, source, row.destination).value_or(desired::Mount{});
    mount.target = row.destination;
    mount.read_only = !row.read_write;
    if (row.type == "volume") {
        mount.type = desired::Mount::Type::volume;
        mount.source = row.name;
        mount.nocopy = true;
    } else if (row.type == "bind") {
        mount.type = desired::Mount::Type::bind;
        mount.source = row.source;
    }
    return mount;
}

std::vector<desired::Mount> inherited_mounts(Project& project, const ContainerSpec& spec) {
    std::vector<desired::Mount> mounts;
    for (const std::string& text : spec.volumes_from) {
        bool read_only = false;
        const ContainerRow source = source_of(project, text, read_only);
        for (const MountRow& row : source.mounts) {
            if (row.type != "tmpfs") {
                mounts.push_back(inherited_mount(project, source, row));
                mounts.back().read_only = mounts.back().read_only || read_only;
            }
        }
    }
    return mounts;
}

std::string text_in(const std::vector<std::filesystem::path>& layers, const char* file) {
    const auto fd = kernel::open_layered_file(layers, file);
    return fd ? read_file(kernel::fd_path(fd->get())) : std::string{};
}

/// The ids that the container runs as: x-idmap gives them to the owner of the folder. Looked up in the image, for the
/// container's root is not there yet.
void find_user(volumes::MountRequest& request, const ImageFacts& image, const ContainerSpec& spec) {
    const auto is_mapped = [](const desired::Mount& mount) { return !mount.idmap.empty(); };
    const bool needed = std::any_of(spec.mounts.begin(), spec.mounts.end(), is_mapped) ||
                        std::any_of(request.inherited.begin(), request.inherited.end(), is_mapped);
    const std::string& user = spec.user.empty() ? image.config.user : spec.user;
    if (!needed || user.empty()) {
        return;
    }
    const std::vector<std::filesystem::path> layers(image.layers.begin(), image.layers.end());
    const runtime::UserFiles files{text_in(layers, "/etc/passwd"), text_in(layers, "/etc/group")};
    const runtime::ResolvedUser resolved = runtime::resolve_user(files, user, {});
    request.uid = resolved.uid;
    request.gid = resolved.gid;
}

std::string type_name(desired::Mount::Type kind) {
    switch (kind) {
        case desired::Mount::Type::volume:
            return "volume";
        case desired::Mount::Type::tmpfs:
            return "tmpfs";
        case desired::Mount::Type::image:
            return "image";
        case desired::Mount::Type::bind:
            break;
    }
    return "bind";
}

std::string propagation_name(unsigned long flags) {
    const std::string recursive = (flags & MS_REC) != 0 ? "r" : "";
    if ((flags & MS_SHARED) != 0) {
        return recursive + "shared";
    }
    if ((flags & MS_SLAVE) != 0) {
        return recursive + "slave";
    }
    return recursive + "private";
}

}  // namespace

std::vector<volumes::ResolvedMount> resolve_container_mounts(Project& project, const ImageFacts& image,
                                                             const ContainerRow& row, const ContainerSpec& spec,
                                                             bool starts) {
    volumes::MountRequest request{spec.mounts, {}, {}, {}, 0, 0, {}, starts};
    request.image_volumes.assign(image.config.volumes.begin(), image.config.volumes.end());
    request.inherited = inherited_mounts(project, spec);
    find_user(request, image, spec);
    for (const MountRow& mount : row.mounts) {
        if (mount.anonymous) {
            request.previous_anonymous[mount.destination] = mount.name;
        }
    }
    request.layers_of_image = [&](const std::string& reference) {
        return project.images.layer_dirs(project.images.get(reference));
    };
    return volumes::resolve_mounts(project.volumes, request);
}

std::vector<MountRow> mount_rows(const std::vector<volumes::ResolvedMount>& mounts) {
    std::vector<MountRow> rows;
    for (const volumes::ResolvedMount& mount : mounts) {
        MountRow& row = rows.emplace_back();
        row.type = type_name(mount.kind);
        row.name = mount.volume;
        row.source = mount.source;
        row.destination = mount.target;
        row.propagation = mount.kind == desired::Mount::Type::bind ? propagation_name(mount.propagation_flags) : "";
        row.read_write = !mount.read_only;
        row.anonymous = mount.anonymous;
    }
    return rows;
}

}  // namespace stack::engine::supervisor
